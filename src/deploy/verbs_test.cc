// Every verb in every state has an answer: the table below is what people rely on.
#include "deploy/verbs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace slipway::deploy {
namespace {

constexpr int64_t kNow = 1'000'000;

Release ReleaseOf(int64_t set, int64_t version) {
  Release release;
  release.set = set;
  release.model = "m";
  release.version = version;
  release.digest = fmt::format("sha256:{:08}", version);
  release.deployment = {{"deployment_strategy", "canary"}};
  return release;
}

// Version 1 is stable, and version 2 is in that phase.
Service InPhase(Phase phase, bool paused = false, bool first = false) {
  Service service;
  service.name = "m-production";
  service.environment = "production";
  service.model = "m";
  service.next_revision = 3;
  service.next_set = 3;
  if (!first) {
    service.stable = ReleaseOf(1, 1);
    service.history.push_back({1, *service.stable, kNow - 1000});
  }
  Rollout rollout;
  rollout.revision = 2;
  rollout.release = ReleaseOf(2, 2);
  rollout.settings = *ReadSettings(rollout.release.deployment);
  rollout.phase = phase;
  if (paused) rollout.pause = Pause{false, "too few requests"};
  if (phase == Phase::kCompleted) {
    service.history.push_back({2, rollout.release, kNow});
    service.stable = rollout.release;
  }
  service.rollout = std::move(rollout);
  return service;
}

using Verb = std::function<Result<Decision>(const Service&)>;

const std::vector<std::pair<std::string, Verb>>& Verbs() {
  static const VerbContext context{kNow, "somebody"};
  static const std::vector<std::pair<std::string, Verb>> verbs = {
      {"promote", [](const Service& s) { return Promote(s, false, context); }},
      {"promote --full", [](const Service& s) { return Promote(s, true, context); }},
      {"pause", [](const Service& s) { return PauseRollout(s, "", context); }},
      {"resume", [](const Service& s) { return Resume(s, context); }},
      {"set-weight", [](const Service& s) { return SetWeight(s, 30, context); }},
      {"abort", [](const Service& s) { return Abort(s, "", context); }},
      {"retry", [](const Service& s) { return Retry(s, context); }},
      {"undo", [](const Service& s) { return Undo(s, std::nullopt, context); }},
      {"down", [](const Service& s) { return TakeDown(s, context); }},
      {"up", [](const Service& s) { return BringUp(s, context); }},
  };
  return verbs;
}

// The phase that a verb leads to, with what is paused; or what it says.
std::string AnswerOf(const Verb& verb, const Service& service) {
  const Result<Decision> decision = verb(service);
  if (!decision.ok()) {
    EXPECT_EQ(decision.error().code(), ErrorCode::kConflict) << decision.error().ToString();
    return "refused";
  }
  EXPECT_FALSE(decision->notes.empty()) << "nobody will know that it was said";
  const Service& next = decision->service;
  if (next.down) return "down";
  return std::string(ToString(next.rollout->phase)) + (next.rollout->pause ? ", paused" : "");
}

TEST(VerbsTest, EachHasAnAnswerInEachState) {
  const std::vector<std::pair<std::string, Service>> states = {
      {"starting", InPhase(Phase::kStarting)},
      {"shadowing", InPhase(Phase::kShadowing)},
      {"progressing", InPhase(Phase::kProgressing)},
      {"progressing, paused", InPhase(Phase::kProgressing, true)},
      {"promoting", InPhase(Phase::kPromoting)},
      {"rolling back", InPhase(Phase::kRollingBack)},
      {"completed", InPhase(Phase::kCompleted)},
      {"rolled back", InPhase(Phase::kRolledBack)},
      {"starting, the first", InPhase(Phase::kStarting, false, true)},
      {"failed", InPhase(Phase::kFailed, false, true)},
  };
  // promote, promote --full, pause, resume, set-weight, abort, retry, undo, down, up
  const std::map<std::string, std::vector<std::string>> expected = {
      {"starting",
       {"refused", "promoting", "starting, paused", "refused", "refused", "rolling back", "refused",
        "rolling back", "down", "starting"}},
      {"shadowing",
       {"progressing", "promoting", "shadowing, paused", "refused", "refused", "rolling back",
        "refused", "rolling back", "down", "shadowing"}},
      {"progressing",
       {"progressing", "promoting", "progressing, paused", "refused", "progressing", "rolling back",
        "refused", "rolling back", "down", "progressing"}},
      {"progressing, paused",
       {"progressing", "promoting", "progressing, paused", "progressing", "progressing, paused",
        "rolling back", "refused", "rolling back", "down", "progressing, paused"}},
      {"promoting",
       {"refused", "promoting", "refused", "refused", "refused", "rolling back", "refused",
        "rolling back", "down", "promoting"}},
      {"rolling back",
       {"refused", "promoting", "refused", "refused", "refused", "refused", "refused", "refused",
        "down", "rolling back"}},
      {"completed",
       {"refused", "refused", "refused", "refused", "refused", "refused", "refused", "starting",
        "down", "completed"}},
      {"rolled back",
       {"refused", "refused", "refused", "refused", "refused", "refused", "starting", "refused",
        "down", "rolled back"}},
      {"starting, the first",
       {"refused", "promoting", "starting, paused", "refused", "refused", "failed", "refused",
        "failed", "down", "starting"}},
      {"failed",
       {"refused", "refused", "refused", "refused", "refused", "refused", "starting", "refused",
        "down", "failed"}},
  };
  for (const auto& [name, service] : states) {
    std::vector<std::string> answers;
    for (const auto& [verb, says] : Verbs()) answers.push_back(AnswerOf(says, service));
    EXPECT_EQ(answers, expected.at(name)) << "while " << name;
  }
}

TEST(VerbsTest, RefusalsSayWhatToDo) {
  for (const Phase phase : {Phase::kCompleted, Phase::kRolledBack, Phase::kRollingBack}) {
    for (const auto& [verb, says] : Verbs()) {
      const Result<Decision> decision = says(InPhase(phase));
      if (decision.ok()) continue;
      EXPECT_NE(decision.error().hint(), "") << verb << " while " << ToString(phase);
    }
  }
}

TEST(VerbsTest, AServiceThatIsDownIsToldOnce) {
  Service service = InPhase(Phase::kCompleted);
  service.down = true;
  const VerbContext context{kNow, "somebody"};
  EXPECT_FALSE(TakeDown(service, context).ok());
  const Result<Decision> up = BringUp(service, context);
  ASSERT_TRUE(up.ok());
  EXPECT_FALSE(up->service.down);
}

TEST(VerbsTest, AnotherPortIsRefusedWhileItServes) {
  NewRollout rollout;
  rollout.environment = "production";
  rollout.model = "m";
  rollout.release = ReleaseOf(0, 3);
  rollout.settings = *ReadSettings(rollout.release.deployment);
  rollout.port = 9090;
  const Service service = InPhase(Phase::kCompleted);
  const Result<Decision> refused = Deploy(service, "m-production", rollout, kNow);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("listens on 127.0.0.1:8080"));
  Service down = service;
  down.down = true;
  EXPECT_TRUE(Deploy(down, "m-production", rollout, kNow).ok());
}

NewRollout RolloutOf(int64_t version, const Json& deployment) {
  NewRollout rollout;
  rollout.environment = "production";
  rollout.model = "m";
  rollout.actor = "somebody";
  rollout.release = ReleaseOf(0, version);
  rollout.release.deployment = deployment;
  rollout.settings = *ReadSettings(deployment);
  return rollout;
}

TEST(VerbsTest, WhatIsWatchedAndToldNeedsNoRollout) {
  const Service service = InPhase(Phase::kCompleted);
  NewRollout rollout = RolloutOf(2, service.stable->deployment);
  EXPECT_EQ(Deploy(service, service.name, rollout, kNow).error().code(), ErrorCode::kConflict);
  rollout.notifications = Json::array({{{"type", "log"}}});
  rollout.release.deployment["monitoring_config"] = {{"alert_thresholds", {{"drift", 0.2}}}};
  const Result<Decision> decision = Deploy(service, service.name, rollout, kNow);
  ASSERT_TRUE(decision.ok()) << decision.error().ToString();
  EXPECT_FALSE(decision->service.in_progress());
  EXPECT_EQ(decision->service.rollout->revision, service.rollout->revision);
  EXPECT_EQ(decision->service.notifications, rollout.notifications);
  EXPECT_EQ(decision->service.stable->deployment, rollout.release.deployment);
  EXPECT_EQ(decision->service.history.back().release.deployment, rollout.release.deployment);
  EXPECT_EQ(decision->notes.back().detail["verb"], "configure");
  EXPECT_THAT(decision->notes.back().text, testing::HasSubstr("notifications, alerts"));
  // What replicas read is another matter.
  rollout.release.deployment["monitoring_config"]["log_predictions"] = true;
  EXPECT_TRUE(Deploy(service, service.name, rollout, kNow)->service.in_progress());
}

TEST(VerbsTest, WhatIsStableAndDownComesUpWithoutARollout) {
  Service service = InPhase(Phase::kRolledBack);
  service.down = true;
  NewRollout rollout = RolloutOf(1, {{"deployment_strategy", "blue-green"}});
  rollout.port = 9090;
  const Result<Decision> decision = Deploy(service, service.name, rollout, kNow);
  ASSERT_TRUE(decision.ok()) << decision.error().ToString();
  EXPECT_FALSE(decision->service.down);
  EXPECT_FALSE(decision->service.in_progress());
  EXPECT_EQ(decision->service.port, 9090);
  EXPECT_EQ(decision->service.stable->deployment, rollout.release.deployment);
}

TEST(VerbsTest, ARegressionIsCountedAsTheStableOneIs) {
  Service service = InPhase(Phase::kCompleted);
  const std::vector<double> stable = {10, 20.5, 40};
  service.stable->own_bounds = {9, 21, 39};
  service.stable->prediction_bounds = stable;
  const auto bounds_of = [&](std::vector<double> own) {
    NewRollout rollout = RolloutOf(3, {{"deployment_strategy", "canary"}});
    rollout.release.own_bounds = std::move(own);
    const Result<Decision> decision = Deploy(service, "m-production", rollout, kNow);
    EXPECT_TRUE(decision.ok()) << decision.error().ToString();
    const Json stored = ToJson(decision->service);
    EXPECT_EQ(ToJson(*ServiceFromJson(stored)), stored);
    return decision->service.rollout->release.prediction_bounds;
  };
  // Also what lies elsewhere: that is to be seen.
  const std::vector<double> elsewhere = {45, 55, 60};
  EXPECT_EQ(bounds_of({9, 21, 39}), stable);
  EXPECT_EQ(bounds_of({}), stable);
  EXPECT_EQ(bounds_of(elsewhere), stable);
  // What is stable can't be told from itself by bounds that are all below it, or far apart.
  service.stable->own_bounds = {25, 26, 27, 28, 29};
  EXPECT_EQ(bounds_of(elsewhere), elsewhere);
  service.stable->own_bounds = {45, 50, 55};
  EXPECT_EQ(bounds_of(elsewhere), elsewhere);
  service.stable->prediction_bounds.clear();
  EXPECT_EQ(bounds_of(elsewhere), elsewhere);
}

TEST(VerbsTest, WhatIsTriedAgainIsCountedAsTheStableOneIs) {
  Service service = InPhase(Phase::kRolledBack);
  service.stable->own_bounds = service.stable->prediction_bounds = {1, 2};
  service.rollout->release.own_bounds = service.rollout->release.prediction_bounds = {3, 4};
  const Result<Decision> decision = Retry(service, {kNow, "somebody"});
  ASSERT_TRUE(decision.ok()) << decision.error().ToString();
  EXPECT_EQ(decision->service.rollout->release.prediction_bounds, (std::vector<double>{1, 2}));
  NewRollout rollout = RolloutOf(3, {{"deployment_strategy", "experiment"}});
  rollout.others = {ReleaseOf(0, 4)};
  rollout.others[0].own_bounds = {3, 4};
  const Result<Decision> experiment = Deploy(service, "m-production", rollout, kNow);
  ASSERT_TRUE(experiment.ok()) << experiment.error().ToString();
  for (const Arm& arm : experiment->service.rollout->experiment->arms)
    EXPECT_EQ(arm.release.prediction_bounds, (std::vector<double>{1, 2}));
}

TEST(VerbsTest, WhatIsForcedIsToldAndStaysOnTheVersion) {
  NewRollout rollout = RolloutOf(3, {{"deployment_strategy", "canary"}});
  rollout.release.forced = true;
  const Result<Decision> decision =
      Deploy(InPhase(Phase::kCompleted), "m-production", rollout, kNow);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->notes.back().text, "deploy m:3 by canary, forced: gates not passed, of m:3");
  EXPECT_EQ(decision->notes.back().detail["forced"], true);
  ASSERT_EQ(decision->outside.size(), 1U);
  EXPECT_EQ(decision->outside[0].detail["key"], "slipway.forced");
  EXPECT_EQ(decision->outside[0].detail["value"],
            "m-production revision 3: gates not passed, delivered all the same by somebody");
}

TEST(VerbsTest, TheEventThatBeginsARolloutSaysWhatItCameWith) {
  const NewRollout rollout = RolloutOf(3, {{"deployment_strategy", "canary"}});
  const auto decision = Deploy(InPhase(Phase::kCompleted), "m-production", rollout, kNow);
  const Json& detail = decision->notes.back().detail;
  EXPECT_EQ(detail["deployment"], rollout.release.deployment);
  EXPECT_EQ(detail["sets"], Json::array({{{"set", 3}, {"model", "m"}, {"version", 3}}}));
  EXPECT_FALSE(detail.contains("forced"));
}

TEST(VerbsTest, UndoPassesOverWhatWasGoneBackFrom) {
  const VerbContext context{kNow, "somebody"};
  const Result<Decision> first = Undo(InPhase(Phase::kCompleted), std::nullopt,
                                      {kNow - 1, "monitor"}, "wrong 80 % of the time");
  ASSERT_TRUE(first.ok());
  // Version 2 was gone back from, and 1 is stable again.
  Service service = first->service;
  EXPECT_EQ(service.history.back().left, "wrong 80 % of the time");
  EXPECT_EQ(ServiceFromJson(ToJson(service))->history.back().left, "wrong 80 % of the time");
  service.rollout->phase = Phase::kCompleted;
  service.stable = service.rollout->release;
  service.history.push_back({3, *service.stable, kNow});
  const Result<Decision> again = Undo(service, std::nullopt, context);
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->service.rollout->release.version, 1) << "of revision 1";
  const Result<Decision> named = Undo(service, 2, context);
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->service.rollout->release.version, 2);
  EXPECT_EQ(named->notes.back().detail["left"], "wrong 80 % of the time");
  service.history.erase(service.history.begin());
  const Result<Decision> none = Undo(service, std::nullopt, context);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message(), "m:2 was gone back from: wrong 80 % of the time");
  EXPECT_EQ(none.error().hint(), "slipway rollout undo --to 2, to take it all the same");
}

TEST(VerbsTest, UndoToTheStableRevisionIsAnAbort) {
  const VerbContext context{kNow, "somebody"};
  const Result<Decision> back = Undo(InPhase(Phase::kProgressing), 1, context);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  EXPECT_EQ(back->service.rollout->phase, Phase::kRollingBack);
  EXPECT_EQ(back->service.rollout->revision, 2);
}

TEST(VerbsTest, PromoteGoesUpFromAWeightSetByHand) {
  const VerbContext context{kNow, "somebody"};
  Service service = InPhase(Phase::kProgressing);
  service = SetWeight(service, 33.3, context)->service;
  const Result<Decision> promoted = Promote(service, false, context);
  ASSERT_TRUE(promoted.ok());
  EXPECT_EQ(promoted->service.rollout->stage, 2) << "50 %";
  service = SetWeight(service, 100, context)->service;
  EXPECT_EQ(Promote(service, false, context)->service.rollout->phase, Phase::kPromoting);
}

TEST(VerbsTest, WhatIsKeptIsReadBackTheSame) {
  for (const Phase phase : {Phase::kStarting, Phase::kProgressing, Phase::kCompleted}) {
    Service service = InPhase(phase, phase == Phase::kProgressing);
    service.standby = Standby{ReleaseOf(1, 1), kNow + 5};
    service.notifications = Json::array({{{"type", "log"}}});
    const Result<Service> read = ServiceFromJson(ToJson(service));
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_EQ(ToJson(*read), ToJson(service));
  }
}

TEST(VerbsTest, ARecordOfANewerProgramIsRefused) {
  Json json = ToJson(InPhase(Phase::kCompleted));
  json["format"] = 99;
  EXPECT_FALSE(ServiceFromJson(json).ok());
}

// The kinds of what is to be done outside, with the version that each is about.
std::vector<std::string> OutsideOf(const Decision& decision) {
  std::vector<std::string> kinds;
  for (const Outside& one : decision.outside)
    kinds.push_back(fmt::format("{} {}", one.kind, GetInteger(one.detail, "version")));
  return kinds;
}

TEST(VerbsTest, AnAbortIsToldAndLeavesItsReason) {
  const VerbContext context{kNow, "somebody"};
  for (const bool first : {false, true}) {
    const auto aborted = Abort(InPhase(Phase::kProgressing, false, first), "too slow", context);
    ASSERT_TRUE(aborted.ok()) << aborted.error().ToString();
    EXPECT_THAT(OutsideOf(*aborted), testing::ElementsAre("tag 2", "notify 2"));
    EXPECT_EQ(aborted->outside[0].detail["value"],
              "m-production revision 2: aborted by somebody: too slow");
    EXPECT_EQ(aborted->outside[1].detail["event"], "rolled back");
  }
  // An undo of what is in progress is that too, for its reason.
  const auto undone = Undo(InPhase(Phase::kProgressing), std::nullopt, context, "too slow");
  ASSERT_TRUE(undone.ok());
  EXPECT_EQ(undone->outside[0].detail["value"],
            "m-production revision 2: aborted by somebody: too slow");
}

TEST(VerbsTest, AnUndoToARevisionIsToldOfAllThatIsGoneBackFrom) {
  const VerbContext context{kNow, "somebody"};
  Service service = InPhase(Phase::kProgressing);
  service.history.insert(service.history.begin(), {0, ReleaseOf(9, 7), kNow - 2000});
  const auto back = Undo(service, 0, context);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  EXPECT_THAT(OutsideOf(*back), testing::ElementsAre("tag 2", "notify 2", "tag 1", "notify 1"));
  // To what is stable all along only what was in progress is gone back from.
  const auto stays = Undo(service, 1, context);
  ASSERT_TRUE(stays.ok()) << stays.error().ToString();
  EXPECT_THAT(OutsideOf(*stays), testing::ElementsAre("tag 2", "notify 2"));
  // What rolls back already was told.
  service.rollout->phase = Phase::kRollingBack;
  EXPECT_THAT(OutsideOf(*Undo(service, 0, context)), testing::ElementsAre("tag 1", "notify 1"));
}

TEST(VerbsTest, AnUndoForAReasonIsToldAndLeavesIt) {
  const Service service = InPhase(Phase::kCompleted);
  const VerbContext context{kNow, "monitor"};
  const auto plain = Undo(service, std::nullopt, context);
  ASSERT_TRUE(plain.ok());
  ASSERT_EQ(plain->outside.size(), 2U);
  EXPECT_EQ(plain->outside[0].detail["value"], "m-production revision 2: undone by monitor");
  const auto undone = Undo(service, std::nullopt, context, "wrong 80 % of the time");
  ASSERT_TRUE(undone.ok()) << undone.error().ToString();
  EXPECT_EQ(undone->service.rollout->reason, "wrong 80 % of the time");
  EXPECT_EQ(undone->notes.back().detail["reason"], "wrong 80 % of the time");
  ASSERT_EQ(undone->outside.size(), 2U);
  EXPECT_EQ(undone->outside[0].kind, "tag");
  EXPECT_EQ(undone->outside[0].detail["version"], 2);
  EXPECT_EQ(undone->outside[0].detail["value"], "m-production revision 2: wrong 80 % of the time");
  EXPECT_EQ(undone->outside[1].detail["event"], "rolled back");
}

}  // namespace
}  // namespace slipway::deploy
