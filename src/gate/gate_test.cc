#include "gate/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "core/interrupt.h"
#include "gate/fake_model.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

class GateTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = testing::TempDir() + "slipway_gate_" + test->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    case_.directory = directory_;
    predictor_.clock = &clock_;
    predictor_.seconds_a_call = 0.00002;
    predictor_.seconds_a_row = 0.000001;
    const auto predictions = predictor_.Predict(case_.rows, 1);
    Write("golden.jsonl",
          model::WriteGolden(case_.rows, FakeSchema().inputs, *predictions, FakeSchema()));
    Write("model.onnx", std::string(5000, 'm'));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << text;
  }

  std::vector<Verdict> Run(ProductionModel* production = nullptr) {
    return RunGatesWith(LocalFileSystem(), clock_, case_.Input(production),
                        [this](FileSystem&, const std::string&) -> Result<model::Model> {
                          return FakeModel(predictor_, "sha256:new");
                        })
        .value();
  }

  Verdict Find(const std::vector<Verdict>& verdicts, const std::string& name) const {
    for (const Verdict& verdict : verdicts) {
      if (verdict.name == name) return verdict;
    }
    ADD_FAILURE() << "no gate " << name;
    return {};
  }

  std::string directory_;
  FakeClock clock_;
  FakePredictor predictor_;
  GateCase case_;
};

TEST_F(GateTest, AllInOrder) {
  case_.config.performance_thresholds = {{"accuracy", 0.85}, {"f1_score", 0.8}};
  std::vector<std::string> names;
  const std::vector<Verdict> verdicts = Run();
  for (const Verdict& verdict : verdicts) {
    names.push_back(verdict.name);
    EXPECT_EQ(verdict.outcome, Outcome::kPass) << verdict.name << ": " << verdict.reason;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"accuracy", "f1", "single_latency", "batch_latency",
                                             "size", "parity", "robustness", "baseline"}));
  EXPECT_TRUE(Passed(verdicts));
  EXPECT_TRUE(Repeatable(verdicts));
}

TEST_F(GateTest, NamesAreThoseOfTheVerdicts) {
  for (const bool all : {false, true}) {
    case_.config.performance_thresholds = {{"f1_score", 0.8}};
    case_.config.gates.parity = all;
    case_.config.gates.beats_baseline = all;
    if (all) case_.config.gates.max_train_test_gap = 0.5;
    std::vector<std::string> names;
    for (const Verdict& verdict : Run()) names.push_back(verdict.name);
    EXPECT_EQ(GateNames(case_.config), names);
  }
}

TEST_F(GateTest, ThresholdsTellBothNumbers) {
  case_.config.performance_thresholds = {{"accuracy", 0.95}};
  const Verdict verdict = Find(Run(), "accuracy");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "accuracy 0.900 is below 0.950");
  EXPECT_DOUBLE_EQ(verdict.value, 0.9);
  EXPECT_DOUBLE_EQ(verdict.limit, 0.95);
  EXPECT_EQ(verdict.evidence["interval"], (Json{0.84, 0.95}));
}

TEST_F(GateTest, AThresholdThatIsJustReachedPasses) {
  case_.config.performance_thresholds = {{"accuracy", 0.9}, {"log_loss", 0.3}};
  EXPECT_TRUE(Passed(Run()));
}

TEST_F(GateTest, OfAnErrorLessIsBetter) {
  case_.config.performance_thresholds = {{"log_loss", 0.2}};
  const Verdict verdict = Find(Run(), "log_loss");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "log_loss 0.300 is above 0.200");
}

TEST_F(GateTest, AnUnknownMetricIsNeverAPass) {
  case_.config.performance_thresholds = {{"acuracy", 0.0}};
  const Verdict verdict = Find(Run(), "acuracy");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "there is no metric acuracy; expected accuracy, auc, f1 or log_loss");
  EXPECT_TRUE(ToJson(verdict)["value"].is_null());
}

TEST_F(GateTest, AMetricThatCannotBeComputedIsNeverAPass) {
  case_.metrics["auc"] = std::numeric_limits<double>::quiet_NaN();
  case_.config.performance_thresholds = {{"auc", 0.0}};
  EXPECT_EQ(Find(Run(), "auc").outcome, Outcome::kFail);
}

TEST_F(GateTest, SingleLatencyIsTheMedianOfOneRowCalls) {
  std::vector<double> calls;
  predictor_.calls = &calls;
  const Verdict verdict = Find(Run(), "single_latency");
  EXPECT_NEAR(verdict.value, 0.000021, 1e-9);
  EXPECT_NEAR(verdict.evidence["p99_seconds"].get<double>(), 0.000021, 1e-9);
  EXPECT_EQ(verdict.evidence["predictions"], 200);
  EXPECT_EQ(std::ranges::count(calls, 1.0), 203);
}

TEST_F(GateTest, ASlowModelFailsWithinItsBudget) {
  predictor_.seconds_a_call = 0.25;
  std::vector<double> calls;
  predictor_.calls = &calls;
  const std::vector<Verdict> verdicts = Run();
  const Verdict single = Find(verdicts, "single_latency");
  EXPECT_EQ(single.outcome, Outcome::kFail);
  EXPECT_EQ(single.reason, "a single prediction takes 250 ms, not under 100 ms");
  EXPECT_EQ(single.evidence["predictions"], 5);
  EXPECT_EQ(Find(verdicts, "batch_latency").evidence["batches"], 3);
  EXPECT_FALSE(Passed(verdicts));
  EXPECT_FALSE(Repeatable(verdicts)) << "the machine may have been busy";
}

TEST_F(GateTest, BatchesAreThreeAfterAWarmUpHoweverLongTheyTake) {
  std::vector<double> calls;
  predictor_.calls = &calls;
  predictor_.seconds_a_row = 0.0002;
  const Verdict verdict = Find(Run(), "batch_latency");
  EXPECT_EQ(verdict.evidence["batches"], 3);
  const auto batch = static_cast<double>(case_.rows.rows);
  // One more is the golden rows of parity.
  EXPECT_EQ(std::ranges::count(calls, batch), 1 + 3 + 1);
}

TEST_F(GateTest, BatchLatencyIsARowsShareOfItsBatch) {
  case_ = GateCase(2500);
  case_.directory = directory_;
  predictor_.seconds_a_call = 0.001;
  const Verdict verdict = Find(Run(), "batch_latency");
  EXPECT_NEAR(verdict.value, (0.001 + 1000 * 0.000001) / 1000, 1e-9);
  EXPECT_EQ(verdict.evidence["rows"], 1000);
  EXPECT_EQ(verdict.outcome, Outcome::kPass);
}

TEST_F(GateTest, WithoutTestRowsLatencyIsInconclusive) {
  case_ = GateCase(0);
  case_.directory = directory_;
  const Verdict verdict = Find(Run(), "single_latency");
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.reason, "not measured: the test part has no rows");
}

TEST_F(GateTest, SizeCountsEveryFile) {
  std::filesystem::create_directories(directory_ + "/sub");
  Write("sub/extra", std::string(2'000'000, 'x'));
  case_.config.gates.max_size_mb = 2;
  const Verdict verdict = Find(Run(), "size");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_GT(verdict.value, 2.005);
  EXPECT_EQ(verdict.reason, "the artifact is 2.0 MB, not under 2.0 MB");
}

TEST_F(GateTest, ParityTellsALabelThatChanged) {
  predictor_.cut = 0.52;  // Two rows of a hundred answer otherwise than golden.jsonl says.
  const Verdict verdict = Find(Run(), "parity");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.evidence["label_mismatches"], 2);
  EXPECT_NEAR(verdict.value, 0.5, 1e-6);
}

TEST_F(GateTest, ParityNeedsRowsToCompare) {
  Write("golden.jsonl", "");
  EXPECT_EQ(Find(Run(), "parity").outcome, Outcome::kFail);
}

TEST_F(GateTest, AnArtifactThatCannotBeReadIsAnErrorAndNoVerdict) {
  std::filesystem::remove(directory_ + "/golden.jsonl");
  const auto whole = [this](FileSystem&, const std::string&) -> Result<model::Model> {
    return FakeModel(predictor_, "sha256:new");
  };
  EXPECT_EQ(RunGatesWith(LocalFileSystem(), clock_, case_.Input(), whole).error().code(),
            ErrorCode::kNotFound);
  const auto damaged = [](FileSystem&, const std::string&) -> Result<model::Model> {
    return Error(ErrorCode::kIntegrity, "model.onnx differs");
  };
  EXPECT_EQ(RunGatesWith(LocalFileSystem(), clock_, case_.Input(), damaged).error().code(),
            ErrorCode::kIntegrity);
}

TEST_F(GateTest, AModelThatCannotBeLoadedFailsEvenWithoutParity) {
  case_.config.gates.parity = false;
  const auto verdicts = RunGatesWith(LocalFileSystem(), clock_, case_.Input(),
                                     [](FileSystem&, const std::string&) -> Result<model::Model> {
                                       return Error(ErrorCode::kInvalidInput, "an odd operator");
                                     })
                            .value();
  const Verdict parity = Find(verdicts, "parity");
  EXPECT_EQ(parity.outcome, Outcome::kFail);
  EXPECT_NE(parity.reason.find("an odd operator"), std::string::npos);
  EXPECT_EQ(Find(verdicts, "single_latency").outcome, Outcome::kFail);
  EXPECT_FALSE(Passed(verdicts));
}

TEST_F(GateTest, BaselineComparesWithTheMostFrequentClassOfTheTestRows) {
  case_.target.classes.assign(100, 0);
  for (size_t i = 0; i < 10; ++i) case_.target.classes[i] = 1;
  const Verdict verdict = Find(Run(), "baseline");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);  // 0.9 is what "no" alone reaches.
  EXPECT_NEAR(verdict.value, 0, 1e-12);
  case_.metrics["accuracy"] = 0.91;
  EXPECT_EQ(Find(Run(), "baseline").outcome, Outcome::kPass);
}

TEST_F(GateTest, ACautiousThresholdIsHeldAgainstTheWorseEndOfTheInterval) {
  case_.config.gates.lower_bound = true;
  case_.config.performance_thresholds = {{"accuracy", 0.85}};
  Verdict verdict = Find(Run(), "accuracy");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  // statsmodels' proportion_confint(90, 100, method="wilson") begins lower than the bootstrap.
  EXPECT_EQ(verdict.reason, "the lower end of accuracy's Wilson interval 0.826 is below 0.850");
  EXPECT_EQ(verdict.evidence["figure"], 0.9);
  case_.config.performance_thresholds = {{"accuracy", 0.82}};
  EXPECT_EQ(Find(Run(), "accuracy").outcome, Outcome::kPass);
  case_.intervals["accuracy"] = {0.81, 0.95};
  verdict = Find(Run(), "accuracy");
  EXPECT_EQ(verdict.reason, "the lower end of accuracy's interval 0.810 is below 0.820");
  // Of an error the upper end.
  case_.intervals["log_loss"] = {0.2, 0.4};
  case_.config.performance_thresholds = {{"log_loss", 0.35}};
  EXPECT_EQ(Find(Run(), "log_loss").outcome, Outcome::kFail);
  // Without an interval nothing is shown.
  case_.config.performance_thresholds = {{"auc", 0.5}};
  EXPECT_EQ(Find(Run(), "auc").outcome, Outcome::kFail);
}

// Five right answers of five are five in every resample, and prove little.
TEST_F(GateTest, AnIntervalWithoutWidthProvesNothing) {
  case_ = GateCase(5);
  case_.directory = directory_;
  case_.config.gates.lower_bound = true;
  case_.metrics = {{"accuracy", 1}, {"auc", 1}, {"brier", 0}, {"log_loss", 0}};
  case_.intervals = {
      {"accuracy", {1, 1}}, {"auc", {1, 1}}, {"brier", {0, 0}}, {"log_loss", {0, 0}}};
  case_.config.performance_thresholds = {
      {"accuracy", 0.5}, {"auc", 0.5}, {"brier", 0.5}, {"log_loss", 0.5}};
  std::vector<Verdict> verdicts = Run();
  EXPECT_EQ(Find(verdicts, "accuracy").outcome, Outcome::kFail);
  EXPECT_EQ(Find(verdicts, "auc").reason, "auc by the rule of three 0.400 is below 0.500");
  EXPECT_EQ(Find(verdicts, "brier").reason, "brier by the rule of three 0.600 is above 0.500");
  EXPECT_EQ(Find(verdicts, "log_loss").outcome, Outcome::kPass) << "no share, and no bound";
  // A thousand right answers do.
  case_ = GateCase(1000);
  case_.directory = directory_;
  case_.config.gates.lower_bound = true;
  case_.metrics = {{"accuracy", 1}};
  case_.intervals = {{"accuracy", {1, 1}}};
  case_.config.performance_thresholds = {{"accuracy", 0.99}};
  EXPECT_EQ(Find(Run(), "accuracy").outcome, Outcome::kPass);
  // Unless they are of ten groups.
  for (int32_t row = 0; row < 1000; ++row) case_.groups.push_back(row / 100);
  EXPECT_NEAR(Find(Run(), "accuracy").value, 0.7, 1e-12);
}

TEST_F(GateTest, TheGapBetweenTrainingAndTestIsAskedForOnlyWhereThereIsALimit) {
  for (const Verdict& verdict : Run()) EXPECT_NE(verdict.name, "train_test_gap");
  case_.config.gates.max_train_test_gap = 0.05;
  const Verdict verdict = Find(Run(), "train_test_gap");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason,
            "accuracy is 0.970 on the training part and 0.900 on the test part: the gap 0.070 is "
            "above 0.050");
  case_.config.gates.max_train_test_gap = 0.1;
  EXPECT_EQ(Find(Run(), "train_test_gap").outcome, Outcome::kPass);
  case_.train_metrics.clear();
  EXPECT_EQ(Find(Run(), "train_test_gap").outcome, Outcome::kFail);
}

TEST_F(GateTest, TheBaselineOfARegressionIsTheMean) {
  case_.target.task = data::Task::kRegression;
  case_.target.labels.clear();
  case_.target.values.assign(case_.target.classes.begin(), case_.target.classes.end());
  case_.target.classes.clear();
  case_.metrics = {{"r2", 0.25}, {"rmse", 3}};
  case_.config.performance_thresholds = {{"rmse", 2}};
  const std::vector<Verdict> verdicts = Run();
  EXPECT_EQ(Find(verdicts, "baseline").outcome, Outcome::kPass);
  EXPECT_EQ(Find(verdicts, "rmse").reason, "rmse 3.000 is above 2.000");
  case_.metrics["r2"] = -0.01;
  const Verdict verdict = Find(Run(), "baseline");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason,
            "r2 -0.010 is not above the 0 of always answering with the mean of the test rows; "
            "model.gates.beats_baseline asks for it");
  case_.metrics.erase("r2");
  EXPECT_EQ(Find(Run(), "baseline").outcome, Outcome::kFail);
}

TEST_F(GateTest, GatesThatAreSwitchedOffAreNotAsked) {
  case_.config.gates.parity = false;
  case_.config.gates.beats_baseline = false;
  case_.config.gates.robustness.enabled = false;
  for (const Verdict& verdict : Run()) {
    EXPECT_NE(verdict.name, "parity");
    EXPECT_NE(verdict.name, "robustness");
    EXPECT_NE(verdict.name, "baseline");
  }
}

TEST_F(GateTest, ADryRunIsReportedAndFailsNothing) {
  case_.config.performance_thresholds = {{"f1", 0.99}};
  case_.config.gates.dry_run = {"f1_score"};
  const std::vector<Verdict> verdicts = Run();
  const Verdict verdict = Find(verdicts, "f1");
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_TRUE(verdict.dry_run);
  EXPECT_TRUE(Passed(verdicts));
}

// To a gate an interrupt looks like a model that can't answer, and such a verdict would be kept.
TEST_F(GateTest, AnInterruptIsNoVerdict) {
  const volatile std::sig_atomic_t interrupted = 1;
  const volatile std::sig_atomic_t* before = InterruptFlag();
  FollowInterrupts(&interrupted);
  const auto verdicts = RunGatesWith(LocalFileSystem(), clock_, case_.Input(),
                                     [this](FileSystem&, const std::string&) -> LoadedModel {
                                       return FakeModel(predictor_, "sha256:new");
                                     });
  FollowInterrupts(before);
  ASSERT_FALSE(verdicts.ok());
  EXPECT_EQ(verdicts.error().code(), ErrorCode::kInterrupted);
}

TEST_F(GateTest, AnArtifactThatIsNotThereIsAnError) {
  case_.directory = directory_ + "/nowhere";
  EXPECT_FALSE(RunGates(LocalFileSystem(), clock_, case_.Input()).ok());
}

TEST(SliceRowsTest, OneRowCarriesOnlyItsOwnCategory) {
  data::Table table;
  table.rows = 3;
  data::Column city;
  city.name = "city";
  city.type = data::ColumnType::kCategory;
  city.categories = {"Bonn", "Oslo"};
  city.codes = {1, data::kMissingCode, 0};
  table.columns.push_back(city);
  std::vector<model::InputField> inputs(2);
  inputs[0].name = "city";
  inputs[1].name = "absent";
  const data::Table first = SliceRows(table, inputs, 0, 1);
  ASSERT_EQ(first.columns.size(), 1U);
  EXPECT_EQ(first.columns[0].categories, std::vector<std::string>{"Oslo"});
  EXPECT_EQ(first.columns[0].codes, std::vector<int32_t>{0});
  EXPECT_EQ(SliceRows(table, inputs, 1, 1).columns[0].codes,
            std::vector<int32_t>{data::kMissingCode});
  EXPECT_EQ(SliceRows(table, inputs, 1, 10).rows, 2);
}

}  // namespace
}  // namespace slipway::gate
