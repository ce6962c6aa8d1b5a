// Calibration curves against what their definitions ask for; tests/e2e/test_calibration.py compares
// with scikit-learn.
#include "train/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"

namespace slipway::train {
namespace {

struct Sample {
  std::vector<double> scores;
  std::vector<uint8_t> events;
};

Sample RandomSample(uint64_t seed, size_t rows, double scale) {
  Random random(seed);
  Sample sample;
  for (size_t row = 0; row < rows; ++row) {
    // Few different ones, so that there are ties.
    const double score = static_cast<double>(random.Below(50)) / 10 - 2.5;
    const double share = 1 / (1 + std::exp(-(1.5 * score - 0.5)));
    sample.scores.push_back(score * scale);
    sample.events.push_back(random.Uniform() < share ? 1 : 0);
  }
  return sample;
}

// The derivatives of the smoothed likelihood, from the definition.
std::pair<double, double> Gradient(const Sample& sample, const model::SigmoidCurve& curve) {
  double positives = 0;
  for (const uint8_t event : sample.events) positives += event;
  const double negatives = static_cast<double>(sample.events.size()) - positives;
  double slope = 0, intercept = 0;
  for (size_t i = 0; i < sample.scores.size(); ++i) {
    const double target =
        sample.events[i] != 0 ? (positives + 1) / (positives + 2) : 1 / (negatives + 2);
    const double p = 1 / (1 + std::exp(-(curve.slope * sample.scores[i] + curve.intercept)));
    slope += (p - target) * sample.scores[i];
    intercept += p - target;
  }
  return {slope, intercept};
}

TEST(FitSigmoid, IsWhereTheLikelihoodIsFlat) {
  for (const double scale : {1.0, 1e-6, 1e7}) {
    const Sample sample = RandomSample(3, 700, scale);
    const model::SigmoidCurve curve = FitSigmoid(sample.scores, sample.events);
    const auto [slope, intercept] = Gradient(sample, curve);
    EXPECT_NEAR(slope / scale, 0, 1e-5) << scale;
    EXPECT_NEAR(intercept, 0, 1e-5) << scale;
    EXPECT_NEAR(curve.slope * scale, 1.5, 0.4);
  }
}

TEST(FitSigmoid, StaysFiniteWhereScoresTellTheClassesApart) {
  const Sample apart{{-3, -2, -1, 1, 2, 3}, {0, 0, 0, 1, 1, 1}};
  const model::SigmoidCurve curve = FitSigmoid(apart.scores, apart.events);
  EXPECT_TRUE(std::isfinite(curve.slope) && curve.slope > 0);
  const double best = 1 / (1 + std::exp(-(curve.slope * 3 + curve.intercept)));
  EXPECT_LT(best, 1 - 1e-3) << "smoothed targets keep away from 1";
}

TEST(FitSigmoid, IsTheShareWhereAllScoresAreEqual) {
  const std::vector<double> scores(10, 0.25);
  const std::vector<uint8_t> events = {1, 1, 1, 0, 0, 0, 0, 0, 0, 0};
  const model::SigmoidCurve curve = FitSigmoid(scores, events);
  const double p = 1 / (1 + std::exp(-(curve.slope * 0.25 + curve.intercept)));
  EXPECT_NEAR(p, (3 * 4 / 5.0 + 7 / 9.0) / 10, 1e-6);
}

TEST(FitIsotonic, PoolsWhatFalls) {
  const std::vector<double> scores = {3, 1, 2, 4, 5, 2};
  const std::vector<uint8_t> events = {0, 0, 1, 1, 1, 0};
  const model::IsotonicCurve curve = FitIsotonic(scores, events);
  // Of 2 a half, of 3 none: together a third.
  EXPECT_EQ(curve.scores, (std::vector<double>{1, 2, 3, 4, 5}));
  const std::vector<double> expected = {0, 1 / 3.0, 1 / 3.0, 1, 1};
  EXPECT_EQ(curve.probabilities, expected);
}

TEST(FitIsotonic, KeepsNoKnotInsideAFlatPart) {
  const std::vector<double> scores = {1, 2, 3, 4, 5, 6};
  const std::vector<uint8_t> events = {0, 0, 0, 1, 1, 1};
  const model::IsotonicCurve curve = FitIsotonic(scores, events);
  EXPECT_EQ(curve.scores, (std::vector<double>{1, 3, 4, 6}));
}

// The nearest rising list is the one whose pools can't be cut or joined with gain: by the minimax
// formula (Barlow et al. 1972), value i is the largest, over starts, of the smallest mean, over
// ends.
TEST(FitIsotonic, IsTheMinimaxOfMeans) {
  const Sample sample = RandomSample(8, 300, 1);
  const model::IsotonicCurve curve = FitIsotonic(sample.scores, sample.events);
  std::map<double, std::pair<double, double>> by_score;  // Events and rows.
  for (size_t i = 0; i < sample.scores.size(); ++i) {
    by_score[sample.scores[i]].first += sample.events[i];
    ++by_score[sample.scores[i]].second;
  }
  std::vector<std::pair<double, double>> pools;
  for (const auto& [score, pool] : by_score) pools.push_back(pool);
  for (size_t knot = 0; knot < curve.scores.size(); ++knot) {
    const auto at =
        static_cast<size_t>(std::distance(by_score.begin(), by_score.find(curve.scores[knot])));
    double largest = 0;
    for (size_t start = 0; start <= at; ++start) {
      double events = 0, rows = 0, smallest = 1;
      for (size_t end = start; end < pools.size(); ++end) {
        events += pools[end].first;
        rows += pools[end].second;
        if (end >= at) smallest = std::min(smallest, events / rows);
      }
      largest = std::max(largest, smallest);
    }
    EXPECT_NEAR(curve.probabilities[knot], largest, 1e-12);
  }
}

TEST(FitIsotonic, TakesScoresThatEnginesCantTellApartForOne) {
  const std::vector<double> scores = {1, 1 + 1e-12, 1 - 1e-12, 2};
  const model::IsotonicCurve curve = FitIsotonic(scores, std::vector<uint8_t>{0, 1, 0, 1});
  ASSERT_EQ(curve.scores.size(), 2U);
  EXPECT_DOUBLE_EQ(curve.probabilities[0], 1 / 3.0);
}

TEST(FitCalibration, FitsTheSecondOfTwoClassesAndEachOfMore) {
  model::Scorer logit{model::LinearScorer{1, 0, {}, {}}, model::Link::kLogit};
  const std::vector<double> raw = {-1, 2, 3, -2, 0.5};
  const std::vector<int32_t> classes = {0, 1, 1, 0, 0};
  const model::Calibration one = FitCalibration("sigmoid", logit, raw, classes);
  ASSERT_EQ(one.size(), 1U);
  const model::SigmoidCurve expected = FitSigmoid(raw, std::vector<uint8_t>{0, 1, 1, 0, 0});
  EXPECT_EQ(std::get<0>(one.curves)[0].slope, expected.slope);

  model::Scorer shares{model::LinearScorer{2, 0, {}, {}}, model::Link::kProbability};
  const std::vector<double> two = {0.9, 0.1, 0.2, 0.8, 0.4, 0.6};
  const model::Calibration second =
      FitCalibration("isotonic", shares, two, std::vector<int32_t>{0, 1, 0});
  EXPECT_EQ(std::get<1>(second.curves)[0].scores, (std::vector<double>{0.1, 0.6, 0.8}));

  model::Scorer three{model::LinearScorer{3, 0, {}, {}}, model::Link::kSoftmax};
  const std::vector<double> scores = {5, 1, 2, 3, 7, 1, 0, 1, 9};
  const model::Calibration each =
      FitCalibration("isotonic", three, scores, std::vector<int32_t>{0, 1, 2});
  ASSERT_EQ(each.size(), 3U);
  EXPECT_EQ(std::get<1>(each.curves)[1].scores, (std::vector<double>{1, 7}));
  EXPECT_EQ(std::get<1>(each.curves)[1].probabilities, (std::vector<double>{0, 1}));
}

TEST(CalibrationResult, IsTheSameAfterJson) {
  CalibrationResult result{"isotonic", "validation", 90, {{10, 0.25, 0.5}}, {{7, 0.75, 1}}, {}, {}};
  for (const char* name : {"calibration_error", "brier", "log_loss"}) {
    result.metrics_before[name] = 0.5;
    result.metrics_after[name] = 0.25;
  }
  const auto again = CalibrationResultFromJson(ToJson(result));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(ToJson(*again), ToJson(result));
  EXPECT_EQ(again->after[0].rows, 7);
  EXPECT_FALSE(CalibrationResultFromJson(Json::object()).ok());
}

TEST(Reliability, IsWhatTheCalibrationErrorSums) {
  data::Target truth;
  truth.labels = {"No", "Yes"};
  truth.positive = 0;  // Whose score counts.
  model::Predictions predictions = model::Predictions::Make(400, 2);
  Random random(4);
  for (size_t row = 0; row < 400; ++row) {
    const auto score = static_cast<float>(random.Below(21)) / 20;
    predictions.scores[2 * row] = score;
    predictions.scores[2 * row + 1] = 1 - score;
    truth.classes.push_back(random.Uniform() < 0.3 ? 0 : 1);
  }
  double error = 0;
  int64_t rows = 0;
  for (const ReliabilityBin& bin : Reliability(truth, predictions)) {
    rows += bin.rows;
    error += static_cast<double>(bin.rows) / 400 * std::abs(bin.score - bin.share);
  }
  EXPECT_EQ(rows, 400);
  const Metrics metrics = ComputeMetrics(truth, predictions, Averaging::kWeighted);
  EXPECT_NEAR(metrics.at("calibration_error"), error, 1e-12);
}

}  // namespace
}  // namespace slipway::train
