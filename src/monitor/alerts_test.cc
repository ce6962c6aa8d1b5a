#include "monitor/alerts.h"

#include <gmock/gmock.h>

#include <cmath>

#include "core/counting.h"
#include "core/random.h"

namespace slipway::monitor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Json kDeployment = Json::parse(R"({"monitoring_config": {"window_seconds": 60,
  "alert_thresholds": {"error_rate": 0.01, "latency_p95": 100, "accuracy_drop": 0.05, "drift": 0.3},
  "actions": {"error_rate": "rollback", "drift": "retrain"}}})");
const Json kMetrics =
    Json::parse(R"({"test": {"accuracy": {"value": 0.9}, "calibration_error": {"value": 0.02}}})");

// A service whose counts grow by what is said, looked at every five seconds.
class Served {
 public:
  AlertRules rules = ReadAlertRules(kDeployment, kMetrics);
  AlertState state;
  AlertLook look;

  Served() {
    look.now_ms = 1'000'000;
    look.set = look.requests.set = look.model.set = 3;
    look.release = "churn:3";
    look.has_counts = true;
    look.instance = "a";
  }

  void Requests(int64_t count, int64_t errors, double milliseconds = 10) {
    look.requests.requests += count;
    look.requests.errors += errors;
    look.requests.latencies.resize(LatencyBuckets::kCount);
    look.requests.latencies[LatencyBuckets::IndexOf(std::llround(milliseconds * 1e6))] += count;
  }
  void Rows(int64_t rows, double confidence, int64_t labelled = 0, int64_t correct = 0) {
    look.model.predictions["0"] += rows;
    look.model.confidence_sum += confidence * static_cast<double>(rows);
    look.model.labelled += labelled;
    look.model.correct += correct;
  }
  // "raised error_rate" for each change.
  std::vector<std::string> Look(int64_t after_ms = 5000) {
    look.now_ms += after_ms;
    // The state is always read back: nothing may be lost by that.
    const auto stored = Json::parse(CompactJson(state.ToJson()));
    auto read = AlertState::FromJson(stored);
    EXPECT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_EQ(read->ToJson(), stored);
    state = *std::move(read);
    std::vector<std::string> changes;
    for (const AlertTransition& change : state.Look(rules, look)) {
      changes.push_back(std::string(ToString(change.change)) + " " + change.alert);
      last = change;
    }
    return changes;
  }
  std::vector<std::string> Looks(int count, int64_t requests, int64_t errors) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) {
      Requests(requests, errors);
      for (std::string& change : Look()) all.push_back(std::move(change));
    }
    return all;
  }
  AlertTransition last;
};

TEST(AlertRules, AreThoseOfTheConfiguration) {
  const AlertRules rules = ReadAlertRules(kDeployment, kMetrics);
  EXPECT_EQ(rules.window_ms, 60'000);
  EXPECT_EQ(rules.test_accuracy, 0.9);
  ASSERT_NE(rules.Find("error_rate"), nullptr);
  EXPECT_EQ(rules.Find("error_rate")->limit, 0.01);
  EXPECT_EQ(rules.Find("error_rate")->action, "rollback");
  EXPECT_EQ(rules.Find("latency_p95")->action, "notify");
  EXPECT_EQ(rules.Find("latency_p50"), nullptr);
  EXPECT_THAT(rules.gaps, IsEmpty());
  EXPECT_THAT(ReadAlertRules(kDeployment, Json()).gaps,
              ElementsAre(HasSubstr("accuracy_drop can't be judged")));
  EXPECT_THAT(ReadAlertRules(Json::object(), kMetrics).rules, IsEmpty());
}

TEST(Alerts, AreRaisedOnceAndRecoverOnce) {
  Served served;
  EXPECT_THAT(served.Looks(24, 100, 0), IsEmpty());
  EXPECT_THAT(served.Looks(24, 100, 10), ElementsAre("raised error_rate"));
  EXPECT_THAT(served.last.text, HasSubstr("is above 1 %"));
  EXPECT_TRUE(served.state.any());
  // A window still holds what was bad; then two more have to be good.
  EXPECT_THAT(served.Looks(12, 100, 0), IsEmpty());
  EXPECT_THAT(served.Looks(22, 100, 0), IsEmpty());
  EXPECT_THAT(served.Looks(6, 100, 0), ElementsAre("recovered error_rate"));
  EXPECT_THAT(served.Looks(24, 100, 0), IsEmpty());
  EXPECT_FALSE(served.state.any());
}

TEST(Alerts, OneBadMomentWithinTheTwoWindowsBeginsThemAnew) {
  Served served;
  served.Looks(24, 100, 10);
  EXPECT_THAT(served.Looks(24, 100, 0), IsEmpty());
  EXPECT_THAT(served.Looks(12, 100, 2), IsEmpty());  // 2 %, not beyond chance, and above.
  EXPECT_THAT(served.Looks(26, 100, 0), IsEmpty());
  EXPECT_THAT(served.Looks(10, 100, 0), ElementsAre("recovered error_rate"));
}

TEST(Alerts, ChanceRaisesNone) {
  Served served;
  EXPECT_THAT(served.Look(), IsEmpty());
  served.Requests(20, 1);  // 5 %, of twenty.
  EXPECT_THAT(served.Look(), IsEmpty());
  // At the limit itself for a day.
  Random random(7);
  int raised = 0;
  for (int look = 0; look < 17'280; ++look) {
    int errors = 0;
    for (int request = 0; request < 50; ++request) errors += random.Uniform() < 0.01 ? 1 : 0;
    served.look.requests.requests += 50;
    served.look.requests.errors += errors;
    served.look.now_ms += 5000;
    for (const AlertTransition& change : served.state.Look(served.rules, served.look))
      raised += change.change == AlertChange::kRaised ? 1 : 0;
  }
  EXPECT_LE(raised, 1);
}

TEST(Alerts, LatencyIsComparedByItsQuantile) {
  Served served;
  served.Look();
  std::vector<std::string> changes;
  for (int i = 0; i < 12; ++i) {
    served.Requests(90, 0, 10);
    served.Requests(10, 0, 400);
    for (std::string& change : served.Look()) changes.push_back(std::move(change));
  }
  EXPECT_THAT(changes, ElementsAre("raised latency_p95"));
  EXPECT_THAT(served.last.text, HasSubstr("is above 100 ms"));
}

TEST(Alerts, SilenceIsToldOnceAndIsNoRecovery) {
  Served served;
  served.Looks(24, 100, 10);
  EXPECT_THAT(served.Looks(100, 0, 0), ElementsAre("no traffic "));
  EXPECT_TRUE(served.state.silent());
  EXPECT_TRUE(served.state.any());
  // One request in between is no traffic yet.
  EXPECT_THAT(served.Looks(1, 1, 0), IsEmpty());
  EXPECT_THAT(served.Looks(40, 0, 0), IsEmpty());
  EXPECT_THAT(served.Looks(40, 100, 0), ElementsAre("traffic ", "recovered error_rate"));
}

TEST(Alerts, CountsThatBeginAnewAndPausesOfTheWatchAreNoTraffic) {
  Served served;
  served.Looks(24, 100, 0);
  // Another splitter: all it has counted is new.
  served.look.instance = "b";
  served.look.requests = deploy::SetCounts{.set = 3};
  served.Requests(500, 60);
  EXPECT_THAT(served.Look(), ElementsAre("raised error_rate"));

  Served paused;
  paused.Looks(24, 100, 0);
  paused.Requests(100'000, 50'000);  // In an hour that nobody looked.
  EXPECT_THAT(paused.Look(3'600'000), IsEmpty());
  EXPECT_THAT(paused.Looks(10, 100, 0), IsEmpty());
  // No counts are no traffic either.
  paused.look.has_counts = false;
  EXPECT_THAT(paused.Look(5000), IsEmpty());
  EXPECT_FALSE(paused.state.silent());
}

TEST(Alerts, AWindowMayBeShorterThanTheTimeBetweenTwoLooks) {
  Served served;
  served.rules.window_ms = 500;
  std::vector<std::string> all;
  for (int i = 0; i < 20; ++i) {
    served.Requests(100, i >= 5 && i < 10 ? 50 : 0);
    for (std::string& change : served.Look(1010)) all.push_back(std::move(change));
  }
  EXPECT_THAT(all, ElementsAre("raised error_rate", "recovered error_rate"));
}

TEST(Alerts, AnotherReleaseBeginsAnew) {
  Served served;
  served.Looks(24, 100, 10);
  served.look.set = 4;
  served.look.release = "churn:2";
  served.look.requests = deploy::SetCounts{.set = 4};
  EXPECT_THAT(served.Look(), ElementsAre("recovered error_rate"));
  EXPECT_THAT(served.last.text, HasSubstr("churn:3, which is watched no longer"));
  EXPECT_THAT(served.Looks(24, 100, 0), IsEmpty());
}

// Where the configuration of what serves is changed while an alert is open.
TEST(Alerts, OfAThresholdThatIsTakenAwayAreOver) {
  Served served;
  EXPECT_THAT(served.Looks(24, 100, 10), ElementsAre("raised error_rate"));
  const AlertRules with = served.rules;
  std::erase_if(served.rules.rules, [](const auto& rule) { return rule.alert == "error_rate"; });
  EXPECT_THAT(served.Looks(1, 100, 10), ElementsAre("recovered error_rate"));
  EXPECT_EQ(served.last.text, "error_rate is over: alert_thresholds names it no longer");
  EXPECT_FALSE(served.state.any());
  EXPECT_THAT(served.Looks(24, 100, 10), IsEmpty());
  served.rules = with;
  EXPECT_THAT(served.Looks(1, 100, 10), ElementsAre("raised error_rate"));
  // Also where nothing is watched from now on, and the window is that of no configuration.
  served.rules = ReadAlertRules(Json::object(), kMetrics);
  served.rules.window_ms = 30'000;
  EXPECT_THAT(served.Looks(2, 100, 10), ElementsAre("recovered error_rate"));
  EXPECT_THAT(served.last.text, HasSubstr("names it no longer"));
}

TEST(Alerts, BeginAnewWithAnotherWindow) {
  Served served;
  EXPECT_THAT(served.Looks(24, 100, 10), ElementsAre("raised error_rate"));
  served.rules.window_ms = 30'000;
  EXPECT_THAT(served.Looks(1, 100, 10), ElementsAre("recovered error_rate"));
  EXPECT_EQ(served.last.text, "error_rate is over: window_seconds is another one");
  EXPECT_THAT(served.Looks(24, 100, 10), ElementsAre("raised error_rate"));
}

TEST(Accuracy, IsJudgedByLabels) {
  Served served;
  served.Look();
  std::vector<std::string> changes;
  for (int i = 0; i < 60; ++i) {
    served.Requests(20, 0);
    served.Rows(20, 0.95, 10, 7);  // Sure of itself, and wrong.
    for (std::string& change : served.Look()) changes.push_back(std::move(change));
  }
  EXPECT_THAT(changes, ElementsAre("raised accuracy_drop"));
  EXPECT_FALSE(served.last.estimated);
  EXPECT_THAT(served.last.text, HasSubstr("labelled rows, 90.0 % on the test part"));
}

TEST(Accuracy, IsEstimatedFromScoresWhereLabelsLag) {
  Served served;
  served.Look();
  std::vector<std::string> changes;
  const auto serve = [&](int looks, double confidence, int64_t labelled, int64_t correct) {
    changes.clear();
    for (int i = 0; i < looks; ++i) {
      served.Requests(50, 0);
      served.Rows(50, confidence, labelled, correct);
      for (std::string& change : served.Look()) changes.push_back(std::move(change));
    }
  };
  // 0.84 is 6 points lower, of which the scores may be wrong by 2.
  serve(200, 0.84, 0, 0);
  EXPECT_THAT(changes, IsEmpty());
  serve(200, 0.70, 0, 0);
  EXPECT_THAT(changes, ElementsAre("warning accuracy_drop"));
  EXPECT_TRUE(served.last.estimated);
  EXPECT_THAT(served.last.text, HasSubstr("estimated from scores"));
  // Labels confirm it; scores alone do not take it back.
  serve(60, 0.70, 20, 14);
  EXPECT_THAT(changes, ElementsAre("raised accuracy_drop"));
  serve(400, 0.95, 0, 0);
  EXPECT_THAT(changes, IsEmpty());
  serve(200, 0.95, 20, 19);
  EXPECT_THAT(changes, ElementsAre("recovered accuracy_drop"));
}

// 60 rows of a test part: 95.0 %, and perhaps 88 %.
TEST(Accuracy, OfAFewTestRowsIsKnownAsWellAsItsIntervalSays) {
  Served served;
  served.rules = ReadAlertRules(
      kDeployment,
      Json::parse(R"({"test": {"accuracy": {"value": 0.95, "interval": [0.88, 1.0]}}})"));
  EXPECT_EQ(served.rules.test_accuracy_low, 0.88);
  served.Look();
  std::vector<std::string> changes;
  const auto serve = [&](int looks, int64_t right) {
    for (int i = 0; i < looks; ++i) {
      served.Requests(200, 0);
      served.Rows(200, 0.9, 200, right);
      for (std::string& change : served.Look()) changes.push_back(std::move(change));
    }
  };
  serve(120, 178);  // 89 %: 6 points less than on the test part, the limit is 5.
  EXPECT_THAT(changes, IsEmpty());
  serve(120, 150);
  EXPECT_THAT(changes, ElementsAre("raised accuracy_drop"));
  EXPECT_THAT(served.last.text, HasSubstr("95.0 % on the test part: accuracy_drop "));
  EXPECT_THAT(served.last.text,
              HasSubstr("is above 12 % (5 %, and 7 % that the size of the test part leaves open)"));
  EXPECT_NEAR(served.last.limit, 0.12, 1e-9);
  EXPECT_NEAR(served.state.standings().at("accuracy_drop").limit, 0.12, 1e-9);
}

TEST(Accuracy, AFewLabelsDoNotEndWhatHundredsOfRowsSay) {
  Served served;
  served.Look();
  std::vector<std::string> changes;
  const auto serve = [&](int looks, double confidence, int64_t labelled, int64_t correct) {
    changes.clear();
    for (int i = 0; i < looks; ++i) {
      served.Requests(50, 0);
      served.Rows(50, confidence, labelled, correct);
      for (std::string& change : served.Look()) changes.push_back(std::move(change));
    }
  };
  serve(200, 0.70, 0, 0);
  EXPECT_THAT(changes, ElementsAre("warning accuracy_drop"));
  // One right label in ten windows, again and again.
  for (int i = 0; i < 4; ++i) {
    serve(1, 0.70, 1, 1);
    EXPECT_THAT(changes, IsEmpty());
    serve(119, 0.70, 0, 0);
    EXPECT_THAT(changes, IsEmpty());
  }
  serve(60, 0.70, 10, 9);
  EXPECT_THAT(changes, ElementsAre("recovered accuracy_drop"));
}

// An alert that few labels have raised recovers by as many.
TEST(Accuracy, RecoversByAsManyLabelsAsItWasRaisedBy) {
  Served served;
  served.rules =
      ReadAlertRules(kDeployment, Json::parse(R"({"test": {"accuracy": {"value": 0.9}}})"));
  served.Look();
  std::vector<std::string> changes;
  const auto serve = [&](int looks, int64_t labelled, int64_t correct) {
    changes.clear();
    for (int i = 0; i < looks; ++i) {
      served.Requests(50, 0);
      served.Rows(50, 0.9, labelled, correct);
      for (std::string& change : served.Look()) changes.push_back(std::move(change));
    }
  };
  serve(20, 2, 0);
  EXPECT_THAT(changes, ElementsAre("raised accuracy_drop"));
  serve(130, 0, 0);
  serve(4, 1, 1);
  serve(50, 0, 0);
  EXPECT_THAT(changes, IsEmpty());
  serve(60, 1, 1);
  EXPECT_THAT(changes, ElementsAre("recovered accuracy_drop"));
}

TEST(Accuracy, ALabelThatIsCorrectedCountsAsItIsNow) {
  for (const int64_t between : {0, 150}) {  // Within the window, and behind it.
    Served served;
    served.Look();
    std::vector<std::string> changes;
    const auto serve = [&](int64_t looks, int64_t labelled, int64_t correct) {
      for (int64_t i = 0; i < looks; ++i) {
        served.Requests(50, 0);
        served.Rows(50, 0.95, labelled, correct);
        for (std::string& change : served.Look()) changes.push_back(std::move(change));
      }
    };
    serve(20, 20, 20);
    serve(between, 0, 0);
    EXPECT_THAT(changes, IsEmpty());
    serve(20, 0, -20);
    EXPECT_THAT(changes, ElementsAre("raised accuracy_drop")) << between;
  }
}

TEST(Alerts, GoOnWhereTheClockIsSetBack) {
  Served served;
  EXPECT_THAT(served.Looks(24, 100, 0), IsEmpty());
  served.Requests(100, 0);
  EXPECT_THAT(served.Look(-3'600'000), IsEmpty());
  EXPECT_THAT(served.Looks(12, 100, 10), ElementsAre("raised error_rate"));
  served.Requests(100, 0);
  EXPECT_THAT(served.Look(-3'600'000), IsEmpty());
  EXPECT_THAT(served.Looks(40, 100, 0), ElementsAre("recovered error_rate"));
}

TEST(Accuracy, AReplicaThatBeganAnewTellsNothingOfItself) {
  Served served;
  served.Look();
  for (int i = 0; i < 20; ++i) {
    served.Requests(50, 0);
    served.Rows(50, 0.95);
    EXPECT_THAT(served.Look(), IsEmpty());
  }
  served.look.model.predictions["0"] = 400;
  served.look.model.confidence_sum = 3;
  EXPECT_THAT(served.Look(), IsEmpty());
  // Or another replica with a past of its own came in.
  served.look.models_instance = "b";
  served.Rows(4000, 0.1);
  EXPECT_THAT(served.Look(), IsEmpty());
}

TEST(Alerts, DriftIsAShareOfTheFeatures) {
  Served served;
  served.Looks(2, 100, 0);
  served.look.drift = DriftReading{.share = 0.5, .text = "2 of 4 features drifted", .evidence = {}};
  EXPECT_THAT(served.Looks(4, 100, 0), ElementsAre("raised drift"));
  EXPECT_EQ(served.last.text, "2 of 4 features drifted; a share of 50.0 % is above 30 %");
  served.look.drift->share = 0.25;
  EXPECT_THAT(served.Looks(30, 100, 0), ElementsAre("recovered drift"));
}

TEST(Alerts, AStateThatIsDamagedIsRefused) {
  EXPECT_FALSE(AlertState::FromJson(Json::array()).ok());
  Json state = AlertState().ToJson();
  EXPECT_TRUE(AlertState::FromJson(state).ok());
  state.erase("window");
  EXPECT_FALSE(AlertState::FromJson(state).ok());
}

}  // namespace
}  // namespace slipway::monitor
