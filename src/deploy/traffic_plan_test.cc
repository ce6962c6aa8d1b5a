// Which clients meet which version, over the time of a rollout.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deploy/simulated_service.h"

namespace slipway::deploy {
namespace {

const Json kDeployment = Json::parse(R"({
  "deployment_strategy": "canary",
  "canary": {"stages": [10, 50, 100], "stage_seconds": 30, "check_interval_seconds": 5,
             "sticky": {"header": "X-Customer"}, "scale_down_delay_seconds": 5},
  "experiment": {"check_interval_seconds": 5, "seconds": 100000},
  "scaling_config": {"min_replicas": 3}})");

class TrafficPlanTest : public ::testing::Test {
 protected:
  TrafficPlanTest() {
    world_.requests_per_second = 50;
    Deploy(1);
    Pass(10);
  }
  void Deploy(int64_t version, const Json& overrides = Json::object(),
              const std::vector<int64_t>& others = {}) {
    const Status deployed = world_.DeployVersion(version, overrides, others);
    ASSERT_TRUE(deployed.ok()) << deployed.error().Render();
  }
  // Each second's salt, where there is any traffic to split.
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      const Status stepped = world_.Step(1);
      ASSERT_TRUE(stepped.ok()) << stepped.error().Render();
      const std::string& salt = world_.traffic().sticky_salt;
      if (!salts_.empty() && salts_.back() == salt) continue;
      salts_.push_back(salt);
    }
  }
  void Say(const std::function<Result<Decision>(const Service&, const VerbContext&)>& verb) {
    const Status said = world_.Say(verb);
    ASSERT_TRUE(said.ok()) << said.error().Render();
  }
  // By versions, not by sets.
  std::vector<Share> Parts() const {
    std::vector<Share> parts = world_.traffic().sticky_parts;
    for (Share& part : parts) part.set = world_.version_of_set(part.set);
    return parts;
  }

  SimulatedService world_{kDeployment};
  std::vector<std::string> salts_;
};

TEST_F(TrafficPlanTest, EachRolloutDrawsItsClientsAnewAndKeepsThem) {
  salts_.clear();
  Deploy(2);
  Pass(20);
  EXPECT_EQ(world_.weight_of(2), 10);
  Say([](const Service& service, const VerbContext& context) {
    return PauseRollout(service, "", context);
  });
  Pass(10);
  Say([](const Service& service, const VerbContext& context) { return Resume(service, context); });
  Pass(50);
  EXPECT_EQ(world_.weight_of(2), 50);
  Say([](const Service& service, const VerbContext& context) {
    return Abort(service, "", context);
  });
  Pass(60);
  EXPECT_EQ(world_.weight_of(1), 100);
  EXPECT_EQ(salts_, (std::vector<std::string>{"m-production/2"}));
  Deploy(3);
  Pass(200);
  EXPECT_EQ(world_.weight_of(3), 100);
  EXPECT_EQ(salts_, (std::vector<std::string>{"m-production/2", "m-production/3"}));
}

TEST_F(TrafficPlanTest, WithoutKeysThereIsNoSalt) {
  Deploy(2, {{"canary", {{"sticky", nullptr}}}});
  Pass(20);
  EXPECT_EQ(world_.weight_of(2), 10);
  EXPECT_EQ(world_.traffic().sticky_salt, "");
}

TEST_F(TrafficPlanTest, WhoLeavesAnExperimentHandsItsPartToTheStableVersion) {
  Deploy(2, {{"deployment_strategy", "experiment"}}, {3, 4});
  Pass(20);
  EXPECT_EQ(world_.weight_of(1), 25);
  EXPECT_TRUE(Parts().empty()) << "as the shares have it";
  world_.versions[3].error_rate = 0.5;
  Pass(120);
  EXPECT_EQ(world_.weight_of(3), 0);
  const std::vector<Share> one_left = {{2, 25}, {1, 25}, {4, 25}, {1, 25}};
  EXPECT_EQ(Parts(), one_left);
  Pass(30);
  EXPECT_EQ(Parts(), one_left);
  world_.versions[2].error_rate = 0.5;
  Pass(120);
  EXPECT_EQ(Parts(), (std::vector<Share>{{1, 25}, {1, 25}, {4, 25}, {1, 25}}));
  EXPECT_EQ(world_.weight_of(4), 25);
  EXPECT_EQ(world_.weight_of(1), 75);
}

}  // namespace
}  // namespace slipway::deploy
