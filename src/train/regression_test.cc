#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/scorer.h"
#include "train/test_sample_internal.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

// Rows whose number is 3 x0 - 2 x1 + 7, or a step of x0, with some noise.
Sample NumberSample(int64_t rows, bool linear, uint64_t seed) {
  Random random(seed);
  Sample sample = UniformSample(rows, 4, 0, &random);
  for (int64_t row = 0; row < rows; ++row) {
    const double x0 = sample.matrix.Column(0)[row], x1 = sample.matrix.Column(1)[row];
    const double noise = 0.01 * (random.Uniform() - 0.5);
    sample.values.push_back((linear ? 3 * x0 - 2 * x1 + 7 : (x0 > 0.2 ? 100 : -100)) + noise);
  }
  return sample;
}

Result<FittedModel> Fit(const std::string& name, const Sample& sample, const Json& options,
                        int threads = 1) {
  return (*MakeTrainer(name))->Fit(sample.set(), options, {1, threads});
}

// Of rows beside a step bagged trees answer something in between.
double MeanError(const FittedModel& fitted, const Sample& sample) {
  const model::Predictions answers = model::PredictMatrix(fitted.scorer, sample.matrix);
  double sum = 0;
  for (size_t row = 0; row < sample.values.size(); ++row)
    sum += std::abs(answers.values[row] - sample.values[row]);
  return sum / static_cast<double>(sample.values.size());
}

double LargestError(const FittedModel& fitted, const Sample& sample) {
  const model::Predictions answers = model::PredictMatrix(fitted.scorer, sample.matrix);
  double largest = 0;
  for (size_t row = 0; row < sample.values.size(); ++row)
    largest = std::max(largest, std::abs(answers.values[row] - sample.values[row]));
  return largest;
}

TEST(Regression, LeastSquaresFindsTheWeights) {
  const Sample sample = NumberSample(500, true, 1);
  for (const auto& [name, options] :
       {std::pair<const char*, Json>{"linear_regression", Json::object()},
        std::pair<const char*, Json>{"ridge", {{"alpha", 1e-6}}}}) {
    const auto fitted = Fit(name, sample, options);
    ASSERT_TRUE(fitted.ok()) << fitted.error().ToString();
    const auto& linear = std::get<model::LinearScorer>(fitted->scorer.body);
    EXPECT_NEAR(linear.weights[0], 3, 0.01);
    EXPECT_NEAR(linear.weights[1], -2, 0.01);
    EXPECT_NEAR(linear.intercepts[0], 7, 0.01);
    EXPECT_GT(fitted->importances[0], fitted->importances[1]);
    EXPECT_LT(LargestError(*fitted, sample), 0.02);
  }
}

// The weighted mean of a constant is off by its rounding, which is no direction to learn in.
TEST(Regression, AConstantColumnWeighsNothingUnderRowWeights) {
  for (const float constant : {0.1F, 0.3F, 0.7F, 1.1F, 12345.678F}) {
    Sample sample = NumberSample(500, true, 1);
    std::fill_n(sample.matrix.Column(2), sample.matrix.rows, constant);
    for (double& value : sample.values) value += 1e6;
    Random random(5);
    std::vector<double> weights;
    for (int64_t row = 0; row < 500; ++row) weights.push_back(0.1 + random.Uniform());
    const TrainingSet set{sample.matrix, {}, 0, {}, sample.values, weights};
    const auto fitted = (*MakeTrainer("linear_regression"))->Fit(set, Json::object(), {1, 1});
    ASSERT_TRUE(fitted.ok()) << fitted.error().ToString();
    const auto& linear = std::get<model::LinearScorer>(fitted->scorer.body);
    EXPECT_NEAR(linear.weights[2], 0, 1e-12) << constant;
    EXPECT_EQ(fitted->importances[2], 0) << constant;
    EXPECT_NEAR(linear.weights[0], 3, 0.01);
  }
}

TEST(Regression, TreesFindTheStep) {
  const Sample sample = NumberSample(2000, false, 2);
  for (const char* name : {"random_forest", "gradient_boosting"}) {
    const auto fitted = Fit(name, sample, {{"n_estimators", 60}, {"max_depth", 3}});
    ASSERT_TRUE(fitted.ok()) << fitted.error().ToString();
    EXPECT_EQ(fitted->scorer.link, model::Link::kIdentity);
    EXPECT_GT(fitted->importances[0], 0.99) << name;
    EXPECT_LT(MeanError(*fitted, sample), 1) << name;
  }
}

TEST(Regression, IsTheSameOnAnyNumberOfThreads) {
  const Sample sample = NumberSample(20'000, true, 3);
  for (const std::string& name : TrainerNames()) {
    if (!(*MakeTrainer(name))->Learns(data::Task::kRegression)) continue;
    const auto one = Fit(name, sample, Json::object(), 1), three = Fit(name, sample, {}, 3);
    ASSERT_TRUE(one.ok() && three.ok()) << name;
    EXPECT_EQ(model::PredictMatrix(one->scorer, sample.matrix).values,
              model::PredictMatrix(three->scorer, sample.matrix).values)
        << name;
  }
}

TEST(Regression, OneNumberIsItsOwnEstimate) {
  Sample sample = NumberSample(50, true, 4);
  for (double& value : sample.values) value = 0.1;
  for (const std::string& name : TrainerNames()) {
    if (!(*MakeTrainer(name))->Learns(data::Task::kRegression)) continue;
    const auto fitted = Fit(name, sample, Json::object());
    ASSERT_TRUE(fitted.ok()) << name << fitted.error().ToString();
    EXPECT_LT(LargestError(*fitted, sample), 1e-15) << name;
  }
}

// Early stopping does not depend on the unit of the target.
TEST(Regression, StopsAtTheSameRoundInAnyUnit) {
  Sample sample = NumberSample(1000, true, 8);
  const auto rounds = [&](double unit) {
    Sample scaled = sample;
    for (double& value : scaled.values) value *= unit;
    const auto fitted = (*MakeTrainer("gradient_boosting"))
                            ->Fit(scaled.set(), {{"n_estimators", 3000}}, {1, 1, true});
    return std::get<model::TreeEnsemble>(fitted->scorer.body).trees.size();
  };
  const size_t plain = rounds(1);
  EXPECT_GT(plain, 30U);
  EXPECT_LT(plain, 3000U);
  for (const double unit : {0x1p-20, 0x1p20}) EXPECT_EQ(rounds(unit), plain);
}

TEST(Regression, RefusesWhatIsOfAnotherTask) {
  const Sample numbers = NumberSample(50, true, 5);
  EXPECT_THAT(Fit("random_forest", numbers, {{"criterion", "gini"}}).error().ToString(),
              HasSubstr("criterion: this criterion parts classes"));
  EXPECT_THAT(Fit("gradient_boosting", numbers, {{"loss", "log_loss"}}).error().ToString(),
              HasSubstr("loss: this loss is of classes"));
  Sample classes = NumberSample(50, true, 5);
  classes.values.clear();
  classes.class_count = 2;
  classes.classes.assign(50, 0);
  EXPECT_THAT(Fit("random_forest", classes, {{"criterion", "squared_error"}}).error().ToString(),
              HasSubstr("expected \"gini\", \"entropy\" or null"));
  EXPECT_THAT(CheckLearns(**MakeTrainer("ridge"), data::Task::kClassification).error().ToString(),
              HasSubstr("expected random_forest, gradient_boosting or logistic_regression"));
}

// Each round multiplies the errors by 1 - learning_rate, here until no float32 holds them.
TEST(Regression, ScoresThatDivergeNameTheLearningRate) {
  const Sample sample = NumberSample(300, true, 9);
  for (const double rate : {5.0, 1e300}) {
    const auto fitted = Fit("gradient_boosting", sample, {{"learning_rate", rate}});
    ASSERT_FALSE(fitted.ok()) << rate;
    EXPECT_EQ(fitted.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(fitted.error().ToString(),
                HasSubstr("model.hyperparameters.learning_rate: the scores diverge"));
  }
}

TEST(Regression, RefusesNumbersOutOfRange) {
  Sample sample = NumberSample(50, true, 6);
  sample.values[3] = 1e31;
  EXPECT_THAT(Fit("gradient_boosting", sample, Json::object()).error().ToString(),
              HasSubstr("a number to estimate is 1e+31"));
}

}  // namespace
}  // namespace slipway::train
