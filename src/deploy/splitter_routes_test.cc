#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/counting.h"
#include "deploy/splitter_routes_internal.h"
#include "splitter/routes.h"

namespace slipway::deploy {
namespace {

std::map<std::string, Replica> Replicas() {
  std::map<std::string, Replica> replicas;
  for (const int64_t set : {1, 2, 3}) {
    const std::string id = "r" + std::to_string(set);
    replicas[id] = {.id = id, .set = set, .port = static_cast<int>(9000 + set), .ready = true};
  }
  replicas["going"] = {.id = "going", .set = 1, .leaving = true, .port = 9004, .ready = true};
  replicas["coming"] = {.id = "coming", .set = 1, .port = 9005, .ready = false};
  return replicas;
}

// What the splitter keeps of it, and tells again.
TrafficPlan ThereAndBack(const TrafficPlan& plan) {
  const std::string text = CompactJson(ToJson(RoutesOf(plan, Replicas())));
  const Result<splitter::Routes> routes = splitter::ParseRoutes(text);
  EXPECT_TRUE(routes.ok()) << routes.error().Render();
  return PlanOf(*routes);
}

TEST(SplitterRoutes, ComeBackAsThePlanThatTheyWereMadeOf) {
  TrafficPlan plan;
  EXPECT_EQ(ThereAndBack(plan), plan);
  plan.shares = {{2, 100.0 / 3}, {1, 100 - 100.0 / 3}};
  EXPECT_EQ(ThereAndBack(plan), plan);
  plan.sticky_cookie = "who";
  plan.sticky_salt = "shop-production/7";
  plan.sticky_parts = {{1, 100.0 / 3}, {2, 100.0 / 3}, {1, 100.0 / 3}};
  plan.mirror_set = 3;
  plan.mirror_share = 0.1;
  plan.mirror_tolerance = {.relative = 0.2, .absolute = 3};
  plan.header_set = 2;
  plan.header_name = "X-Version";
  plan.header_value = "new";
  EXPECT_EQ(ThereAndBack(plan), plan);
}

TEST(SplitterRoutes, LeadToReplicasThatAreReadyAndStay) {
  TrafficPlan plan;
  plan.shares = {{2, 10}, {1, 90}};
  const splitter::Routes routes = RoutesOf(plan, Replicas());
  ASSERT_EQ(routes.versions.size(), 2U);
  EXPECT_EQ(routes.versions[0].id, "2");
  ASSERT_EQ(routes.versions[1].replicas.size(), 1U);
  EXPECT_EQ(routes.versions[1].replicas[0].port, 9001);
  EXPECT_TRUE(routes.idempotent);
}

TEST(SplitterRoutes, AVersionIsJudgedByItsPredictions) {
  splitter::VersionSnapshot version;
  version.id = "12";
  version.requests = 100;
  version.answers = {80, 0, 5, 15};
  version.error_run_squares = 40;
  version.others = {1000, 500};
  version.unanswered = 9;
  version.latencies.assign(LatencyBuckets::kCount, 0);
  version.latencies[7] = 100;
  const SetCounts counts = CountsOf(version);
  EXPECT_EQ(counts.set, 12);
  EXPECT_EQ(counts.requests, 100);
  EXPECT_EQ(counts.errors, 15);
  EXPECT_EQ(counts.client_errors, 5);
  EXPECT_EQ(counts.error_run_squares, 40);
  EXPECT_EQ(counts.latencies, version.latencies);
}

}  // namespace
}  // namespace slipway::deploy
