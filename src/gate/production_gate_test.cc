#include <gtest/gtest.h>

#include "gate/fake_model.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

class FakeProduction : public ProductionModel {
 public:
  FakePredictor predictor;
  std::string digest = "sha256:old";
  std::vector<std::string> classes = {"no", "yes"};
  bool there = true;
  std::optional<Error> broken;
  bool same_split = true;
  bool ready_graph = false;

  Result<std::optional<ProductionVersion>> Load() override {
    if (broken) return *broken;
    if (!there) return std::optional<ProductionVersion>();
    model::Model model = FakeModel(predictor, digest);
    model.schema.classes = classes;
    return std::optional(ProductionVersion{std::move(model), same_split, ready_graph});
  }
};

class ProductionGateTest : public testing::Test {
 protected:
  Result<std::optional<Verdict>> TryToAsk() {
    return ProductionVerdict(case_.Input(&production_), FakeModel(candidate_, "sha256:new"));
  }
  std::optional<Verdict> Ask() { return TryToAsk().value(); }

  GateCase case_{2000};
  FakePredictor candidate_;
  FakeProduction production_;
};

// Expected bounds come from a numerical constrained maximum-likelihood search in SciPy, not from
// this formula.
TEST(BoundDifferenceTest, AgreesWithNumericalLikelihood) {
  struct Example {
    int64_t only_candidate, only_production, rows;
    double confidence, lower, upper;
  };
  const std::vector<Example> examples = {
      {40, 52, 1000, 0.95, -0.0280727126, 0.0038264431},
      {3, 9, 100, 0.95, -0.1234432692, -0.0033601683},
      {0, 0, 300, 0.95, -0.0089378724, 0.0089378724},
      {7, 1, 44, 0.975, 0.0131219199, 0.2766600737},
  };
  for (const Example& example : examples) {
    const DifferenceBounds bounds = BoundDifference(
        {example.rows, example.only_candidate, example.only_production}, example.confidence);
    EXPECT_NEAR(bounds.lower, example.lower, 1e-7);
    EXPECT_NEAR(bounds.upper, example.upper, 1e-7);
  }
}

TEST(BoundDifferenceTest, HoldsAtTheEdges) {
  const DifferenceBounds all = BoundDifference({50, 50, 0}, 0.95);
  // Here the equation has a closed solution: (n - z²) / (n + z²).
  EXPECT_NEAR(all.lower, (50 - 2.705543) / (50 + 2.705543), 1e-6);
  EXPECT_LE(all.upper, 1.0);
  const DifferenceBounds nothing = BoundDifference({}, 0.95);
  EXPECT_EQ(nothing.lower, -1);
  EXPECT_EQ(nothing.upper, 1);
}

TEST_F(ProductionGateTest, NothingInProductionIsNoGate) {
  production_.there = false;
  EXPECT_FALSE(Ask().has_value());
  EXPECT_FALSE(
      ProductionVerdict(case_.Input(nullptr), FakeModel(candidate_, "sha256:new"))->has_value());
}

TEST_F(ProductionGateTest, EqualAnswersPass) {
  const std::optional<Verdict> verdict = Ask();
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->outcome, Outcome::kPass) << verdict->reason;
  EXPECT_EQ(verdict->value, 0);
  EXPECT_EQ(verdict->limit, -0.01);
  EXPECT_EQ(verdict->evidence["rows"], 2000);
}

TEST_F(ProductionGateTest, AWorseModelFails) {
  candidate_.cut = 0.55;  // Wrong on 100 of 2,000 rows.
  const std::optional<Verdict> verdict = Ask();
  EXPECT_EQ(verdict->outcome, Outcome::kFail) << verdict->reason;
  EXPECT_NEAR(verdict->value, -0.05, 1e-12);
  EXPECT_EQ(verdict->evidence["only_production_right"], 100);
}

TEST_F(ProductionGateTest, ABetterModelPasses) {
  production_.predictor.cut = 0.55;
  EXPECT_EQ(Ask()->outcome, Outcome::kPass);
}

TEST_F(ProductionGateTest, TooFewRowsAreInconclusive) {
  case_ = GateCase(50);
  const std::optional<Verdict> verdict = Ask();
  EXPECT_EQ(verdict->outcome, Outcome::kInconclusive);
  EXPECT_NE(verdict->reason.find("too few rows"), std::string::npos);
}

TEST_F(ProductionGateTest, TheSameDigestNeedsNoRows) {
  case_ = GateCase(50);
  production_.digest = "sha256:new";
  EXPECT_EQ(Ask()->outcome, Outcome::kPass);
}

TEST_F(ProductionGateTest, LabelsAreComparedByTextNotByIndex) {
  production_.classes = {"yes", "no"};  // The same index means the other label.
  const std::optional<Verdict> verdict = Ask();
  EXPECT_NEAR(verdict->value, 1.0, 1e-12);
}

TEST_F(ProductionGateTest, AnOlderModelThatNeedsOtherInputsIsInconclusive) {
  case_.rows.columns[0].name = "z";
  const std::optional<Verdict> verdict = Ask();
  EXPECT_EQ(verdict->outcome, Outcome::kInconclusive);
  EXPECT_NE(verdict->reason.find("the input x is missing"), std::string::npos);
}

TEST_F(ProductionGateTest, ADamagedVersionOrAFailingRegistryIsAnErrorAndNoVerdict) {
  for (const ErrorCode code : {ErrorCode::kIntegrity, ErrorCode::kUnavailable}) {
    production_.broken = Error(code, "can't be read");
    const auto asked = TryToAsk();
    ASSERT_FALSE(asked.ok());
    EXPECT_EQ(asked.error().code(), code);
  }
}

TEST_F(ProductionGateTest, AModelThatThisBuildCannotRunIsInconclusive) {
  production_.broken = Error(ErrorCode::kInvalidInput, "an unknown operator");
  EXPECT_EQ(Ask()->outcome, Outcome::kInconclusive);
}

// Production knows the rows that it learned from: it would win on them whatever the candidate is.
TEST_F(ProductionGateTest, RowsThatProductionMayKnowDecideNothing) {
  production_.same_split = false;
  const auto verdict = Ask();
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->outcome, Outcome::kInconclusive);
  EXPECT_NE(verdict->reason.find("may know these test rows"), std::string::npos);
}

// A split of ours says nothing of what a graph learned from elsewhere.
TEST_F(ProductionGateTest, AReadyGraphInProductionDecidesNothing) {
  production_.ready_graph = true;
  const auto verdict = Ask();
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->outcome, Outcome::kInconclusive);
  EXPECT_NE(verdict->reason.find("came as a ready graph"), std::string::npos);
}

// All rows that the candidate gets wrong are of one group of twenty, which may be chance.
TEST_F(ProductionGateTest, RowsOfOneGroupCountTogether) {
  candidate_.cut = 0.55;
  ASSERT_EQ(Ask()->outcome, Outcome::kFail);
  for (int32_t row = 0; row < 2000; ++row) case_.groups.push_back(row / 100);
  const auto verdict = Ask();
  EXPECT_EQ(verdict->outcome, Outcome::kInconclusive) << verdict->reason;
  EXPECT_NEAR(verdict->value, -0.05, 1e-12);
  EXPECT_LT(verdict->evidence["lower"].get<double>(), -0.1);
  EXPECT_EQ(verdict->evidence["upper"], 0);
}

// Two groups that agree are no proof that others would.
TEST_F(ProductionGateTest, FewGroupsProveNoMoreThanTheirRows) {
  case_ = GateCase(50);
  for (int32_t row = 0; row < 50; ++row) case_.groups.push_back(row / 25);
  EXPECT_EQ(Ask()->outcome, Outcome::kInconclusive);
}

}  // namespace
}  // namespace slipway::gate
