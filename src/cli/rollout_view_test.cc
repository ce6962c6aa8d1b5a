#include "cli/rollout_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "cli/delivery.h"
#include "cli/session.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int64_t kNow = 1795416300000;  // 2026-11-23T06:45:00Z
constexpr int64_t kSecond = 1000;

deploy::Release ReleaseOf(int64_t version, int64_t set) {
  deploy::Release release;
  release.set = set;
  release.model = "ml-classifier";
  release.version = version;
  release.digest = "sha256:" + std::to_string(version);
  release.deployment = {{"deployment_strategy", "canary"},
                        {"scaling_config", {{"min_replicas", 2}}}};
  return release;
}

deploy::SetStatus StatusOf(int64_t set, int running, int ready) {
  deploy::SetStatus status;
  status.set = set;
  status.running = running;
  status.ready = ready;
  status.available = ready;
  return status;
}

deploy::Check CheckOf(deploy::CheckVerdict verdict, const std::string& metric,
                      const std::string& text) {
  deploy::Check check{.at_ms = kNow - kSecond, .verdict = verdict};
  check.findings = {{.metric = metric, .verdict = verdict, .text = text}};
  return check;
}

// The picture of the design: a canary at 25 %, in the second of four stages.
RolloutSight Canary() {
  RolloutSight sight;
  deploy::Service& service = sight.service;
  service.name = "ml-classifier";
  service.environment = "production";
  service.model = "ml-classifier";
  service.stable = ReleaseOf(2, 1);
  service.stable_ms = kNow - 90 * kSecond;
  service.history = {{1, *service.stable, service.stable_ms}};
  deploy::Rollout& rollout = service.rollout.emplace();
  rollout.revision = 2;
  rollout.release = ReleaseOf(3, 2);
  rollout.settings.strategy = deploy::Strategy::kCanary;
  rollout.phase = deploy::Phase::kProgressing;
  rollout.actor = "ada";
  rollout.stage = 1;
  rollout.stage_ms = kNow - 110 * kSecond;
  rollout.began_ms = kNow - 450 * kSecond;
  rollout.next_check_ms = kNow + 12 * kSecond;
  rollout.last_check = CheckOf(deploy::CheckVerdict::kPass, "errors",
                               "errors worse by > 0.5 points: no (e = 0.2 of 20) · 1.0 % beside "
                               "0.9 %");
  sight.observed.now_ms = kNow;
  sight.observed.sets = {StatusOf(1, 2, 2), StatusOf(2, 1, 1)};
  sight.observed.traffic.emplace();
  sight.observed.traffic->in_force.shares = {{2, 25}, {1, 75}};
  sight.rates = {{1, 1204, 0.009, 4.1}, {2, 402, 0.0101, 4.3}};
  sight.address = "http://127.0.0.1:8080";
  sight.now_ms = kNow;
  return sight;
}

std::string Tree(const RolloutSight& sight, size_t width = 0) {
  return RolloutTree(sight, Session(), width);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(RolloutTreeTest, IsThatOfTheDesign) {
  EXPECT_EQ(Tree(Canary(), 130),
            "ml-classifier  production  canary 25 %  stage 2 of 4, 3:10 left                     "
            "     http://127.0.0.1:8080\n"
            "├─ stable  :2  75 %  2 replicas   1,204 req/s   errors 0.9 %   p95 4.1 ms\n"
            "└─ canary  :3  25 %  1 replica      402 req/s   errors 1.0 %   p95 4.3 ms   errors "
            "worse by > 0.5 points: no (e = 0.2 of 20)\n");
}

TEST(RolloutTreeTest, AnExperimentShowsWhatItHasFound) {
  RolloutSight sight = Canary();
  deploy::Rollout& rollout = *sight.service.rollout;
  rollout.settings.strategy = deploy::Strategy::kExperiment;
  rollout.settings.experiment.seconds = 600;
  deploy::Experiment& experiment = rollout.experiment.emplace();
  experiment.began_ms = kNow - 60 * kSecond;
  experiment.arms = {{.release = ReleaseOf(3, 2)}, {.release = ReleaseOf(4, 3)}};
  deploy::GoalResult& result = experiment.arms[0].result.emplace();
  result.labels = result.stable_labels = 500;
  result.stable_value = 0.88;
  result.value = 0.912;
  result.improvement = 0.032;
  result.interval = {-0.01, 0.06};
  sight.observed.sets.push_back(StatusOf(3, 1, 1));
  sight.observed.traffic->in_force.shares = {{2, 25}, {3, 25}, {1, 50}};
  EXPECT_THAT(
      Lines(Tree(sight, 0)),
      ElementsAre(StartsWith("ml-classifier  production  experiment by accuracy  trying out, 9:00 "
                             "left"),
                  StartsWith("├─ stable  :2  50 %"),
                  EndsWith("accuracy 91.2 % beside 88.0 %, better by 3.2 points (1.0 worse to "
                           "6.0 better): "
                           "undecided"),
                  StartsWith("└─ tried   :4  25 %  1 replica")));
  EXPECT_EQ(ExitCodeOf(sight.service), kExitDone);
  // Found, it waits for a person, and that is no failure.
  result.verdict = deploy::GoalVerdict::kBetter;
  rollout.pause = deploy::Pause{false, "m:3 is better"};
  EXPECT_THAT(Tree(sight, 0), HasSubstr("slipway rollout promote, to take it; or abort"));
  EXPECT_EQ(ExitCodeOf(sight.service), kExitDone);
  const Json json = StatusJson(sight);
  EXPECT_EQ(json["experiment"]["better"], 3);
  EXPECT_EQ(json["experiment"]["goal"], "accuracy");
  EXPECT_EQ(json["tried"].size(), 2U);
  experiment.arms[0].left = "errors";
  EXPECT_EQ(StatusJson(sight)["experiment"]["better"], nullptr);
  EXPECT_EQ(ExitCodeOf(sight.service), kExitNo);
}

TEST(RolloutTreeTest, ANarrowTerminalGetsNoLineThatWraps) {
  for (const size_t width : {1, 20, 40, 80, 100}) {
    for (const std::string& line : Lines(Tree(Canary(), width)))
      EXPECT_LE(TextWidth(line), width) << line;
  }
  // What has no room beside a set stands under it.
  EXPECT_THAT(Lines(Tree(Canary(), 80)),
              ElementsAre("ml-classifier  production  canary 25 %  stage 2 of 4, 3:10 left",
                          "  http://127.0.0.1:8080",
                          "├─ stable  :2  75 %  2 replicas   1,204 req/s   errors 0.9 %   p95 4.1 "
                          "ms",
                          "└─ canary  :3  25 %  1 replica      402 req/s   errors 1.0 %   p95 4.3 "
                          "ms",
                          "     errors worse by > 0.5 points: no (e = 0.2 of 20)"));
}

TEST(RolloutTreeTest, APauseSaysWhyAndWhatToDo) {
  RolloutSight sight = Canary();
  sight.service.rollout->pause = {false, "too few requests to judge by: 40 of 100"};
  const std::vector<std::string> lines = Lines(Tree(sight));
  EXPECT_EQ(lines[0],
            "ml-classifier  production  canary 25 %  paused in stage 2 of 4  "
            "http://127.0.0.1:8080");
  EXPECT_EQ(lines[3], "paused  too few requests to judge by: 40 of 100");
  EXPECT_EQ(lines[4],
            "next  slipway rollout resume, to judge this stage anew; promote, to go on all the "
            "same; or abort");
}

TEST(RolloutTreeTest, ARollbackSaysWhy) {
  RolloutSight sight = Canary();
  deploy::Rollout& rollout = *sight.service.rollout;
  rollout.phase = deploy::Phase::kRollingBack;
  rollout.reason = "errors worse by > 0.5 points: yes (e = 140 of 20)";
  std::string tree = Tree(sight);
  EXPECT_THAT(tree, HasSubstr("canary 25 %  rolling back  http"));
  EXPECT_THAT(tree, HasSubstr("p95 4.3 ms   rolls back\n"));
  EXPECT_THAT(tree, HasSubstr("reason  errors worse by > 0.5 points: yes"));
  rollout.phase = deploy::Phase::kRolledBack;
  sight.observed.traffic->in_force.shares = {{1, 100}};
  tree = Tree(sight);
  EXPECT_THAT(tree, HasSubstr("production  rolled back  http"));
  EXPECT_THAT(tree, HasSubstr("└─ leaving  :3"));
  EXPECT_THAT(tree, HasSubstr("next  slipway rollout retry, or slipway deploy MODEL\n"));
}

TEST(RolloutTreeTest, TheVersionBeforeIsKeptReady) {
  RolloutSight sight = Canary();
  deploy::Service& service = sight.service;
  service.standby = {*service.stable, kNow + 25 * kSecond};
  service.stable = service.rollout->release;
  service.stable_ms = kNow - 5 * kSecond;
  service.rollout->phase = deploy::Phase::kCompleted;
  sight.observed.sets = {StatusOf(1, 2, 2), StatusOf(2, 2, 2)};
  sight.observed.traffic->in_force.shares = {{2, 100}};
  sight.rates.erase(sight.rates.begin());
  EXPECT_THAT(
      Lines(Tree(sight)),
      ElementsAre("ml-classifier  production  serving ml-classifier:3 for 0:05  "
                  "http://127.0.0.1:8080",
                  "├─ stable   :3  100 %  2 replicas   402 req/s   errors 1.0 %   p95 4.3 ms",
                  "└─ standby  :2    0 %  2 replicas   kept ready, 0:25 left",
                  "next  slipway rollout undo goes back to ml-classifier:2 at once"));
}

// A rollback that an alert asked for: version 3 was stable, and 2 is again.
RolloutSight Undone() {
  RolloutSight sight = Canary();
  deploy::Service& service = sight.service;
  const deploy::Release bad = service.rollout->release;
  service.history.push_back({2, bad, kNow - 60 * kSecond, "accuracy is 61.0 %, below 80.0 %"});
  service.history.push_back({3, ReleaseOf(2, 3), kNow - 2 * kSecond});
  service.stable = ReleaseOf(2, 3);
  service.standby = {bad, kNow + 25 * kSecond};
  service.rollout->kind = "undo";
  service.rollout->revision = 3;
  service.rollout->release = *service.stable;
  service.rollout->phase = deploy::Phase::kCompleted;
  service.rollout->reason = "accuracy is 61.0 %, below 80.0 %";
  sight.observed.sets = {StatusOf(2, 2, 2), StatusOf(3, 2, 2)};
  sight.observed.traffic->in_force.shares = {{3, 100}};
  return sight;
}

TEST(RolloutTreeTest, WhatWasGoneBackFromIsNotOfferedAgain) {
  const std::string tree = Tree(Undone());
  EXPECT_THAT(tree, HasSubstr("undone  accuracy is 61.0 %, below 80.0 %\n"));
  EXPECT_THAT(tree, HasSubstr("was gone back from\n"));
  EXPECT_THAT(tree, Not(HasSubstr("slipway rollout undo")));
  EXPECT_EQ(StatusJson(Undone())["reason"], "accuracy is 61.0 %, below 80.0 %");
}

TEST(RolloutTreeTest, AnUndoIsNoStrategy) {
  RolloutSight sight = Canary();
  sight.service.rollout->kind = "undo";
  sight.service.rollout->settings.strategy = deploy::Strategy::kBlueGreen;
  sight.service.rollout->phase = deploy::Phase::kStarting;
  EXPECT_THAT(Tree(sight), StartsWith("ml-classifier  production  undo  starting"));
}

TEST(RolloutTreeTest, WhatTheSplitterRefusesIsTold) {
  RolloutSight sight = Canary();
  sight.observed.traffic_trouble = "the splitter does not take it: no value";
  EXPECT_THAT(Tree(sight), HasSubstr("traffic  the splitter does not take it: no value\n"));
  EXPECT_EQ(StatusJson(sight)["traffic_trouble"], sight.observed.traffic_trouble);
}

TEST(RolloutTreeTest, WhereNothingIsServedNoSplitterIsMissed) {
  RolloutSight sight = Canary();
  sight.service.stable.reset();
  sight.service.rollout->phase = deploy::Phase::kFailed;
  sight.observed.traffic.reset();
  EXPECT_THAT(Tree(sight), Not(HasSubstr("traffic")));
}

TEST(RolloutTreeTest, ASetOfARolloutBeforeHasItsVersion) {
  RolloutSight sight = Canary();
  sight.observed.sets.push_back(StatusOf(7, 1, 1));
  EXPECT_THAT(Tree(sight), HasSubstr("leaving  –"));
  sight.former = {ReleaseOf(5, 7)};
  EXPECT_THAT(Tree(sight), HasSubstr("leaving  :5"));
  EXPECT_EQ(StatusJson(sight)["leaving"][0]["version"], 5);
}

TEST(ExitCodeTest, NobodyControlsIsAnAnswerOfItsOwn) {
  RolloutSight sight = Canary();
  EXPECT_EQ(ExitCodeOf(sight), kExitDone);
  sight.service.rollout->pause = deploy::Pause{false, "too few requests"};
  EXPECT_EQ(ExitCodeOf(sight), kExitNo);
  sight.controller_runs = false;
  EXPECT_EQ(ExitCodeOf(sight), ExitCodeFor(ErrorCode::kUnavailable));
  EXPECT_THAT(Tree(sight), HasSubstr("control  nobody controls it"));
  EXPECT_THAT(ServiceTable({sight}, Session()), HasSubstr("paused, nobody controls it"));
  // What is down needs nobody, however its last rollout ended.
  sight.service.down = true;
  sight.service.rollout->phase = deploy::Phase::kRolledBack;
  EXPECT_EQ(ExitCodeOf(sight), kExitDone);
  EXPECT_THAT(Tree(sight), Not(HasSubstr("nobody controls")));
}

TEST(ExitCodeTest, AnAddressThatDoesNotAnswerIsNoSuccess) {
  RolloutSight sight = Canary();
  sight.observed.traffic.reset();
  EXPECT_EQ(ExitCodeOf(sight), ExitCodeFor(ErrorCode::kUnavailable));
  // The first has none until it is ready.
  sight.service.stable.reset();
  EXPECT_EQ(ExitCodeOf(sight), kExitDone);
}

TEST(RolloutTreeTest, ReplicasThatAreMissingAndWhy) {
  RolloutSight sight = Canary();
  sight.service.rollout->phase = deploy::Phase::kStarting;
  sight.service.rollout->last_check.reset();
  sight.observed.sets[1] = StatusOf(2, 1, 0);
  sight.observed.sets[1].trouble = "exit code 3, started again in 8 s";
  sight.rates.pop_back();
  const std::string tree = Tree(sight);
  EXPECT_THAT(tree, HasSubstr("0 of 1 replicas"));
  EXPECT_THAT(tree, HasSubstr("exit code 3, started again in 8 s"));
}

TEST(RolloutTreeTest, TheFirstCheckIsWaitedFor) {
  RolloutSight sight = Canary();
  sight.service.rollout->last_check.reset();
  EXPECT_THAT(Tree(sight), HasSubstr("first check in 0:12\n"));
}

TEST(RolloutTreeTest, AShareThatIsNotYetInForceIsSaid) {
  RolloutSight sight = Canary();
  sight.observed.traffic->in_force.shares = {{2, 10}, {1, 90}};
  sight.service.rollout->stage_ms = 0;
  EXPECT_THAT(Tree(sight), HasSubstr("canary 10 % → 25 %  stage 2 of 4  http"));
}

TEST(RolloutTreeTest, WithoutAControllerOrASplitterItIsSaid) {
  RolloutSight sight = Canary();
  sight.controller_runs = false;
  sight.observed.traffic.reset();
  const std::string tree = Tree(sight);
  EXPECT_THAT(tree, HasSubstr("traffic  the splitter does not answer\n"));
  EXPECT_THAT(tree, HasSubstr("next  slipway up: no controller runs"));
}

TEST(RolloutTreeTest, AServiceThatIsDownOrEmptyIsALine) {
  RolloutSight sight = Canary();
  sight.service.rollout.reset();
  sight.service.down = true;
  sight.observed.sets.clear();
  EXPECT_THAT(Tree(sight), HasSubstr("next  slipway up, to serve ml-classifier:2 again\n"));
  RolloutSight empty;
  empty.service.name = "s";
  EXPECT_THAT(Tree(empty), HasSubstr("empty\n"));
}

TEST(RolloutTreeTest, NamesAndReasonsDoNotSteerTheTerminal) {
  RolloutSight sight = Canary();
  sight.service.name = "\x1b[2J";
  sight.service.rollout->pause = {true, "by\nada\x9b"};
  const std::string tree = Tree(sight, 100);
  EXPECT_THAT(tree, Not(HasSubstr("\x1b")));
  EXPECT_THAT(tree, HasSubstr("paused  by ada"));
}

TEST(RolloutTreeTest, ColourTakesNoWidthAndIsOnlyWhereAsked) {
  Session session;
  session.color = true;
  const std::string painted = RolloutTree(Canary(), session, 120);
  EXPECT_THAT(painted, HasSubstr("\x1b[36mstage 2 of 4, 3:10 left\x1b[0m"));
  std::string plain = painted;
  for (size_t at = plain.find('\x1b'); at != std::string::npos; at = plain.find('\x1b'))
    plain.erase(at, plain.find('m', at) - at + 1);
  EXPECT_EQ(plain, Tree(Canary(), 120));
  EXPECT_THAT(Tree(Canary(), 120), Not(HasSubstr("\x1b")));
}

TEST(RedrawnTest, GoesUpOverWhatWasDrawnAndErasesTheRest) {
  EXPECT_EQ(Redrawn("", "a\nb\n"), "a\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(Redrawn("a\nb\n", "c\n"), "\x1b[2Fc\x1b[K\n\x1b[J");
}

deploy::RolloutEvent Event(const std::string& kind, const std::string& text, Json detail) {
  deploy::RolloutEvent event;
  event.revision = 2;
  event.at = "2026-11-23T06:42:14.250Z";
  event.kind = kind;
  event.text = text;
  event.detail = std::move(detail);
  return event;
}

TEST(RolloutEventLineTest, IsOneLineWithItsTime) {
  const Session session;
  EXPECT_EQ(RolloutEventLine(Event("stage", "25 % of the traffic", {{"weight", 25}}), session),
            "06:42:14Z  stage    25 % of the traffic\n");
  EXPECT_EQ(RolloutEventLine(Event("check", "check: pass · fine", Json::object()), session),
            "06:42:14Z  check    pass · fine\n");
  EXPECT_EQ(RolloutEventLine(Event("verb", "promote in full", {{"actor", "ada"}}), session),
            "06:42:14Z  verb     promote in full · by ada\n");
  EXPECT_EQ(RolloutEventLine(Event("verb", "aborted by ada\x1b[2J", {{"actor", "ada"}}), session),
            "06:42:14Z  verb     aborted by ada [2J\n");
}

TEST(RolloutEventLineTest, AFailedCheckIsRed) {
  Session session;
  session.color = true;
  const deploy::Check check = CheckOf(deploy::CheckVerdict::kFail, "errors", "worse");
  EXPECT_THAT(RolloutEventLine(Event("check", "check: fail · worse", ToJson(check)), session),
              HasSubstr("\x1b[31mfail · worse\x1b[0m"));
}

TEST(HistoryTableTest, IsALineARevision) {
  const std::vector<report::RevisionSummary> history = {{.revision = 1,
                                                         .model = "ml-classifier",
                                                         .version = 2,
                                                         .strategy = "canary",
                                                         .kind = "deploy",
                                                         .actor = "ada",
                                                         .began_ms = kNow,
                                                         .ended_ms = kNow,
                                                         .outcome = "completed",
                                                         .reason = "",
                                                         .left = {},
                                                         .tried = {}},
                                                        {.revision = 12,
                                                         .model = "",
                                                         .version = 0,
                                                         .strategy = "canary",
                                                         .kind = "retry",
                                                         .actor = "",
                                                         .began_ms = 0,
                                                         .ended_ms = 0,
                                                         .outcome = "rolled back",
                                                         .reason = "aborted by ada",
                                                         .left = {},
                                                         .tried = {}}};
  EXPECT_EQ(HistoryTable(history, Session()),
            "REVISION  VERSION          HOW            WHEN (UTC)        BY   ENDED        WHY\n"
            "       1  ml-classifier:2  canary         2026-11-23 06:45  ada  completed\n"
            "      12  –                canary, retry  –                 –    rolled back  aborted "
            "by ada\n");
  const Json json = HistoryJson(history);
  EXPECT_EQ(json[0]["began_at"], "2026-11-23T06:45:00.000Z");
  EXPECT_TRUE(json[1]["version"].is_null());
}

TEST(HistoryTableTest, SaysWhatWasForcedTriedAndGoneBackFrom) {
  report::RevisionSummary one;
  one.revision = 1;
  one.model = "m";
  one.version = 4;
  one.strategy = "experiment";
  one.kind = "deploy";
  one.outcome = "rolled back";
  one.tried = {4, 5};
  EXPECT_THAT(HistoryTable({one}, Session()), HasSubstr("m:4 and :5  experiment  "));
  one.outcome = "completed";
  one.left = "wrong too often";
  one.forced = true;
  const std::string table = HistoryTable({one}, Session());
  EXPECT_THAT(table, HasSubstr("m:4      experiment of :4 :5, forced  "));
  EXPECT_THAT(table, HasSubstr("completed  gone back from: wrong too often\n"));
  const Json json = HistoryJson({one});
  EXPECT_EQ(json[0]["versions"], Json({4, 5}));
  EXPECT_EQ(json[0]["forced"], true);
  EXPECT_EQ(json[0]["left"], "wrong too often");
}

TEST(ServiceTableTest, IsALineAService) {
  RolloutSight other = Canary();
  other.service.name = "b";
  other.service.rollout.reset();
  other.observed.sets.pop_back();
  other.address.clear();
  EXPECT_EQ(ServiceTable({Canary(), other}, Session()),
            "SERVICE        ENVIRONMENT  STABLE           STATE         NEW      ADDRESS\n"
            "ml-classifier  production   ml-classifier:2  stage 2 of 4  :3 25 %  "
            "http://127.0.0.1:8080\n"
            "b              production   ml-classifier:2  serving       –        –\n");
}

TEST(StatusJsonTest, HasAllThatAMachineAsksFor) {
  RolloutSight sight = Canary();
  sight.rates[1].p95_ms = std::numeric_limits<double>::quiet_NaN();
  const Json json = StatusJson(sight);
  EXPECT_EQ(json["service"], "ml-classifier");
  EXPECT_EQ(json["phase"], "progressing");
  EXPECT_EQ(json["paused"], false);
  EXPECT_EQ(json["revision"], 2);
  EXPECT_EQ(json["weight"], 25);
  EXPECT_EQ(json["stage"], Json({{"number", 2}, {"of", 4}, {"seconds_left", 190.0}}));
  EXPECT_EQ(json["stable"]["version"], 2);
  EXPECT_EQ(json["stable"]["replicas"], Json({{"ready", 2}, {"wanted", 2}}));
  EXPECT_EQ(json["canary"]["version"], 3);
  EXPECT_EQ(json["canary"]["requests_per_second"], 402);
  EXPECT_TRUE(json["canary"]["p95_ms"].is_null());
  EXPECT_TRUE(json["standby"].is_null());
  EXPECT_EQ(json["last_check"]["verdict"], "pass");
  EXPECT_EQ(json["last_check"]["at"], "2026-11-23T06:44:59.000Z");
  EXPECT_EQ(json["address"], "http://127.0.0.1:8080");
  EXPECT_EQ(json["next"], "");
}

TEST(StatusJsonTest, HasTheAlertsThatAreOpen) {
  RolloutSight sight = Canary();
  EXPECT_EQ(StatusJson(sight)["alerts"], Json::array());
  sight.service.watched = {{"alerts",
                            {{"set", 1},
                             {"open",
                              {{"drift",
                                {{"level", "raised"},
                                 {"since_ms", kNow},
                                 {"value", 0.5},
                                 {"limit", 0.3},
                                 {"text", "2 of 4 features drifted"}}}}}}}};
  EXPECT_EQ(StatusJson(sight)["alerts"], Json::array({{{"alert", "drift"},
                                                       {"level", "raised"},
                                                       {"since", "2026-11-23T06:45:00.000Z"},
                                                       {"value", 0.5},
                                                       {"limit", 0.3},
                                                       {"text", "2 of 4 features drifted"}}}));
  EXPECT_THAT(RolloutTree(sight, Session(), 0), HasSubstr("alert  2 of 4 features drifted\n"));
  sight.service.stable->set = 7;  // It was of another release.
  EXPECT_EQ(StatusJson(sight)["alerts"], Json::array());
}

TEST(StatusJsonTest, OfAServiceThatWasNeverDeployedIsNull) {
  const Json json = StatusJson({});
  for (const char* key : {"phase", "revision", "weight", "stage", "stable", "canary", "last_check"})
    EXPECT_TRUE(json[key].is_null()) << key;
  EXPECT_EQ(json["state"], "empty");
}

TEST(StateTest, OfEachStrategyAndPhase) {
  RolloutSight sight = Canary();
  deploy::Rollout& rollout = *sight.service.rollout;
  rollout.settings.strategy = deploy::Strategy::kBlueGreen;
  EXPECT_EQ(StateOf(sight), "watched");
  EXPECT_THAT(Tree(sight), HasSubstr("blue-green 25 %  watched, 0:00 left"));
  EXPECT_THAT(Tree(sight), HasSubstr("└─ new "));
  rollout.settings.strategy = deploy::Strategy::kRolling;
  EXPECT_EQ(StateOf(sight), "exchanging replicas");
  rollout.phase = deploy::Phase::kShadowing;
  EXPECT_EQ(StateOf(sight), "shadowing");
  sight.service.stable.reset();
  rollout.phase = deploy::Phase::kFailed;
  EXPECT_EQ(StateOf(sight), "failed");
}

}  // namespace
}  // namespace slipway::cli
