#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "gate/fake_model.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

using ::testing::HasSubstr;

// What a model answers to a row of "x" and "city": the score of "yes".
using ScoreOf = std::function<double(double x, const std::string& city)>;

// A sound model, until a test spoils it.
class OddPredictor : public model::Predictor {
 public:
  OddPredictor() : inputs_(2) {
    inputs_[0].name = "x";
    inputs_[1].name = "city";
    inputs_[1].type = data::ColumnType::kCategory;
  }

  ScoreOf score = [](double x, const std::string&) { return x >= 0.5 ? 0.75 : 0.25; };
  std::function<Status(const data::Table&)> refuse = [](const data::Table&) { return Status(); };
  double sum = 1;
  bool labels_turned = false;
  bool by_place = false;  // Takes the first column for x, whatever it is called.
  const char* name = "native";

  Result<model::Predictions> Predict(const data::Table& table, int) const override {
    SLIPWAY_RETURN_IF_ERROR(refuse(table));
    model::Predictions answers = model::Predictions::Make(table.rows, 2);
    const data::Column& x = by_place ? table.columns[0] : *table.Find("x");
    const data::Column& city = *table.Find("city");
    for (int64_t row = 0; row < table.rows; ++row) {
      const auto i = static_cast<size_t>(row);
      const double yes = score(x.numbers.empty() ? 1 : x.numbers[i], city.TextAt(row));
      answers.scores[2 * i] = static_cast<float>(sum - yes);
      answers.scores[2 * i + 1] = static_cast<float>(yes);
      answers.labels[i] = (yes > 0.5) != labels_turned ? 1 : 0;
    }
    return answers;
  }
  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return name; }

 private:
  std::vector<model::InputField> inputs_;
  std::vector<std::string> classes_ = {"no", "yes"};
};

class RobustnessGateTest : public testing::Test {
 protected:
  void SetUp() override {
    data::Column city;
    city.name = "city";
    city.type = data::ColumnType::kCategory;
    city.categories = {"Bonn", "Oslo"};
    for (int64_t row = 0; row < case_.rows.rows; ++row)
      city.codes.push_back(static_cast<int32_t>(row % 2));
    case_.rows.columns.push_back(std::move(city));
  }
  Verdict Ask() const {
    model::Model model;
    model.schema = FakeSchema();
    model.schema.inputs = predictor_.inputs();
    model.predictor = std::make_unique<OddPredictor>(predictor_);
    return RobustnessGate(case_.Input(), std::move(model));
  }
  std::string ResultOf(const Verdict& verdict, const std::string& check) const {
    for (const Json& one : verdict.evidence["checks"]) {
      if (one["check"] == check) return one["result"];
    }
    return "not asked";
  }

  GateCase case_;
  OddPredictor predictor_;
};

TEST_F(RobustnessGateTest, ASoundModelPassesEveryCheck) {
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kPass) << verdict.reason;
  EXPECT_EQ(verdict.value, 0);
  EXPECT_EQ(verdict.reason, "13 checks: missing, extreme and unknown values are answered soundly");
  for (const char* check :
       {"columns in another order", "missing x", "missing city", "all values missing",
        "largest numbers", "tiny numbers", "unseen categories", "empty text", "very long text"}) {
    EXPECT_EQ(ResultOf(verdict, check), "sound") << check;
  }
}

TEST_F(RobustnessGateTest, WithALimitOfTheDropEachColumnHasItsOwn) {
  EXPECT_FALSE(Ask().evidence.contains("missing_columns"));
  case_.config.gates.robustness.max_drop = 1;
  const Verdict verdict = Ask();
  // Without x all answers are "no", which half of the rows are.
  const Json& drops = verdict.evidence["missing_columns"];
  EXPECT_EQ(drops["rows"], 100);
  EXPECT_EQ(drops["largest"][0]["column"], "x");
  EXPECT_EQ(drops["largest"][0]["drop"], 0.5);
  EXPECT_EQ(drops["largest"][1]["drop"], 0.0);
}

TEST_F(RobustnessGateTest, AScoreThatIsNoNumberFails) {
  predictor_.score = [](double x, const std::string&) { return x > 1e300 ? NAN : 0.25; };
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.value, 1);
  EXPECT_EQ(verdict.reason, "1 of 13 checks went wrong: largest numbers: a score is nan");
}

TEST_F(RobustnessGateTest, ColumnsAreKnownByTheirNames) {
  predictor_.by_place = true;
  EXPECT_THAT(Ask().reason, HasSubstr("columns in another order: the answers differ"));
}

TEST_F(RobustnessGateTest, ScoresSumToOneAndGoWithTheLabel) {
  predictor_.sum = 0.9;
  EXPECT_THAT(Ask().reason, HasSubstr("scores sum to 0.9"));
  predictor_.sum = 1;
  predictor_.labels_turned = true;
  EXPECT_THAT(Ask().reason, HasSubstr("a label has not the highest score"));
}

TEST_F(RobustnessGateTest, AGraphOfOthersIsHeldToWhatItDoesOnPlainRows) {
  predictor_.name = "onnxruntime";
  predictor_.sum = 0.9;
  predictor_.labels_turned = true;
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kPass) << verdict.reason;
  // Training had no missing values, so that it need not answer them.
  EXPECT_EQ(ResultOf(verdict, "missing x"), "not asked");
}

TEST_F(RobustnessGateTest, WhatLiesOutsideOfTrainingMayBeRefused) {
  predictor_.refuse = [](const data::Table& table) -> Status {
    if (table.Find("city")->categories.size() != 1) return {};
    return Error(ErrorCode::kInvalidInput, "an unknown category");
  };
  const Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kPass) << verdict.reason;
  EXPECT_EQ(ResultOf(verdict, "unseen categories"), "refused");
  EXPECT_THAT(verdict.reason, HasSubstr("or refused (4 times)"));
}

TEST_F(RobustnessGateTest, AMissingValueMayNotBeRefusedAndADefectIsNoRefusal) {
  predictor_.refuse = [](const data::Table& table) -> Status {
    if (!std::isnan(table.Find("x")->numbers[0])) return {};
    return Error(ErrorCode::kInvalidInput, "no x");
  };
  EXPECT_THAT(Ask().reason, HasSubstr("2 of 13 checks went wrong: missing x: no x"));
  predictor_.refuse = [](const data::Table& table) -> Status {
    if (!(table.Find("x")->numbers[0] > 1e300)) return {};
    return Error(ErrorCode::kInternal, "a defect");
  };
  EXPECT_THAT(Ask().reason, HasSubstr("1 of 13 checks went wrong: largest numbers: a defect"));
}

TEST_F(RobustnessGateTest, TheDropIsJudgedOnlyWhereThereIsALimit) {
  EXPECT_FALSE(Ask().evidence.contains("drop"));
  case_.config.gates.robustness.missing_share = 1;
  case_.config.gates.robustness.max_drop = 0.4;
  Verdict verdict = Ask();
  EXPECT_EQ(verdict.outcome, Outcome::kFail);
  EXPECT_EQ(verdict.value, 0.5);
  EXPECT_EQ(verdict.limit, 0.4);
  EXPECT_THAT(verdict.reason, HasSubstr("with 100 % of the values missing accuracy falls by 0.500, "
                                        "more than 0.400"));
  case_.config.gates.robustness.max_drop = 0.5;
  EXPECT_EQ(Ask().outcome, Outcome::kPass);
  // About one row of two loses x, and half of those then have the wrong answer.
  case_.config.gates.robustness.missing_share = 0.5;
  verdict = Ask();
  EXPECT_GT(verdict.value, 0.1);
  EXPECT_LT(verdict.value, 0.4);
}

TEST_F(RobustnessGateTest, WithoutRowsOrAModelNothingIsAsked) {
  EXPECT_EQ(RobustnessGate(GateCase(0).Input(), FakeModel(FakePredictor(), "")).outcome,
            Outcome::kInconclusive);
  EXPECT_EQ(RobustnessGate(case_.Input(), Error(ErrorCode::kInvalidInput, "odd")).outcome,
            Outcome::kFail);
}

}  // namespace
}  // namespace slipway::gate
