#include "train/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

data::Target TargetOf(std::vector<int32_t> truth, int classes, int positive = -1) {
  data::Target target;
  target.classes = std::move(truth);
  for (int i = 0; i < classes; ++i) target.labels.push_back(std::to_string(i));
  target.positive = positive;
  return target;
}

// Scores in sixteenths, row-major; the label is the first highest.
model::Predictions PredictionsOf(int classes, const std::vector<int>& sixteenths) {
  model::Predictions predictions;
  predictions.classes = classes;
  predictions.rows = static_cast<int64_t>(sixteenths.size()) / classes;
  for (const int value : sixteenths) predictions.scores.push_back(static_cast<float>(value) / 16);
  for (int64_t row = 0; row < predictions.rows; ++row) {
    int32_t best = 0;
    for (int32_t cls = 1; cls < classes; ++cls) {
      if (predictions.Score(row, cls) > predictions.Score(row, best)) best = cls;
    }
    predictions.labels.push_back(best);
  }
  return predictions;
}

struct Expected {
  const char* averaging;
  double accuracy, precision, recall, f1, auc, log_loss;
};

void ExpectMetrics(const Metrics& metrics, const Expected& expected) {
  EXPECT_EQ(metrics.size(), 10U);
  EXPECT_NEAR(metrics.at("accuracy"), expected.accuracy, 1e-12);
  EXPECT_NEAR(metrics.at("precision"), expected.precision, 1e-12);
  EXPECT_NEAR(metrics.at("recall"), expected.recall, 1e-12);
  EXPECT_NEAR(metrics.at("f1"), expected.f1, 1e-12);
  EXPECT_NEAR(metrics.at("auc"), expected.auc, 1e-12);
  EXPECT_NEAR(metrics.at("log_loss"), expected.log_loss, 1e-12);
}

// The expected numbers of this file come from scikit-learn 1.9.1 on the same rows: accuracy_score,
// log_loss(labels=all), precision_score, recall_score and f1_score(average=…, zero_division=0), and
// roc_auc_score, which takes the positive class's scores, or multi_class="ovr" with average="macro"
// for macro and "weighted" else.
const std::vector<int32_t> kThreeTruth = {1, 0, 0, 0, 2, 2, 1, 1, 1, 2, 2, 0,
                                          2, 0, 1, 0, 2, 1, 0, 0, 0, 0, 1, 1};
const std::vector<int> kThreeScores = {3, 5, 8,  12, 2, 2,  8, 7, 1, 4,  8, 4,  4, 8, 4,  4, 6, 6,
                                       2, 2, 12, 7,  5, 4,  8, 4, 4, 10, 2, 4,  2, 4, 10, 3, 7, 6,
                                       8, 2, 6,  4,  2, 10, 3, 7, 6, 4,  2, 10, 6, 8, 2,  6, 4, 6,
                                       8, 3, 5,  2,  4, 10, 4, 8, 4, 2,  5, 9,  4, 8, 4,  4, 7, 5};
const std::vector<int32_t> kTwoTruth = {0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1};
const std::vector<int> kTwoScores = {11, 5, 5,  11, 5, 11, 11, 5,  6,  10, 10, 6, 13, 3,
                                     13, 3, 10, 6,  4, 12, 6,  10, 11, 5,  10, 6, 8,  8,
                                     11, 5, 4,  12, 8, 8,  10, 6,  8,  8,  8,  8};

TEST(Metrics, OfThreeClassesEqualScikitLearn) {
  const std::vector<Expected> table = {
      {"weighted", 0.29166666666666669, 0.3030753968253968, 0.29166666666666669,
       0.29499748617395677, 0.48919064153439146, 1.2441892501929683},
      {"macro", 0.29166666666666669, 0.28373015873015867, 0.28055555555555556, 0.28004022121669181,
       0.48557512125220459, 1.2441892501929683},
      {"micro", 0.29166666666666669, 0.29166666666666669, 0.29166666666666669, 0.29166666666666669,
       0.48919064153439146, 1.2441892501929683},
  };
  for (const Expected& expected : table) {
    SCOPED_TRACE(expected.averaging);
    ExpectMetrics(ComputeMetrics(TargetOf(kThreeTruth, 3), PredictionsOf(3, kThreeScores),
                                 *ParseAveraging(expected.averaging)),
                  expected);
  }
}

TEST(Metrics, OfTwoClassesEqualScikitLearn) {
  const std::vector<Expected> table = {
      {"weighted", 0.40000000000000002, 0.55238095238095231, 0.40000000000000002,
       0.40000000000000002, 0.52380952380952372, 0.7986046043552093},
      {"macro", 0.40000000000000002, 0.47619047619047616, 0.47619047619047616, 0.40000000000000002,
       0.52380952380952372, 0.7986046043552093},
      {"micro", 0.40000000000000002, 0.40000000000000002, 0.40000000000000002, 0.40000000000000002,
       0.52380952380952372, 0.7986046043552093},
      {"binary", 0.40000000000000002, 0.66666666666666663, 0.2857142857142857, 0.40000000000000002,
       0.52380952380952372, 0.7986046043552093},
  };
  for (const Expected& expected : table) {
    SCOPED_TRACE(expected.averaging);
    ExpectMetrics(ComputeMetrics(TargetOf(kTwoTruth, 2, 1), PredictionsOf(2, kTwoScores),
                                 *ParseAveraging(expected.averaging)),
                  expected);
  }
  ExpectMetrics(
      ComputeMetrics(TargetOf(kTwoTruth, 2, 0), PredictionsOf(2, kTwoScores), Averaging::kBinary),
      {"binary", 0.4, 0.2857142857142857, 0.66666666666666663, 0.4, 0.52380952380952384,
       0.7986046043552093});
}

// balanced_accuracy_score, average_precision_score (of one-hot truth for three classes),
// brier_score_loss, and calibration_curve(n_bins=10) with its bins weighted by their rows.
TEST(Metrics, OfScoresEqualScikitLearn) {
  const auto expect = [](const Metrics& metrics, const std::array<double, 4>& expected) {
    EXPECT_NEAR(metrics.at("balanced_accuracy"), expected[0], 1e-12);
    EXPECT_NEAR(metrics.at("pr_auc"), expected[1], 1e-12);
    EXPECT_NEAR(metrics.at("brier"), expected[2], 1e-12);
    EXPECT_NEAR(metrics.at("calibration_error"), expected[3], 1e-12);
  };
  const auto of_three = [](Averaging averaging) {
    return ComputeMetrics(TargetOf(kThreeTruth, 3), PredictionsOf(3, kThreeScores), averaging);
  };
  expect(of_three(Averaging::kWeighted),
         {0.28055555555555556, 0.37959218246942034, 0.7649739583333334, 0.2369791666666667});
  expect(of_three(Averaging::kMacro),
         {0.28055555555555556, 0.3588814150706734, 0.7649739583333334, 0.2369791666666667});
  const auto of_two = [](int positive) {
    return ComputeMetrics(TargetOf(kTwoTruth, 2, positive), PredictionsOf(2, kTwoScores),
                          Averaging::kBinary);
  };
  expect(of_two(1), {0.47619047619047616, 0.7163265306122448, 0.29375, 0.2875});
  expect(of_two(0), {0.47619047619047616, 0.34652777777777777, 0.29375, 0.2875});
}

TEST(Metrics, HaveTheFieldsOtherNames) {
  EXPECT_EQ(CanonicalMetric("f1_score"), "f1");
  EXPECT_EQ(CanonicalMetric("brier_score"), "brier");
  EXPECT_EQ(CanonicalMetric("average_precision"), "pr_auc");
  EXPECT_EQ(CanonicalMetric("ece"), "calibration_error");
  EXPECT_EQ(CanonicalMetric("accuracy"), "accuracy");
}

TEST(Metrics, CertainMistakesCostAFiniteLoss) {
  const std::vector<int32_t> truth = {0, 1, 1, 0};
  const auto predictions = PredictionsOf(2, {16, 0, 16, 0, 0, 16, 0, 16});
  ExpectMetrics(ComputeMetrics(TargetOf(truth, 2, 1), predictions, Averaging::kWeighted),
                {"weighted", 0.5, 0.5, 0.5, 0.5, 0.5, 18.021826694558577});
}

// Class 2 is neither in the truth nor in the answers, class 3 is never answered.
TEST(Metrics, OfClassesThatAreMissing) {
  const std::vector<int32_t> truth = {0, 0, 1, 1, 3, 3, 0};
  const auto predictions = PredictionsOf(
      4, {9, 3, 2, 2, 3, 9, 2, 2, 3, 9, 2, 2, 9, 3, 2, 2, 9, 3, 2, 2, 8, 4, 2, 2, 9, 3, 2, 2});
  const auto macro = ComputeMetrics(TargetOf(truth, 4), predictions, Averaging::kMacro);
  EXPECT_NEAR(macro.at("precision"), 0.3, 1e-12);
  EXPECT_NEAR(macro.at("recall"), 0.38888888888888884, 1e-12);
  EXPECT_NEAR(macro.at("f1"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(macro.at("log_loss"), 1.3189897693162429, 1e-12);
  EXPECT_TRUE(std::isnan(macro.at("auc")));
  const auto weighted = ComputeMetrics(TargetOf(truth, 4), predictions, Averaging::kWeighted);
  EXPECT_NEAR(weighted.at("precision"), 0.31428571428571433, 1e-12);
  EXPECT_NEAR(weighted.at("f1"), 0.35714285714285715, 1e-12);
}

TEST(Metrics, WhatIsUndefinedIsNaN) {
  const std::vector<int32_t> truth = {1, 1};
  const auto metrics =
      ComputeMetrics(TargetOf(truth, 2, 1), PredictionsOf(2, {4, 12, 12, 4}), Averaging::kBinary);
  EXPECT_TRUE(std::isnan(metrics.at("auc")));
  EXPECT_EQ(metrics.at("recall"), 0.5);
  const auto three =
      ComputeMetrics(TargetOf(kThreeTruth, 3), PredictionsOf(3, kThreeScores), Averaging::kBinary);
  EXPECT_TRUE(std::isnan(three.at("f1")));
  EXPECT_FALSE(std::isnan(three.at("accuracy")));
  const auto nothing = ComputeMetrics(TargetOf({}, 2, 1), PredictionsOf(2, {}), Averaging::kMacro);
  for (const auto& [name, value] : nothing) EXPECT_TRUE(std::isnan(value)) << name;
}

TEST(Metrics, AveragingByName) {
  EXPECT_EQ(*ParseAveraging("macro"), Averaging::kMacro);
  const auto unknown = ParseAveraging("weigthed");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().ToString(),
              HasSubstr("expected weighted, macro, micro or binary; try weighted"));
}

TEST(Metrics, ConfusionCountsTruthByAnswer) {
  const std::vector<int32_t> truth = {0, 0, 1, 1, 1};
  EXPECT_THAT(ConfusionMatrix(truth, PredictionsOf(2, {9, 7, 1, 15, 2, 14, 3, 13, 16, 0})),
              ElementsAre(1, 1, 1, 2));
}

double AreaUnder(const std::vector<RocPoint>& curve) {
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
            (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
  }
  return area;
}

TEST(RocCurve, EnclosesTheAuc) {
  const auto curve = RocCurve(kTwoTruth, PredictionsOf(2, kTwoScores), 1);
  EXPECT_EQ(curve.front().false_positive_rate, 0);
  EXPECT_EQ(curve.front().true_positive_rate, 0);
  EXPECT_EQ(curve.back().false_positive_rate, 1);
  EXPECT_EQ(curve.back().true_positive_rate, 1);
  EXPECT_NEAR(AreaUnder(curve), 0.52380952380952384, 1e-12);
}

TEST(RocCurve, ManyPointsAreThinned) {
  Random random(1);
  std::vector<int32_t> truth;
  model::Predictions predictions;
  predictions.classes = 2;
  for (int i = 0; i < 20000; ++i) {
    const double score = random.Uniform();
    truth.push_back(random.Uniform() < score ? 1 : 0);
    predictions.scores.push_back(static_cast<float>(1 - score));
    predictions.scores.push_back(static_cast<float>(score));
    predictions.labels.push_back(score > 0.5 ? 1 : 0);
  }
  predictions.rows = 20000;
  const auto curve = RocCurve(truth, predictions, 1, 100);
  EXPECT_EQ(curve.size(), 100U);
  EXPECT_EQ(curve.back().true_positive_rate, 1);
  const auto metrics = ComputeMetrics(TargetOf(truth, 2, 1), predictions, Averaging::kWeighted);
  EXPECT_NEAR(AreaUnder(curve), metrics.at("auc"), 1e-3);
}

TEST(RocCurve, OfOneClassThereIsNone) {
  EXPECT_THAT(RocCurve(std::vector<int32_t>{1, 1}, PredictionsOf(2, {4, 12, 12, 4}), 1), IsEmpty());
}

struct Scored {
  std::vector<int32_t> truth;
  model::Predictions predictions;
};

Scored ScoredRows(int64_t rows, double accuracy) {
  Random random(7);
  Scored scored;
  scored.predictions.classes = 2;
  scored.predictions.rows = rows;
  for (int64_t i = 0; i < rows; ++i) {
    const auto truth = static_cast<int32_t>(random.Below(2));
    const auto label = random.Uniform() < accuracy ? truth : 1 - truth;
    const double high = 0.5 + random.Uniform() / 2;
    scored.truth.push_back(truth);
    scored.predictions.labels.push_back(label);
    scored.predictions.scores.push_back(static_cast<float>(label == 0 ? high : 1 - high));
    scored.predictions.scores.push_back(static_cast<float>(label == 1 ? high : 1 - high));
  }
  return scored;
}

struct Estimated {
  data::Target truth;
  model::Predictions predictions;
};

Estimated EstimatedRows(std::vector<double> truth, std::vector<double> estimates) {
  Estimated made;
  made.predictions = model::Predictions::Make(std::ssize(truth), 0);
  made.predictions.values = std::move(estimates);
  made.truth.task = data::Task::kRegression;
  made.truth.values = std::move(truth);
  return made;
}

// By scikit-learn 1.9.1: mean_squared_error, mean_absolute_error, r2_score and
// mean_absolute_percentage_error.
TEST(Metrics, OfNumbersEqualScikitLearn) {
  const Estimated made = EstimatedRows({3, -0.5, 2, 7, 0}, {2.5, 0.0, 2, 8, 1e-3});
  const Metrics metrics = ComputeMetrics(made.truth, made.predictions, Averaging::kWeighted);
  ASSERT_EQ(metrics.size(), 5U);
  EXPECT_NEAR(metrics.at("mse"), 0.3000002, 1e-12);
  EXPECT_NEAR(metrics.at("rmse"), std::sqrt(0.3000002), 1e-12);
  EXPECT_NEAR(metrics.at("mae"), 0.4002, 1e-12);
  EXPECT_NEAR(metrics.at("r2"), 1 - 0.3000002 / 7.16, 1e-12);
  EXPECT_NEAR(metrics.at("mape") / (1e-3 / 0x1p-52 / 5), 1, 1e-12);
}

TEST(Metrics, OfEqualNumbersR2IsAllOrNothing) {
  const auto r2 = [](std::vector<double> truth, std::vector<double> estimates) {
    const Estimated made = EstimatedRows(std::move(truth), std::move(estimates));
    return ComputeMetrics(made.truth, made.predictions, Averaging::kWeighted).at("r2");
  };
  EXPECT_EQ(r2({2, 2, 2}, {2, 2, 2}), 1);
  EXPECT_EQ(r2({2, 2, 2}, {2, 2, 3}), 0);
  // Ten times 0.1 is not 1.
  EXPECT_EQ(r2(std::vector<double>(10, 0.1), std::vector<double>(10, 0.2)), 0);
  EXPECT_TRUE(std::isnan(r2({2}, {2})));
}

// The normal approximation of a mean's interval, for which the errors are independent.
TEST(Bootstrap, TheIntervalOfAMeanErrorIsThatOfAMean) {
  Random random(3);
  std::vector<double> truth, estimates;
  double sum = 0, squares = 0;
  for (int i = 0; i < 2000; ++i) {
    truth.push_back(random.Uniform() * 10);
    const double error = random.Uniform() - 0.5;
    estimates.push_back(truth.back() + error);
    sum += std::abs(error);
    squares += error * error;
  }
  const Estimated made = EstimatedRows(truth, estimates);
  const Intervals intervals =
      BootstrapIntervals(made.truth, made.predictions, Averaging::kWeighted, 1);
  const double mean = sum / 2000;
  const double half = 1.96 * std::sqrt((squares / 2000 - mean * mean) / 2000);
  EXPECT_NEAR(intervals.at("mae").first, mean - half, 0.1 * half);
  EXPECT_NEAR(intervals.at("mae").second, mean + half, 0.1 * half);
}

TEST(Bootstrap, ComparesTwoEstimatesOfTheSameRows) {
  Random random(4);
  std::vector<double> truth, good, bad;
  for (int i = 0; i < 1000; ++i) {
    truth.push_back(random.Uniform());
    good.push_back(truth.back() + 0.1 * (random.Uniform() - 0.5));
    bad.push_back(truth.back() + 0.6 * (random.Uniform() - 0.5));
  }
  const PairedDifference found = CompareR2(truth, good, bad, 0.95);
  EXPECT_GT(found.lower, 0.2);
  EXPECT_LT(found.lower, found.difference);
  EXPECT_GT(found.upper, found.difference);
  const PairedDifference turned = CompareR2(truth, bad, good, 0.95);
  EXPECT_DOUBLE_EQ(turned.difference, -found.difference);
  EXPECT_NEAR(turned.lower, -found.upper, 0.02);
  EXPECT_EQ(CompareR2(truth, good, good, 0.95).lower, 0);
}

TEST(Bootstrap, TheIntervalOfAccuracyIsThatOfAShare) {
  const Scored scored = ScoredRows(1000, 0.9);
  const auto metrics =
      ComputeMetrics(TargetOf(scored.truth, 2, 1), scored.predictions, Averaging::kWeighted);
  const auto intervals = BootstrapIntervals(TargetOf(scored.truth, 2, 1), scored.predictions,
                                            Averaging::kWeighted, 42);
  ASSERT_EQ(intervals.size(), 10U);
  // The normal approximation of a share's interval.
  const double accuracy = metrics.at("accuracy");
  const double half = 1.96 * std::sqrt(accuracy * (1 - accuracy) / 1000);
  EXPECT_NEAR(intervals.at("accuracy").first, accuracy - half, 0.004);
  EXPECT_NEAR(intervals.at("accuracy").second, accuracy + half, 0.004);
  for (const auto& [name, interval] : intervals) {
    EXPECT_LT(interval.first, metrics.at(name)) << name;
    EXPECT_GT(interval.second, metrics.at(name)) << name;
  }
}

TEST(Bootstrap, IsSeededAndTheSameOnAnyNumberOfThreads) {
  const Scored scored = ScoredRows(300, 0.8);
  const auto intervals = [&](uint64_t seed, int threads) {
    return BootstrapIntervals(TargetOf(scored.truth, 2, 1), scored.predictions, Averaging::kMacro,
                              seed, 500, threads);
  };
  EXPECT_EQ(intervals(1, 1), intervals(1, 4));
  EXPECT_NE(intervals(1, 1), intervals(2, 1));
}

// Four equal rows a group tell what one tells: each draw of groups is a draw of the single rows.
TEST(Bootstrap, DrawsWholeGroups) {
  const Scored once = ScoredRows(150, 0.8);
  std::vector<int64_t> rows;
  std::vector<int32_t> groups;
  for (int32_t i = 0; i < 600; ++i) {
    rows.push_back(i / 4);
    groups.push_back(1000 - 3 * (i / 4));  // Any numbers.
  }
  const data::Target single = TargetOf(once.truth, 2, 1);
  const data::Target repeated = data::SelectRows(single, rows);
  const model::Predictions predictions = SelectRows(once.predictions, rows);
  const auto intervals = [&](std::span<const int32_t> of, int threads) {
    return BootstrapIntervals(repeated, predictions, Averaging::kWeighted, 7, 500, threads, of);
  };
  const Intervals expected =
      BootstrapIntervals(single, once.predictions, Averaging::kWeighted, 7, 500);
  const Intervals found = intervals(groups, 1);
  for (const auto& [name, interval] : expected) {
    EXPECT_NEAR(found.at(name).first, interval.first, 1e-9) << name;
    EXPECT_NEAR(found.at(name).second, interval.second, 1e-9) << name;
  }
  EXPECT_EQ(found, intervals(groups, 4));
  EXPECT_LT(intervals({}, 1).at("accuracy").second, found.at("accuracy").second);
}

TEST(Bootstrap, ComparesTwoAccuraciesByGroup) {
  std::vector<double> gains(100, 0);
  std::vector<int32_t> groups(100);
  for (size_t row = 0; row < 100; ++row) {
    groups[row] = static_cast<int32_t>(row / 10);
    if (row < 10) gains[row] = 1;
  }
  const PairedDifference by_row = CompareAccuracy(gains, 0.95);
  EXPECT_DOUBLE_EQ(by_row.difference, 0.1);
  EXPECT_GT(by_row.lower, 0.03);
  const PairedDifference by_group = CompareAccuracy(gains, 0.95, groups);
  EXPECT_DOUBLE_EQ(by_group.difference, 0.1);
  EXPECT_EQ(by_group.lower, 0);
  EXPECT_NEAR(by_group.upper, 0.3, 1e-12);  // P(X <= 2) is 0.93 and P(X <= 3) 0.987 of ten.
}

TEST(Bootstrap, OfNoRowsIsUndefined) {
  const auto intervals =
      BootstrapIntervals(TargetOf({}, 2, 1), PredictionsOf(2, {}), Averaging::kMacro, 1);
  EXPECT_TRUE(std::isnan(intervals.at("accuracy").first));
}

}  // namespace
}  // namespace slipway::train
