// The controller against a store and a backend in memory, killed at any point and begun anew.
#include "deploy/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deploy/effect_thread.h"
#include "deploy/fake_rollout_store.h"
#include "deploy/verbs.h"

namespace slipway::deploy {
namespace {

class FakeClock final : public Clock {
 public:
  WallTime Now() const override { return WallTime(std::chrono::milliseconds(now_ms)); }
  SteadyTime SteadyNow() const override { return SteadyTime(std::chrono::milliseconds(now_ms)); }
  int64_t now_ms = 1'000'000;
};

// Replicas that are ready at once, and a splitter that obeys: what runs outlives a controller.
struct World {
  std::map<int64_t, int> replicas;
  TrafficPlan traffic;
  bool answers = true;
  std::string refuses;  // Why it takes no plan; "" where it does.
  bool closes = true;
  bool closed = false;
  std::vector<std::string> calls;
};

class FakeBackend final : public ServiceBackend {
 public:
  explicit FakeBackend(World* world) : world_(*world) {}
  Result<std::vector<SetStatus>> Observe(int64_t /*label_epoch*/) override {
    std::vector<SetStatus> seen;
    for (const auto& [set, count] : world_.replicas) {
      if (count > 0)
        seen.push_back({.set = set, .running = count, .ready = count, .available = count});
    }
    return seen;
  }
  Status SetReplicas(const Release& release, int replicas) override {
    world_.calls.push_back("replicas " + std::to_string(release.set));
    world_.replicas[release.set] = replicas;
    return {};
  }
  std::vector<ModelCounts> Models() override { return {}; }
  const std::string& models_instance() const override { return instance_; }
  Validation Ask(const Validate& what) override {
    return {.set = what.release.set,
            .through_address = what.through_address,
            .asked = what.requests,
            .right = what.requests,
            .trouble = {}};
  }
  Result<Traffic> ObserveTraffic() override {
    if (!world_.answers) return Error(ErrorCode::kUnavailable, "the splitter is starting");
    return Traffic{.in_force = world_.traffic, .instance = "1", .sets = {}};
  }
  Status Apply(const TrafficPlan& plan) override {
    world_.calls.emplace_back("traffic");
    if (!world_.refuses.empty()) return Error(ErrorCode::kInvalidInput, world_.refuses);
    world_.traffic = plan;
    return {};
  }
  Status FollowReplicas() override { return {}; }
  std::string address() const override { return "http://127.0.0.1:8080"; }
  Result<bool> CloseAddress() override {
    world_.closed = world_.closes;
    return world_.closed;
  }
  std::vector<int> ExitWatches() const override { return {}; }

 private:
  World& world_;
  std::string instance_ = "1";
};

// Somebody else may write first.
class MeddledStore final : public FakeRolloutStore {
 public:
  using FakeRolloutStore::FakeRolloutStore;
  std::function<void()> before_next_write;
  Result<int64_t> Write(const ServiceChange& change) override {
    if (before_next_write) std::exchange(before_next_write, nullptr)();
    return FakeRolloutStore::Write(change);
  }
};

class ControllerTest : public ::testing::Test {
 protected:
  Controller Begin() {
    ControllerParts parts;
    parts.store = &store_;
    parts.clock = &clock_;
    parts.open_backend = [this](const Service&) -> Result<std::unique_ptr<ServiceBackend>> {
      return std::make_unique<FakeBackend>(&world_);
    };
    parts.tell = [this](const std::string& text) { told_.push_back(text); };
    if (watch_) parts.watch = watch_;
    return Controller(std::move(parts));
  }

  // What its passes have left to be done, as a thread of its own does it.
  void DoOutside() {
    DoDueEffects({.store = &store_,
                  .clock = &clock_,
                  .kinds = {"stage", "tag"},
                  .do_effect = [this](const Effect& effect) -> Status {
                    if (effects_fail_)
                      return Error(ErrorCode::kUnavailable, "the registry is away");
                    done_.push_back(effect.kind);
                    return {};
                  },
                  .tell = [this](const std::string& text) { told_.push_back(text); }},
                 ForwardTime(clock_));
  }

  void DeployVersion(int64_t version, const char* strategy = "blue-green") {
    NewRollout rollout;
    rollout.environment = "production";
    rollout.model = "m";
    rollout.actor = "somebody";
    rollout.release.model = "m";
    rollout.release.version = version;
    rollout.release.digest = "sha256:" + std::to_string(version);
    rollout.release.deployment = {
        {"deployment_strategy", strategy},
        {"blue_green",
         {{"watch_seconds", 0}, {"validation_requests", 3}, {"scale_down_delay_seconds", 30}}}};
    rollout.settings = *ReadSettings(rollout.release.deployment);
    const auto record = store_.Find("m-production");
    std::optional<Service> service;
    if (*record) service = *ServiceFromJson((*record)->document);
    const Result<Decision> decision = Deploy(service, "m-production", rollout, clock_.now_ms);
    ASSERT_TRUE(decision.ok()) << decision.error().ToString();
    ASSERT_TRUE(
        store_.Write(ChangeOf(*decision, *record ? (*record)->generation : 0, clock_.now_ms)).ok());
  }

  // The first pass starts replicas, the next sees them.
  static void Settle(Controller& controller) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(controller.Pass().ok());
  }

  Service Kept() { return *ServiceFromJson((*store_.Find("m-production"))->document); }

  // The service is written by another between its reading and its writing.
  void SomebodyWritesFirst() {
    store_.before_next_write = [this] {
      const auto record = *store_.Find("m-production");
      ServiceChange change;
      change.service = record->name;
      change.generation = record->generation;
      change.document = record->document;
      (void)store_.Write(change);
    };
  }

  FakeClock clock_;
  MeddledStore store_{clock_};
  World world_;
  bool effects_fail_ = false;
  std::vector<std::string> done_, told_;
  std::function<Findings(const Service&, const Observed&)> watch_;
};

TEST_F(ControllerTest, BringsTheFirstVersionUp) {
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  EXPECT_EQ(Kept().rollout->phase, Phase::kCompleted);
  EXPECT_EQ(Kept().stable->version, 1);
  EXPECT_EQ(world_.replicas[1], 1);
  EXPECT_EQ(world_.traffic.WeightOf(1), 100);
  EXPECT_TRUE(done_.empty()) << "nothing outside is waited for";
  DoOutside();
  EXPECT_THAT(done_, testing::ElementsAre("stage"));
}

TEST_F(ControllerTest, WhatTheSplitterRefusesIsSeen) {
  std::vector<std::string> troubles;
  watch_ = [&](const Service& service, const Observed& seen) {
    troubles.push_back(seen.traffic_trouble);
    Findings findings;
    findings.watched = service.watched;
    return findings;
  };
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DeployVersion(2);
  world_.refuses = "no such header";
  for (int i = 0; i < 6; ++i) (void)controller.Pass();
  EXPECT_EQ(troubles.back(), "the splitter does not take it: no such header");
  EXPECT_EQ(world_.traffic.WeightOf(1), 100);
  clock_.now_ms += 301'000;
  for (int i = 0; i < 3; ++i) (void)controller.Pass();
  EXPECT_THAT(Kept().rollout->reason,
              testing::HasSubstr("could not be switched: the splitter does not take it: no such"));
  world_.refuses.clear();
  Settle(controller);
  EXPECT_EQ(troubles.back(), "");
}

TEST_F(ControllerTest, NothingIsStoppedWhileTheSplitterTakesNoPlan) {
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DeployVersion(2, "rolling");
  world_.refuses = "a port stands twice";
  for (int i = 0; i < 20; ++i) {
    clock_.now_ms += 100;
    (void)controller.Pass();
    ASSERT_GE(world_.replicas[1], 1) << "it has all requests";
  }
  EXPECT_GE(world_.replicas[2], 1) << "replicas are looked after all the same";
  world_.refuses.clear();
  for (int i = 0; i < 20; ++i) {
    clock_.now_ms += 1000;
    ASSERT_TRUE(controller.Pass().ok());
  }
  EXPECT_EQ(world_.traffic.WeightOf(2), 100);
  EXPECT_EQ(world_.replicas[1], 0);
}

TEST_F(ControllerTest, ASuccessorTakesUpWhatRuns) {
  DeployVersion(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Begin().Pass().ok());
  DeployVersion(2);
  // Each pass is another process: nothing is kept but the store and what runs.
  for (int i = 0; i < 10 && Kept().in_progress(); ++i) {
    clock_.now_ms += 100;
    ASSERT_TRUE(Begin().Pass().ok());
  }
  EXPECT_EQ(Kept().stable->version, 2);
  EXPECT_EQ(world_.traffic.WeightOf(2), 100);
  EXPECT_EQ(world_.replicas[1], 1) << "the old set is kept ready";
  clock_.now_ms += 31'000;
  ASSERT_TRUE(Begin().Pass().ok());
  EXPECT_EQ(world_.replicas[1], 0);
}

TEST_F(ControllerTest, WritesBeforeItActs) {
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DeployVersion(2);
  ASSERT_TRUE(controller.Pass().ok());
  told_.clear();
  // Somebody changes the service between its reading and its writing: nothing was done yet.
  SomebodyWritesFirst();
  (void)controller.Pass();
  EXPECT_THAT(told_, testing::Contains(testing::HasSubstr("m-production")));
  EXPECT_EQ(world_.traffic.WeightOf(1), 100) << "what was not kept was not done";
  // The next pass reads anew, and goes on.
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(Kept().stable->version, 2);
}

TEST_F(ControllerTest, WhatCanNotBeDoneOutsideIsDoneLater) {
  effects_fail_ = true;
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DoOutside();
  EXPECT_TRUE(done_.empty());
  EXPECT_THAT(told_, testing::Contains(testing::HasSubstr("stage is tried again later")));
  effects_fail_ = false;
  clock_.now_ms += 60'000;
  DoOutside();
  EXPECT_THAT(done_, testing::ElementsAre("stage"));
  DoOutside();
  EXPECT_THAT(done_, testing::ElementsAre("stage")) << "once is enough";
}

// What revisions long ago left is let go when another ends.
TEST_F(ControllerTest, EventsOfTheNewestRevisionsAreKept) {
  Controller controller = Begin();
  for (int version = 1; version <= 55; ++version) {
    DeployVersion(version);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(controller.Pass().ok());
  }
  ASSERT_EQ(Kept().stable->version, 55);
  EXPECT_TRUE(store_.Events("m-production", 5, 0, 100)->empty());
  EXPECT_FALSE(store_.Events("m-production", 6, 0, 100)->empty());
  EXPECT_FALSE(store_.Events("m-production", 55, 0, 100)->empty());
}

TEST_F(ControllerTest, AServiceThatIsDownEndsWhole) {
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  const auto record = *store_.Find("m-production");
  const Result<Decision> down = TakeDown(Kept(), {clock_.now_ms, "somebody"});
  ASSERT_TRUE(store_.Write(ChangeOf(*down, record->generation, clock_.now_ms)).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(world_.replicas[1], 0);
  EXPECT_TRUE(world_.traffic.shares.empty());
  EXPECT_TRUE(world_.closed);
}

TEST_F(ControllerTest, OneServiceThatCanNotBeReadHoldsUpNoOther) {
  DeployVersion(1);
  ServiceChange bad;
  bad.service = "broken";
  bad.document = {{"name", "broken"}, {"rollout", {{"phase", "nonsense"}}}};
  ASSERT_TRUE(store_.Write(bad).ok());
  Controller controller = Begin();
  Settle(controller);
  EXPECT_EQ(Kept().rollout->phase, Phase::kCompleted);
  EXPECT_THAT(told_, testing::Contains(testing::HasSubstr("broken")));
  const size_t told = told_.size();
  ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(told_.size(), told) << "the same is told once";
}

TEST_F(ControllerTest, WithoutMetricsAFirstVersionStillWaitsForItsAddress) {
  world_.answers = false;
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  EXPECT_EQ(Kept().rollout->phase, Phase::kPromoting);
  world_.answers = true;
  Settle(controller);
  EXPECT_EQ(Kept().rollout->phase, Phase::kCompleted);
}

// Finds something of version 2 as long as it is not kept that it did.
Findings HarmOf(const Service& service) {
  Findings found;
  if (!service.stable || service.stable->version != 2 || service.in_progress()) return found;
  if (GetBool(service.watched, "found")) return found;
  found.notes = {{"alert", "it does harm"}};
  found.undo_set = service.stable->set;
  found.undo_to = service.history.front().revision;
  found.undo_reason = "harm";
  found.watched = {{"found", true}};
  return found;
}

TEST_F(ControllerTest, WhatAWatcherFindsIsKeptWithWhatFollowsFromIt) {
  watch_ = [](const Service& service, const Observed&) { return HarmOf(service); };
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DeployVersion(2);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(Kept().stable->version, 1);
  EXPECT_EQ(Kept().rollout->reason, "harm");
  EXPECT_EQ(Kept().rollout->actor, "monitor");
  EXPECT_EQ(Kept().watched, Json({{"found", true}}));
  DoOutside();
  EXPECT_THAT(done_, testing::Contains("tag"));
  // Told of the revision that did harm.
  std::vector<std::string> texts;
  const auto events = store_.Events("m-production", 2, 0, 100);
  for (const RolloutEvent& event : *events) {
    if (event.kind == "alert") texts.push_back(event.text);
  }
  EXPECT_THAT(texts, testing::ElementsAre("it does harm", "undone: harm"));
}

TEST_F(ControllerTest, WhatAWatcherFindsIsFoundOnceMoreWhereItWasNotKept) {
  int found = 0;
  watch_ = [&](const Service& service, const Observed&) {
    Findings findings = HarmOf(service);
    if (findings.undo_set == 0 || ++found > 1) return findings;
    SomebodyWritesFirst();
    return findings;
  };
  DeployVersion(1);
  Controller controller = Begin();
  Settle(controller);
  DeployVersion(2);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(found, 2);
  EXPECT_EQ(Kept().stable->version, 1);
}

TEST_F(ControllerTest, ANewerRolloutThatFailedIsNoReasonToKeepAVersionThatDoesHarm) {
  bool harms = false;
  watch_ = [&](const Service& service, const Observed&) {
    return harms ? HarmOf(service) : Findings();
  };
  for (const int64_t version : {1, 2, 3}) {
    DeployVersion(version);
    if (version == 3) {
      const auto record = *store_.Find("m-production");
      const Result<Decision> aborted = Abort(Kept(), "", {clock_.now_ms, "somebody"});
      ASSERT_TRUE(store_.Write(ChangeOf(*aborted, record->generation, clock_.now_ms)).ok());
    }
    Controller controller = Begin();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(controller.Pass().ok());
  }
  ASSERT_EQ(Kept().rollout->phase, Phase::kRolledBack);
  ASSERT_EQ(Kept().stable->version, 2);
  harms = true;
  Controller controller = Begin();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(controller.Pass().ok());
  EXPECT_EQ(Kept().stable->version, 1);
}

}  // namespace
}  // namespace slipway::deploy
