// The best threshold against every threshold there is.
#include "train/decision_threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace slipway::train {
namespace {

struct Sample {
  std::vector<float> scores;
  std::vector<uint8_t> events;
};

Sample RandomSample(uint64_t seed, size_t rows) {
  Random random(seed);
  Sample sample;
  for (size_t row = 0; row < rows; ++row) {
    sample.scores.push_back(static_cast<float>(random.Below(101)) / 100);
    const bool event = random.Uniform() < static_cast<double>(sample.scores.back()) * 0.5;
    sample.events.push_back(event ? 1 : 0);
  }
  return sample;
}

double ValueOf(const config::DecisionThresholdConfig& goal, const Sample& sample, float least) {
  double tp = 0, fp = 0, fn = 0, tn = 0;
  for (size_t row = 0; row < sample.scores.size(); ++row) {
    const bool positive = sample.scores[row] >= least;
    ++(sample.events[row] != 0 ? (positive ? tp : fn) : (positive ? fp : tn));
  }
  if (goal.maximize == "f1") return 2 * tp / (2 * tp + fp + fn);
  if (goal.maximize == "cost")
    return -(goal.false_positive * fp + goal.false_negative * fn) / (tp + fp + fn + tn);
  const double youden = tp / (tp + fn) - fp / (fp + tn);
  return goal.maximize == "youden" ? youden : (youden + 1) / 2;
}

TEST(ChooseThreshold, IsAsGoodAsAny) {
  for (const char* goal : {"f1", "balanced_accuracy", "youden", "cost"}) {
    config::DecisionThresholdConfig config;
    config.maximize = goal;
    config.false_negative = 3;
    const Sample sample = RandomSample(17, 500);
    const ThresholdResult result = ChooseThreshold(config, sample.scores, sample.events);
    double best = -10;
    for (int step = 0; step <= 1010; ++step)
      best = std::max(best, ValueOf(config, sample, static_cast<float>(step) / 1000));
    const double sign = config.maximize == "cost" ? -1 : 1;
    EXPECT_NEAR(sign * result.value, best, 1e-12) << goal;
    EXPECT_NEAR(ValueOf(config, sample, result.least), best, 1e-12) << goal;
    EXPECT_NEAR(sign * result.value_at_half, ValueOf(config, sample, 0.5F), 1e-12) << goal;
    EXPECT_EQ(std::ranges::count(sample.scores, result.least), 0) << "between scores";
    EXPECT_TRUE(std::ranges::is_sorted(result.curve, {}, &ThresholdPoint::threshold));
    for (const ThresholdPoint& point : result.curve) {
      EXPECT_NEAR(sign * point.value, ValueOf(config, sample, static_cast<float>(point.threshold)),
                  1e-12);
    }
  }
}

TEST(ChooseThreshold, PricesDecideAsExpectedCostSays) {
  // Of each 100 rows of score s, s are positive: worth calling so from FP / (FP + FN) on (Elkan
  // 2001).
  Sample sample;
  for (int score = 1; score < 100; ++score) {
    for (int row = 0; row < 100; ++row) {
      sample.scores.push_back(static_cast<float>(score) / 100);
      sample.events.push_back(row < score ? 1 : 0);
    }
  }
  config::DecisionThresholdConfig config;
  config.maximize = "cost";
  config.false_negative = 4;
  EXPECT_NEAR(ChooseThreshold(config, sample.scores, sample.events).least, 0.2F, 0.011F);
}

TEST(ChooseThreshold, OfEquallyGoodOnesTakesTheNearestToAHalf) {
  config::DecisionThresholdConfig config;
  config.maximize = "f1";
  const ThresholdResult result =
      ChooseThreshold(config, std::vector<float>{0.1F, 0.9F}, std::vector<uint8_t>{0, 1});
  EXPECT_FLOAT_EQ(result.least, 0.5F);
  EXPECT_EQ(result.value, 1);
}

TEST(ChooseThreshold, MayCallNothingPositiveOrAll) {
  config::DecisionThresholdConfig config;
  config.maximize = "cost";
  const std::vector<float> scores = {0.5F, 1.0F};
  const std::vector<uint8_t> events = {1, 0};
  config.false_positive = 1000;
  EXPECT_GT(ChooseThreshold(config, scores, events).least, 1);
  config.false_positive = 0;
  const ThresholdResult all = ChooseThreshold(config, scores, events);
  EXPECT_LE(all.least, 0.5F);
  EXPECT_EQ(all.value, 0);
}

TEST(ChooseThreshold, LiesBetweenNeighbouringFloats) {
  config::DecisionThresholdConfig config;
  config.maximize = "f1";
  const float low = 0.3F, high = std::nextafter(low, 1.0F);
  const ThresholdResult result =
      ChooseThreshold(config, std::vector<float>{low, high}, std::vector<uint8_t>{0, 1});
  EXPECT_EQ(result.least, high);
}

TEST(ThresholdResult, IsTheSameAfterJson) {
  config::DecisionThresholdConfig config;
  config.maximize = "cost";
  config.false_negative = 3;
  const Sample sample = RandomSample(5, 90);
  ThresholdResult result = ChooseThreshold(config, sample.scores, sample.events);
  result.positive = "Yes";
  result.chosen_on = "validation";
  const auto again = ThresholdResultFromJson(ToJson(result));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->least, result.least);
  EXPECT_EQ(ToJson(*again), ToJson(result));
  ThresholdResult given;
  given.least = 0.35F;
  EXPECT_EQ(ToJson(*ThresholdResultFromJson(ToJson(given))), ToJson(given));
  EXPECT_FALSE(ThresholdResultFromJson(Json::object()).ok());
}

}  // namespace
}  // namespace slipway::train
