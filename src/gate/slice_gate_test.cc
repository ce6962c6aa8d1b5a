// The gates on parts of the test rows, and on what gives them away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gate/fake_model.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

train::Slice SliceOf(const std::string& part, int64_t rows, double accuracy) {
  train::Slice slice;
  slice.conditions = {{"sex", part}};
  slice.rows = rows;
  slice.metrics = {{"accuracy", accuracy}, {"log_loss", 1 - accuracy}, {"auc", kNaN}};
  slice.intervals = {{"accuracy", {accuracy - 0.1, accuracy + 0.1}}};
  return slice;
}

class SliceGateTest : public testing::Test {
 protected:
  void SetUp() override {
    case_.config.slices.columns = {"sex"};
    case_.config.gates.slice_floor = {{"accuracy", 0.8}};
    case_.slices.named = {SliceOf("= f", 100, 0.85), SliceOf("= m", 200, 0.9)};
  }
  Verdict Ask() const { return SliceFloorGate(case_.Input()).value(); }

  GateCase case_;
};

TEST_F(SliceGateTest, EachSliceMustReachTheFloor) {
  Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kPass);
  EXPECT_EQ(verdict.value, 0.85);
  EXPECT_EQ(verdict.limit, 0.8);
  EXPECT_EQ(verdict.reason,
            "worst of 2 slices: accuracy 0.850 is at least 0.800 on sex = f (100 rows)");
  case_.config.gates.slice_floor = {{"accuracy", 0.88}};
  verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "accuracy 0.850 is below 0.880 on sex = f (100 rows)");
  EXPECT_EQ(verdict.evidence["slices"][1]["verdict"], "pass");
  case_.config.gates.slice_floor = {{"accuracy", 0.95}};
  EXPECT_THAT(Ask().reason, HasSubstr("on sex = f (100 rows), and 1 other is"));
}

TEST_F(SliceGateTest, AnErrorHasACeiling) {
  case_.config.gates.slice_floor = {{"log_loss", 0.12}};
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "log_loss 0.150 is above 0.120 on sex = f (100 rows)");
  EXPECT_EQ(verdict.evidence["comparison"], "at most");
}

TEST_F(SliceGateTest, TooFewRowsDecideNothing) {
  case_.slices.named.push_back(SliceOf("missing", 29, 0.1));
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_THAT(verdict.reason, HasSubstr("1 slice with fewer than 30 rows or without the metric: "
                                        "sex missing"));
  // What is shown by others stands.
  case_.config.gates.slice_floor = {{"accuracy", 0.88}};
  EXPECT_EQ(Ask().outcome, Outcome::kFail);
  // A metric that no slice has.
  case_.config.gates.slice_floor = {{"auc", 0.5}};
  EXPECT_EQ(Ask().outcome, Outcome::kInconclusive);
  EXPECT_TRUE(std::isnan(Ask().value));
}

TEST_F(SliceGateTest, AMetricOfAnotherTaskIsNeverAPass) {
  case_.config.gates.slice_floor = {{"accuracy", 0.8}, {"rmse", 3}};
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "there is no metric rmse; expected accuracy, auc, f1 or log_loss");
  EXPECT_EQ(verdict.limit, 3);
  EXPECT_TRUE(std::isnan(verdict.value));
}

TEST_F(SliceGateTest, ACautiousFloorIsHeldAgainstTheInterval) {
  case_.config.gates.lower_bound = true;
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_NEAR(verdict.value, 0.75, 1e-12);
}

TEST_F(SliceGateTest, IsAskedOfNamedColumnsOnlyAndOnlyWhereThereIsAFloor) {
  case_.slices.named.push_back(SliceOf("= x", 100, 0.1));
  case_.slices.named.back().conditions[0].column = "city";
  EXPECT_EQ(Ask().outcome, Outcome::kPass);
  case_.config.gates.slice_floor.clear();
  EXPECT_FALSE(SliceFloorGate(case_.Input()).has_value());
}

// Newcombe 1998, table II, method 10: 56/70 against 48/80, 9/10 against 3/10.
TEST(BoundGroupDifference, EqualsNewcombesExamples) {
  constexpr double kZ = 1.959963984540054;
  const auto share = [](double hits, double rows) {
    return GroupFigure{"", rows, hits / rows, hits, 0};
  };
  DifferenceBounds bounds = BoundGroupDifference(share(56, 70), share(48, 80), kZ);
  EXPECT_NEAR(bounds.lower, 0.0524, 5e-5);
  EXPECT_NEAR(bounds.upper, 0.3339, 5e-5);
  bounds = BoundGroupDifference(share(9, 10), share(3, 10), kZ);
  EXPECT_NEAR(bounds.lower, 0.1705, 5e-5);
  EXPECT_NEAR(bounds.upper, 0.8090, 5e-5);
  // Of means: 2 standard errors of hypot(3 / 10, 4 / 10) around 1.
  bounds = BoundGroupDifference({"", 100, 5, {}, 3}, {"", 100, 4, {}, 4}, 2);
  EXPECT_NEAR(bounds.lower, 0, 1e-12);
  EXPECT_NEAR(bounds.upper, 2, 1e-12);
}

class GroupGateTest : public testing::Test {
 protected:
  // Rows of a group: positives, answers with the positive class, both.
  void Add(const std::string& part, int64_t rows, train::SliceTally tally) {
    const auto wrong = static_cast<double>(tally.positives + tally.answers - 2 * tally.hits);
    train::Slice slice = SliceOf(part, rows, 1 - wrong / static_cast<double>(rows));
    slice.tally = tally;
    case_.slices.named.push_back(std::move(slice));
  }
  Verdict Ask(const std::string& metric, double max) {
    case_.config.gates.group_gap = {{"sex", metric, max}};
    return GroupGapGate(case_.Input()).value();
  }
  Json Gap(const Verdict& verdict) const { return verdict.evidence["gaps"][0]; }

  GateCase case_;
};

TEST_F(GroupGateTest, HasTheFiguresThatTheNamesOfFairnessMean) {
  Add("= f", 1000, {.positives = 400, .answers = 300, .hits = 200});
  Add("= m", 2000, {.positives = 1000, .answers = 1200, .hits = 900});
  const auto gap = [&](const std::string& metric) { return Ask(metric, 1).value; };
  EXPECT_NEAR(gap("selection_rate"), 0.6 - 0.3, 1e-12);
  EXPECT_NEAR(gap("recall"), 0.9 - 0.5, 1e-12);
  EXPECT_NEAR(gap("precision"), 900.0 / 1200 - 200.0 / 300, 1e-12);
  EXPECT_NEAR(gap("false_positive_rate"), 300.0 / 1000 - 100.0 / 600, 1e-12);
  EXPECT_NEAR(gap("accuracy"), (1 - 400.0 / 2000) - (1 - 300.0 / 1000), 1e-12);
  const Verdict odds = Ask("equalized_odds", 0.2);
  EXPECT_EQ(odds.evidence["gaps"].size(), 2U);
  EXPECT_NEAR(odds.value, 0.4, 1e-12);
  EXPECT_THAT(odds.reason, HasSubstr("worst of 2 gaps"));
}

TEST_F(GroupGateTest, IsDecidedByTheInterval) {
  Add("= f", 1000, {.positives = 500, .answers = 300, .hits = 250});
  Add("= m", 1000, {.positives = 500, .answers = 500, .hits = 400});
  const Verdict fail = Ask("selection_rate", 0.1);
  EXPECT_EQ(fail.outcome, Outcome::kFail);
  EXPECT_THAT(fail.reason, HasSubstr("selection_rate by sex: 0.500 on sex = m and 0.300 on sex = "
                                     "f, a gap of 0.200 [0.15"));
  EXPECT_EQ(Ask("selection_rate", 0.2).outcome, Outcome::kInconclusive);
  EXPECT_EQ(Ask("selection_rate", 0.3).outcome, Outcome::kPass);
}

TEST_F(GroupGateTest, TheIntervalOfManyGroupsHoldsForAllPairs) {
  Add("= f", 1000, {.positives = 500, .answers = 300, .hits = 250});
  Add("= m", 1000, {.positives = 500, .answers = 500, .hits = 400});
  const Json two = Gap(Ask("selection_rate", 0.1));
  Add("= x", 1000, {.positives = 500, .answers = 400, .hits = 300});
  const Json three = Gap(Ask("selection_rate", 0.1));
  EXPECT_EQ(two["gap"], three["gap"]);
  EXPECT_LT(three["lower"].get<double>(), two["lower"].get<double>());
  EXPECT_GT(three["upper"].get<double>(), two["upper"].get<double>());
}

// The group that gets nothing has 30 rows: it may as well be far above the other.
TEST_F(GroupGateTest, AGapMayLieOnEitherSideOfASmallGroup) {
  Add("= f", 30, {.positives = 15, .answers = 0, .hits = 0});
  Add("= m", 3000, {.positives = 1500, .answers = 30, .hits = 20});
  const Verdict verdict = Ask("selection_rate", 0.05);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive) << verdict.reason;
  EXPECT_NEAR(verdict.value, 0.01, 1e-12);
  // Wilson's upper end of 0 of 30 is 0.1135.
  EXPECT_NEAR(Gap(verdict)["upper"].get<double>(), 0.1035, 0.0005);
  EXPECT_EQ(Ask("selection_rate", 0.11).outcome, Outcome::kPass);
}

TEST_F(GroupGateTest, SmallGroupsAreLeftOut) {
  Add("= f", 1000, {.positives = 500, .answers = 300, .hits = 250});
  Add("= m", 1000, {.positives = 29, .answers = 300, .hits = 10});
  // Of too few positives recall says nothing.
  const Verdict verdict = Ask("recall", 0.1);
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_THAT(verdict.reason, HasSubstr("1 group with 30 rows or more"));
  EXPECT_EQ(Gap(verdict)["groups_left_out"], 1);
  EXPECT_EQ(Ask("selection_rate", 0.1).outcome, Outcome::kPass);
}

TEST_F(GroupGateTest, AMetricThatThereIsNotIsNeverAPass) {
  Add("= f", 1000, {});
  Add("= m", 1000, {});
  EXPECT_EQ(Ask("mae", 1).reason, "there is no mae of classes");
  EXPECT_EQ(Ask("mae", 1).outcome, Outcome::kFail);
  case_.target.positive = -1;
  EXPECT_EQ(Ask("recall", 1).reason, "there is no recall of more than two classes");
  EXPECT_EQ(Ask("accuracy", 1).outcome, Outcome::kPass);
}

TEST_F(GroupGateTest, OfARegressionMeansAreCompared) {
  case_.target.task = data::Task::kRegression;
  Add("= f", 100, {.absolute_error = {5, 2}, .error = {-1, 4}, .estimate = {50, 1}});
  Add("= m", 100, {.absolute_error = {7, 2}, .error = {1, 4}, .estimate = {50, 1}});
  EXPECT_NEAR(Ask("mae", 1).value, 2, 1e-12);
  EXPECT_EQ(Ask("mae", 1).outcome, Outcome::kFail);
  EXPECT_NEAR(Ask("mean_error", 4).value, 2, 1e-12);
  EXPECT_EQ(Ask("mean_estimate", 0.5).outcome, Outcome::kPass);
  EXPECT_EQ(Ask("recall", 0.5).reason, "there is no recall of numbers");
}

TEST(LeakageGateTest, IsAskedOnlyWhereThereIsALimit) {
  GateCase rows;
  rows.leakage = {{{"age", 0.4}, {"refund", 0.99}, {"id", kNaN}}, 0.1, 10};
  const auto ask = [&] { return LeakageGate(rows.Input()); };
  EXPECT_FALSE(ask().has_value());
  rows.config.gates.leakage.max_association = 0.95;
  Verdict verdict = ask().value();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "refund alone tells 99.0 % of what is unknown of y: above 95 %");
  rows.config.gates.leakage.max_association = 1;
  rows.config.gates.leakage.max_shared_rows = 0.1;
  verdict = ask().value();
  EXPECT_EQ(verdict.outcome, Outcome::kPass);
  EXPECT_EQ(verdict.evidence["shared_rows"], 10);
  rows.config.gates.leakage.max_shared_rows = 0.05;
  verdict = ask().value();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.reason, "10 rows of the test part (10.0 %) that training has, too: above 5 %");
}

}  // namespace
}  // namespace slipway::gate
