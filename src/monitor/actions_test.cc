#include "monitor/actions.h"

#include <gmock/gmock.h>

namespace slipway::monitor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kNow = 1'764'398'467'000;
constexpr int64_t kDay = 86'400'000;

deploy::Release ReleaseOf(int64_t set, int64_t version) {
  deploy::Release release;
  release.set = set;
  release.model = "churn";
  release.version = version;
  release.digest = "sha256:" + std::to_string(version);
  return release;
}

// Versions 1 and 2 were stable one after the other.
deploy::Service Churn() {
  deploy::Service service;
  service.name = "churn";
  service.environment = "production";
  service.model = "churn";
  service.history = {{1, ReleaseOf(1, 1), 0}, {2, ReleaseOf(2, 2), 0}};
  service.stable = ReleaseOf(2, 2);
  service.rollout = deploy::Rollout();
  service.rollout->phase = deploy::Phase::kCompleted;
  return service;
}

AlertRules Rules() {
  AlertRules rules;
  rules.rules = {{"error_rate", 0.01, "rollback"},
                 {"drift", 0.3, "retrain"},
                 {"latency_p95", 100, "notify"},
                 {"accuracy_drop", 0.05, "retrain"}};
  return rules;
}

AlertTransition Change(AlertChange change, const std::string& alert, bool estimated = false) {
  AlertTransition made;
  made.change = change;
  made.alert = alert;
  made.value = 0.5;
  made.limit = 0.1;
  made.estimated = estimated;
  made.text = alert + " is above";
  return made;
}

std::vector<std::string> KindsOf(const Actions& actions) {
  std::vector<std::string> kinds;
  for (const deploy::Outside& effect : actions.effects) {
    kinds.push_back(effect.kind == "notify" ? GetString(effect.detail, "event") : effect.kind);
  }
  return kinds;
}

TEST(Actions, PeopleAreToldInAnyCase) {
  ActionState state;
  const Actions actions =
      state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "latency_p95")}, kNow);
  EXPECT_THAT(KindsOf(actions), ElementsAre("alert raised"));
  const Json& detail = actions.effects[0].detail;
  EXPECT_EQ(detail["service"], "churn");
  EXPECT_EQ(detail["environment"], "production");
  EXPECT_EQ(detail["version"], 2);
  EXPECT_EQ(detail["revision"], 2);
  EXPECT_EQ(detail["alert"], "latency_p95");
  EXPECT_EQ(detail["at_ms"], kNow);
  EXPECT_EQ(actions.notes.size(), 1U);
  EXPECT_FALSE(actions.rollback.has_value());
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(),
                                   {Change(AlertChange::kRecovered, "latency_p95")}, kNow)),
              ElementsAre("alert recovered"));
  const Actions quiet = state.Decide(Churn(), Rules(), {Change(AlertChange::kNoTraffic, "")}, kNow);
  EXPECT_THAT(quiet.effects, IsEmpty());
  EXPECT_EQ(quiet.notes.size(), 1U);
}

TEST(Rollback, IsWishedForOnceForARelease) {
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "error_rate")};
  Actions actions = state.Decide(Churn(), Rules(), raised, kNow);
  ASSERT_TRUE(actions.rollback.has_value());
  EXPECT_EQ(actions.rollback->set, 2);
  EXPECT_EQ(actions.rollback->to, 1);
  EXPECT_EQ(actions.rollback->reason, "error_rate is above");
  state = *ActionState::FromJson(Json::parse(CompactJson(state.ToJson())));
  actions = state.Decide(Churn(), Rules(), raised, kNow + kDay);
  EXPECT_FALSE(actions.rollback.has_value());
  EXPECT_THAT(KindsOf(actions), ElementsAre("alert raised"));
}

TEST(Rollback, HasToLeadSomewhereElse) {
  const auto declined = [](const deploy::Service& service) {
    ActionState state;
    const Actions actions =
        state.Decide(service, Rules(), {Change(AlertChange::kRaised, "error_rate")}, kNow);
    return actions.rollback ? "" : actions.notes.back().text;
  };
  deploy::Service first = Churn();
  first.history.erase(first.history.begin());
  EXPECT_THAT(declined(first), HasSubstr("nothing served before"));
  deploy::Service moving = Churn();
  moving.rollout->phase = deploy::Phase::kProgressing;
  EXPECT_THAT(declined(moving), HasSubstr("another version is being rolled out"));
  deploy::Service same = Churn();
  same.history[0].release.digest = "sha256:2";
  EXPECT_THAT(declined(same), HasSubstr("no other version served before churn:2"));
  EXPECT_EQ(declined(Churn()), "");
}

TEST(Rollback, IsDroppedWhenItsAlertHasAnotherAction) {
  ActionState state;
  deploy::Service moving = Churn();
  moving.rollout->phase = deploy::Phase::kProgressing;
  state.Decide(moving, Rules(), {Change(AlertChange::kRaised, "error_rate")}, kNow);
  AlertRules milder = Rules();
  milder.rules[0].action = "notify";
  const Actions dropped = state.Decide(moving, milder, {}, kNow);
  EXPECT_FALSE(dropped.rollback.has_value());
  ASSERT_EQ(dropped.notes.size(), 1U);
  EXPECT_EQ(dropped.notes[0].text, "no rollback for error_rate: its action is notify now");
  EXPECT_FALSE(state.Decide(Churn(), Rules(), {}, kNow).rollback.has_value());
}

// The same version again, with other settings, is no version to go back to.
TEST(Rollback, LeadsToAnotherVersionThanTheOneThatServes) {
  deploy::Service again = Churn();
  again.stable = ReleaseOf(3, 2);
  again.history.push_back({3, *again.stable, 0});
  ActionState state;
  const Actions actions =
      state.Decide(again, Rules(), {Change(AlertChange::kRaised, "error_rate")}, kNow);
  ASSERT_TRUE(actions.rollback.has_value());
  EXPECT_EQ(actions.rollback->set, 3);
  EXPECT_EQ(actions.rollback->to, 1);
  again.watched = {{"actions", state.ToJson()}};
  EXPECT_THAT(ActionState::GoneBackFrom(again), ElementsAre("sha256:2"));
  EXPECT_THAT(ActionState::GoneBackFrom(Churn()), IsEmpty());
}

TEST(Rollback, PassesOverWhatWasGoneBackFrom) {
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "error_rate")};
  EXPECT_TRUE(state.Decide(Churn(), Rules(), raised, kNow).rollback.has_value());
  deploy::Service newest = Churn();
  newest.stable = ReleaseOf(4, 3);
  newest.history.push_back({4, *newest.stable, 0});
  const Actions actions = state.Decide(newest, Rules(), raised, kNow);
  ASSERT_TRUE(actions.rollback.has_value());
  EXPECT_EQ(actions.rollback->to, 1);
}

TEST(Rollback, WaitsForWhatStandsInItsWay) {
  ActionState state;
  deploy::Service service = Churn();
  service.rollout->phase = deploy::Phase::kProgressing;
  const std::vector raised = {Change(AlertChange::kRaised, "error_rate")};
  EXPECT_THAT(state.Decide(service, Rules(), raised, kNow).notes.back().text,
              HasSubstr("another version is being rolled out"));
  state = *ActionState::FromJson(Json::parse(CompactJson(state.ToJson())));
  EXPECT_THAT(state.Decide(service, Rules(), {}, kNow).notes, IsEmpty()) << "told once";
  // It did not end well: the bad version stays.
  service.rollout->phase = deploy::Phase::kRolledBack;
  const Actions actions = state.Decide(service, Rules(), {}, kNow);
  ASSERT_TRUE(actions.rollback.has_value());
  EXPECT_EQ(actions.rollback->reason, "error_rate is above");
  EXPECT_FALSE(state.Decide(service, Rules(), {}, kNow).rollback.has_value());
}

TEST(Rollback, IsWishedForNoLongerWhereItsAlertRecoversOrAnotherVersionServes) {
  deploy::Service moving = Churn();
  moving.rollout->phase = deploy::Phase::kProgressing;
  const std::vector raised = {Change(AlertChange::kRaised, "error_rate")};
  ActionState recovered;
  recovered.Decide(moving, Rules(), raised, kNow);
  recovered.Decide(moving, Rules(), {Change(AlertChange::kRecovered, "error_rate")}, kNow);
  EXPECT_FALSE(recovered.Decide(Churn(), Rules(), {}, kNow).rollback.has_value());
  ActionState replaced;
  replaced.Decide(moving, Rules(), raised, kNow);
  deploy::Service newest = Churn();
  newest.stable = ReleaseOf(4, 3);
  newest.history.push_back({4, *newest.stable, 0});
  EXPECT_FALSE(replaced.Decide(newest, Rules(), {}, kNow).rollback.has_value());
}

TEST(Rollback, TwoBadReleasesDoNotTakeTurns) {
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "error_rate")};
  EXPECT_TRUE(state.Decide(Churn(), Rules(), raised, kNow).rollback.has_value());
  // Version 1 serves again, and is bad too.
  deploy::Service back = Churn();
  back.stable = ReleaseOf(3, 1);
  back.history.push_back({3, *back.stable, 0});
  back.rollout->kind = "undo";
  EXPECT_FALSE(state.Decide(back, Rules(), raised, kNow).rollback.has_value());
  // By whatever way it came to serve.
  back.rollout->kind = "deploy";
  EXPECT_FALSE(state.Decide(back, Rules(), raised, kNow).rollback.has_value());
}

TEST(Estimates, AreNoGroundToAct) {
  ActionState state;
  AlertRules rules = Rules();
  rules.rules.push_back({"other", 0, "rollback"});
  const Actions actions = state.Decide(Churn(), rules,
                                       {Change(AlertChange::kWarned, "accuracy_drop", true),
                                        Change(AlertChange::kRaised, "other", true)},
                                       kNow);
  EXPECT_THAT(KindsOf(actions), ElementsAre("alert warning", "alert raised"));
  EXPECT_FALSE(actions.rollback.has_value());
}

TEST(Retraining, IsAskedForAtMostOnceInItsInterval) {
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "drift")};
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(), raised, kNow)),
              ElementsAre("alert raised", "retrain", "retraining"));
  // The next one waits; it is told once, and comes when its time has come.
  Actions waits = state.Decide(Churn(), Rules(), raised, kNow + kDay / 2);
  EXPECT_THAT(KindsOf(waits), ElementsAre("alert raised"));
  EXPECT_THAT(waits.notes.back().text, HasSubstr("a run for drift waits"));
  state = *ActionState::FromJson(Json::parse(CompactJson(state.ToJson())));
  EXPECT_THAT(state.Decide(Churn(), Rules(), {}, kNow + kDay - 1).notes, IsEmpty());
  const Actions due = state.Decide(Churn(), Rules(), {}, kNow + kDay);
  EXPECT_THAT(KindsOf(due), ElementsAre("retrain", "retraining"));
  EXPECT_EQ(due.effects[0].detail["digest"], "sha256:2");
  EXPECT_EQ(due.effects[0].detail["alert"], "drift");
  EXPECT_EQ(due.effects[0].detail["reason"], "drift is above");
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(), {}, kNow + 3 * kDay)), IsEmpty());
}

TEST(Retraining, WaitsNoLongerThanItsIntervalWhereTheClockIsSetBack) {
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "drift")};
  state.Decide(Churn(), Rules(), raised, kNow);
  state.Decide(Churn(), Rules(), raised, kNow - 10 * kDay);
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(), {}, kNow - 9 * kDay)),
              ElementsAre("retrain", "retraining"));
}

TEST(Retraining, IsDroppedWhereItsAlertRecovers) {
  ActionState state;
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "drift")}, kNow);
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "accuracy_drop")}, kNow + 1);
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRecovered, "accuracy_drop")}, kNow + 2);
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(), {}, kNow + 2 * kDay)), IsEmpty());
}

TEST(Retraining, WaitsForEachAlertThatAsksForIt) {
  ActionState state;
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "drift")}, kNow);
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "drift")}, kNow + 1);
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRaised, "accuracy_drop")}, kNow + 1);
  state.Decide(Churn(), Rules(), {Change(AlertChange::kRecovered, "drift")}, kNow + 2);
  state = *ActionState::FromJson(Json::parse(CompactJson(state.ToJson())));
  const Actions due = state.Decide(Churn(), Rules(), {}, kNow + kDay);
  ASSERT_THAT(KindsOf(due), ElementsAre("retrain", "retraining"));
  EXPECT_EQ(due.effects[0].detail["alert"], "accuracy_drop");
  EXPECT_THAT(KindsOf(state.Decide(Churn(), Rules(), {}, kNow + 3 * kDay)), IsEmpty());
}

TEST(Retraining, HasTheIntervalOfTheConfiguration) {
  deploy::Service service = Churn();
  service.stable->deployment =
      Json::parse(R"({"monitoring_config": {"retrain_interval_seconds": 60}})");
  ActionState state;
  const std::vector raised = {Change(AlertChange::kRaised, "drift")};
  state.Decide(service, Rules(), raised, kNow);
  EXPECT_THAT(KindsOf(state.Decide(service, Rules(), raised, kNow + 60'000)),
              ElementsAre("alert raised", "retrain", "retraining"));
  EXPECT_FALSE(ActionState::FromJson(Json::array()).ok());
}

}  // namespace
}  // namespace slipway::monitor
