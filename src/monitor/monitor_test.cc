#include "monitor/monitor.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/random.h"
#include "core/testing.h"
#include "data/profile.h"
#include "model/types.h"

namespace slipway::monitor {
namespace {

using slipway::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Json kDeployment = Json::parse(R"({"monitoring_config": {"window_seconds": 60,
  "log_predictions": true,
  "alert_thresholds": {"error_rate": 0.01, "accuracy_drop": 0.05, "drift": 0.4},
  "actions": {"error_rate": "rollback"}}})");

// An artifact's directory, and a service of it that is looked at every five seconds.
class MonitorTest : public ::testing::Test {
 protected:
  MonitorTest() {
    Write("metrics.json", R"({"test": {"accuracy": {"value": 0.9}}})");
    data::Table table;
    table.rows = 500;
    table.columns.resize(2);
    table.columns[0].name = "age";
    table.columns[1].name = "target";
    Random random(1);
    for (int64_t row = 0; row < table.rows; ++row) {
      for (data::Column& column : table.columns) column.numbers.push_back(random.Uniform());
    }
    Write("profile.json", PrettyJson(data::ToStoredJson(data::ProfileTable(table))));
    model::ModelSchema schema;
    schema.inputs.resize(1);
    schema.inputs[0].name = "age";
    schema.task = "classification";
    schema.target = "target";
    schema.classes = {"0", "1"};
    Write("schema.json", CompactJson(model::ToJson(schema)));

    service.name = "churn";
    service.environment = "production";
    service.stable = deploy::Release();
    service.stable->set = 2;
    service.stable->model = "churn";
    service.stable->version = 3;
    service.stable->digest = "sha256:3";
    service.stable->deployment = kDeployment;
    deploy::Release before = *service.stable;
    before.set = 1;
    before.digest = "sha256:2";
    service.history = {{1, before, 0}, {2, *service.stable, 0}};
    observed.now_ms = 1'764'398'467'000;
    observed.traffic = deploy::Traffic();
    observed.traffic->instance = "a";
    observed.traffic->sets = {deploy::SetCounts{.set = 2}};
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(artifact.File(name)) << text;
  }
  MonitorOptions Options() {
    MonitorOptions options;
    options.artifact = [this](const deploy::Release&) {
      ++loads;
      return ReadWatchedArtifact(LocalFileSystem(), artifact.path());
    };
    options.predictions = [this](const deploy::Release&) { return place; };
    return options;
  }
  MonitorDecision Look(int64_t requests, int64_t errors) {
    observed.now_ms += 5000;
    observed.traffic->sets[0].requests += requests;
    observed.traffic->sets[0].errors += errors;
    auto decision = monitor.Look(service, observed, observed.now_ms);
    EXPECT_TRUE(decision.ok()) << decision.error().ToString();
    if (!decision.ok()) return {};
    // As it comes back from the store.
    if (!decision->empty() && keeps) service.watched = Json::parse(CompactJson(decision->decided));
    return *decision;
  }
  // What people are told in so many looks.
  std::vector<std::string> Events(int looks, int64_t requests, int64_t errors) {
    std::vector<std::string> events;
    for (int i = 0; i < looks; ++i) {
      for (const deploy::Outside& effect : Look(requests, errors).effects)
        events.push_back(GetString(effect.detail, "event"));
    }
    return events;
  }
  void Restart() {
    const Json stored = Json::parse(CompactJson(monitor.ToJson()));
    auto read = Monitor::FromJson(stored, Options());
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_EQ(read->ToJson(), stored);
    monitor = *std::move(read);
  }

  TemporaryDirectory artifact, log;
  std::string place = log.path();
  int loads = 0;
  bool keeps = true;  // What is decided, with the service.
  deploy::Service service;
  deploy::Observed observed;
  Monitor monitor{Options()};
};

TEST_F(MonitorTest, AnAlertIsToldAndARollbackWishedFor) {
  std::vector<MonitorDecision> all;
  for (int i = 0; i < 24; ++i) {
    Restart();
    MonitorDecision decision = Look(100, i < 12 ? 0 : 20);
    if (!decision.empty()) all.push_back(std::move(decision));
  }
  ASSERT_THAT(all, SizeIs(1));
  ASSERT_THAT(all[0].effects, SizeIs(1));
  EXPECT_EQ(all[0].effects[0].kind, "notify");
  EXPECT_EQ(all[0].effects[0].detail["event"], "alert raised");
  ASSERT_TRUE(all[0].rollback.has_value());
  EXPECT_EQ(all[0].rollback->set, 2);
  EXPECT_EQ(all[0].rollback->to, 1);
  const auto open = OpenAlerts(service);
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open.at("error_rate").level, AlertLevel::kRaised);
  EXPECT_THAT(open.at("error_rate").text, HasSubstr("is above 1 %"));
  // Silence leaves it open, and that is told, too.
  EXPECT_THAT(Events(40, 0, 0), ElementsAre("no traffic"));
  service.stable->set = 9;
  EXPECT_THAT(OpenAlerts(service), IsEmpty());
}

TEST_F(MonitorTest, WhatWasNotKeptIsDecidedOnceMore) {
  keeps = false;
  Events(12, 100, 0);
  EXPECT_THAT(Events(1, 100, 60), ElementsAre("alert raised"));
  EXPECT_THAT(Events(1, 100, 60), ElementsAre("alert raised"));
  keeps = true;
  EXPECT_THAT(Events(1, 100, 60), ElementsAre("alert raised"));
  EXPECT_THAT(Events(20, 100, 60), IsEmpty());
  EXPECT_THAT(Events(40, 100, 0), ElementsAre("alert recovered"));
}

TEST_F(MonitorTest, WhatWasKeptIsDecidedNoMoreThoughAllElseIsLost) {
  Events(12, 100, 0);
  EXPECT_THAT(Events(1, 100, 60), ElementsAre("alert raised"));
  monitor = Monitor(Options());
  EXPECT_THAT(Events(20, 100, 60), IsEmpty());
  monitor = Monitor(Options());
  EXPECT_THAT(Events(40, 100, 0), ElementsAre("alert recovered"));
  EXPECT_THAT(OpenAlerts(service), IsEmpty());
}

TEST_F(MonitorTest, AnAlertOfAnotherReleaseEndsThoughAllElseIsLost) {
  Events(12, 100, 0);
  EXPECT_THAT(Events(1, 100, 60), ElementsAre("alert raised"));
  monitor = Monitor(Options());
  service.stable->set = 4;
  observed.traffic->sets[0] = {.set = 4};
  EXPECT_THAT(Events(20, 100, 0), ElementsAre("alert recovered"));
}

TEST_F(MonitorTest, WhatCantBeWatchedIsToldOnce) {
  place = "";
  std::vector<std::string> notes;
  for (int i = 0; i < 30; ++i) {
    for (const deploy::Note& note : Look(10, 0).notes) notes.push_back(note.text);
  }
  EXPECT_THAT(notes, ElementsAre(HasSubstr("log_predictions is false")));
  EXPECT_EQ(loads, 1);

  service.stable->set = 4;
  observed.traffic->sets[0] = {.set = 4};
  Write("profile.json", "{");
  notes.clear();
  for (int i = 0; i < 30; ++i) {
    for (const deploy::Note& note : Look(10, 0).notes) notes.push_back(note.text);
  }
  EXPECT_THAT(notes, ElementsAre(HasSubstr("can't be watched")));
  EXPECT_EQ(loads, 4);  // Again each minute.
}

TEST_F(MonitorTest, NothingIsWatchedOfWhatDoesNotServe) {
  service.down = true;
  EXPECT_TRUE(Look(10, 10).empty());
  service.down = false;
  service.stable.reset();
  EXPECT_TRUE(Look(10, 10).empty());
  EXPECT_EQ(loads, 0);
}

TEST_F(MonitorTest, AClockThatIsSetBackHoldsUpNothing) {
  Write("profile.json", "{");
  Look(10, 0);
  EXPECT_EQ(loads, 1);
  observed.now_ms -= 3'600'000;
  Look(10, 0);
  EXPECT_EQ(loads, 2) << "an artifact that could not be read";
  EXPECT_THAT(Events(24, 100, 20), ElementsAre("alert raised"));
}

TEST_F(MonitorTest, DriftIsTakenUpAfterARestart) {
  Look(10, 0);
  const Json before = monitor.ToJson()["drift"];
  EXPECT_FALSE(before.is_null());
  Restart();
  Look(10, 0);
  EXPECT_EQ(monitor.ToJson()["drift"]["reader"]["digest"], before["reader"]["digest"]);
  EXPECT_EQ(monitor.ToJson()["drift"]["evidence"]["began_ms"], before["evidence"]["began_ms"]);
  EXPECT_FALSE(Monitor::FromJson(Json::object(), Options()).ok());
}

TEST_F(MonitorTest, AnArtifactHasTheFeaturesOfItsSchema) {
  const auto read = ReadWatchedArtifact(LocalFileSystem(), artifact.path());
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  ASSERT_THAT(read->bins, SizeIs(1));
  EXPECT_EQ(read->bins[0].feature, "age");
  const TemporaryDirectory empty;
  const auto none = ReadWatchedArtifact(LocalFileSystem(), empty.path());
  ASSERT_TRUE(none.ok());
  EXPECT_THAT(none->bins, IsEmpty());
  EXPECT_TRUE(none->metrics.is_null());
}

}  // namespace
}  // namespace slipway::monitor
