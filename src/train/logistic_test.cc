#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "model/scorer.h"
#include "train/logistic_options_internal.h"
#include "train/test_sample_internal.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Columns of very different scale and place; the class follows some of them, with noise.
Sample MakeSample(int64_t rows, int64_t columns, int classes) {
  Random random(3);
  Sample sample;
  sample.class_count = classes;
  sample.matrix.rows = rows;
  sample.matrix.columns = columns;
  sample.matrix.values.resize(static_cast<size_t>(rows * columns));
  std::vector<double> signals(static_cast<size_t>(rows));
  for (int64_t column = 0; column < columns; ++column) {
    const double scale = std::pow(10.0, static_cast<double>(column % 4) - 1);
    for (int64_t row = 0; row < rows; ++row) {
      const double value = random.Uniform() * 2 - 1;
      sample.matrix.Column(column)[row] = static_cast<float>(scale * (value + 2));
      if (column % 2 == 0) signals[static_cast<size_t>(row)] += value;
    }
  }
  for (const double signal : signals) {
    const double place = (signal + random.Uniform() * 2 - 1 + 2) / 4 * classes;
    sample.classes.push_back(std::clamp(static_cast<int32_t>(place), 0, classes - 1));
  }
  return sample;
}

FittedModel FitOrDie(const Sample& sample, const Json& hyperparameters, int threads = 2) {
  auto fitted =
      (*MakeTrainer("logistic_regression"))->Fit(sample.set(), hyperparameters, {1, threads});
  EXPECT_TRUE(fitted.ok()) << (fitted.ok() ? "" : fitted.error().ToString());
  return fitted.ok() ? *std::move(fitted) : FittedModel{};
}

const model::LinearScorer& LinearOf(const FittedModel& fitted) {
  return std::get<model::LinearScorer>(fitted.scorer.body);
}

// The gradient of C Σ loss by one weight, or by an intercept (column -1), from the model's own
// probabilities.
double Slope(const Sample& sample, const FittedModel& fitted, int output, int64_t column) {
  const model::Predictions predictions = model::PredictMatrix(fitted.scorer, sample.matrix);
  const int cls = fitted.scorer.link == model::Link::kLogit ? 1 : output;
  double slope = 0;
  for (int64_t row = 0; row < sample.matrix.rows; ++row) {
    const int32_t truth = sample.classes[static_cast<size_t>(row)];
    const double weight =
        sample.class_weights.empty() ? 1 : sample.class_weights[static_cast<size_t>(truth)];
    const double value = column < 0 ? 1 : sample.matrix.Column(column)[row];
    slope += weight * (predictions.Score(row, cls) - (truth == cls ? 1 : 0)) * value;
  }
  return slope;
}

// Where a convex function is smallest its gradient is 0, or within the L1 penalty's reach.
void ExpectMinimum(const Sample& sample, const FittedModel& fitted, double l1, double l2,
                   bool intercept) {
  const model::LinearScorer& linear = LinearOf(fitted);
  const double tolerance = 1e-4 * static_cast<double>(sample.matrix.rows);
  for (int output = 0; output < linear.outputs; ++output) {
    for (int column = 0; column < linear.features; ++column) {
      const double weight = linear.weights[static_cast<size_t>(output * linear.features + column)];
      const double slope = Slope(sample, fitted, output, column) + l2 * weight;
      if (weight == 0 && l1 > 0) {
        EXPECT_LE(std::abs(slope), l1 + tolerance);
      } else {
        EXPECT_NEAR(slope + (l1 > 0 ? std::copysign(l1, weight) : 0), 0, tolerance)
            << "output " << output << ", column " << column;
      }
    }
    if (intercept) {
      EXPECT_NEAR(Slope(sample, fitted, output, -1), 0, tolerance);
    } else {
      EXPECT_EQ(linear.intercepts[static_cast<size_t>(output)], 0);
    }
  }
}

TEST(LogisticRegression, FindsTheMinimumWhateverTheScaleOfColumns) {
  for (const int classes : {2, 3}) {
    Sample sample = MakeSample(2000, 8, classes);
    const FittedModel plain = FitOrDie(sample, {{"tol", 1e-8}});
    EXPECT_THAT(plain.notes, IsEmpty());
    EXPECT_EQ(LinearOf(plain).outputs, classes == 2 ? 1 : 3);
    ExpectMinimum(sample, plain, 0, 1, true);
    ExpectMinimum(sample, FitOrDie(sample, {{"tol", 1e-8}, {"C", 0.01}}), 0, 100, true);
    ExpectMinimum(sample, FitOrDie(sample, {{"tol", 1e-8}, {"C", nullptr}}), 0, 0, true);
    ExpectMinimum(sample, FitOrDie(sample, {{"tol", 1e-8}, {"fit_intercept", false}}), 0, 1, false);
    sample.class_weights = {1, 3};
    sample.class_weights.resize(static_cast<size_t>(classes), 0.5);
    ExpectMinimum(sample, FitOrDie(sample, {{"tol", 1e-8}}), 0, 1, true);
  }
}

TEST(LogisticRegression, AnL1PenaltyLeavesWeightsOut) {
  const Sample sample = MakeSample(1000, 6, 2);
  const FittedModel lasso =
      FitOrDie(sample, {{"l1_ratio", 1}, {"C", 0.02}, {"tol", 1e-6}, {"max_iter", 20000}});
  ExpectMinimum(sample, lasso, 50, 0, true);
  EXPECT_THAT(LinearOf(lasso).weights, Contains(0));
  const FittedModel both = FitOrDie(sample, {{"penalty", "elasticnet"},
                                             {"l1_ratio", 0.5},
                                             {"C", 0.02},
                                             {"tol", 1e-6},
                                             {"max_iter", 20000}});
  ExpectMinimum(sample, both, 25, 25, true);
}

TEST(LogisticRegression, IsTheSameOnAnyNumberOfThreads) {
  const Sample sample = MakeSample(20000, 5, 3);
  const FittedModel one = FitOrDie(sample, Json::object(), 1),
                    three = FitOrDie(sample, Json::object(), 3);
  EXPECT_EQ(LinearOf(one).weights, LinearOf(three).weights);
  EXPECT_EQ(LinearOf(one).intercepts, LinearOf(three).intercepts);
}

TEST(LogisticRegression, ImportancesFollowWhatAColumnMoves) {
  const FittedModel fitted = FitOrDie(MakeSample(3000, 4, 2), Json::object());
  ASSERT_EQ(fitted.importances.size(), 4U);
  EXPECT_GT(fitted.importances[0], 5 * fitted.importances[1]);
  EXPECT_GT(fitted.importances[2], 5 * fitted.importances[3]);
  EXPECT_NEAR(
      fitted.importances[0] + fitted.importances[1] + fitted.importances[2] + fitted.importances[3],
      1, 1e-12);
}

TEST(LogisticRegression, TellsThatItStoppedEarly) {
  const FittedModel fitted = FitOrDie(MakeSample(500, 4, 2), {{"max_iter", 1}, {"tol", 1e-9}});
  ASSERT_EQ(fitted.notes.size(), 1U);
  EXPECT_THAT(fitted.notes[0], HasSubstr("stopped after 1 iterations"));
}

TEST(LogisticRegression, OddShapes) {
  Sample constant = MakeSample(100, 3, 2);
  std::ranges::fill(constant.matrix.values, 1.5F);
  FitOrDie(constant, Json::object());
  Sample single = MakeSample(50, 2, 2);
  std::ranges::fill(single.classes, 1);
  const FittedModel sure = FitOrDie(single, Json::object());
  EXPECT_GT(model::PredictMatrix(sure.scorer, single.matrix).Score(0, 1), 0.9);
  FitOrDie(MakeSample(1, 1, 2), Json::object());
}

TEST(LogisticOptions, MistakesAreToldAtOnce) {
  const auto options =
      ParseLogisticOptions({{"c", 1}, {"C", 0}, {"penalty", "l3"}, {"l1_ratio", "None"}});
  ASSERT_FALSE(options.ok());
  const std::string text = options.error().Render();
  EXPECT_THAT(text, HasSubstr("logistic_regression has no such hyper-parameter"));
  EXPECT_THAT(text,
              HasSubstr("model.hyperparameters.C: 0 can't be used; expected a number above 0"));
  EXPECT_THAT(text, HasSubstr("\"l2\", \"l1\", \"elasticnet\" or null"));
  EXPECT_THAT(text, HasSubstr("YAML's None"));
  EXPECT_FALSE(ParseLogisticOptions({{"penalty", "l2"}, {"l1_ratio", 0.5}}).ok());
  EXPECT_TRUE(ParseLogisticOptions({{"penalty", "elasticnet"}, {"l1_ratio", 0.5}}).ok());
}

TEST(LogisticOptions, ThePenaltyIsSharedOverTheRows) {
  const LogisticPlan plan =
      PlanLogistic(*ParseLogisticOptions({{"C", 0.5}, {"l1_ratio", 0.25}}), 200, 2);
  EXPECT_DOUBLE_EQ(plan.l1, 0.25 * 2 / 200);
  EXPECT_DOUBLE_EQ(plan.l2, 0.75 * 2 / 200);
  EXPECT_EQ(PlanLogistic(*ParseLogisticOptions({{"penalty", nullptr}}), 200, 2).l2, 0);
}

}  // namespace
}  // namespace slipway::train
