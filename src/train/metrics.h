// Metrics by scikit-learn's definitions, with bootstrap intervals.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/target.h"
#include "model/types.h"

namespace slipway::train {

// The name that metrics are kept by: "f1" for "f1_score", "brier" for
// "brier_score", "pr_auc" for "average_precision", "calibration_error" for "ece".
std::string CanonicalMetric(const std::string& name);

// Of what ComputeMetrics computes.
std::vector<std::string> MetricNames(data::Task task);

enum class Averaging { kWeighted, kMacro, kMicro, kBinary };
Result<Averaging> ParseAveraging(const std::string& name);

// Flat metrics by name. Always there for a regression:
// - mse, rmse (its root), mae; mape, where an error counts as a share of what is true, of at least
//   2^-52.
// - r2: the share of the squared distance to the mean that is not left over; negative where the
//   mean is better. Of rows that are all equal it is 1 where every answer is right, else 0; NaN of
//   fewer than two.
//
// And for classes:
// - accuracy, balanced_accuracy (mean recall of the classes that the rows have), precision, recall,
//   f1. A ratio of nothing by nothing is 0. precision, recall and f1 are NaN under `binary` where
//   there are not two classes.
// - auc and pr_auc (average precision), of several classes one-versus-rest, weighted by class
//   frequency (macro under `macro`); NaN where the rows lack a class, but for pr_auc of rows that
//   are all of the class, which is 1.
// - log_loss, which keeps scores 2^-52 away from 0 and 1; brier (of two classes the mean squared
//   error of the positive one's score, in [0, 1]; of more the sum over classes, in [0, 2]).
// - calibration_error (Guo et al. 2017, On calibration of modern neural networks): how far in ten
//   bins of equal width mean score and share of events lie apart, weighted by rows; of two classes
//   by the positive one's score, of more by the answer's.
using Metrics = std::map<std::string, double>;
using Intervals = std::map<std::string, std::pair<double, double>>;

// Metric → value, metric → [low, high]; NaN as null. And back.
Json MetricsToJson(const Metrics& metrics);
Json IntervalsToJson(const Intervals& intervals);
Metrics MetricsFromJson(const Json& json);
Intervals IntervalsFromJson(const Json& json);

// `truth` and the predictions have the same rows.
Metrics ComputeMetrics(const data::Target& truth, const model::Predictions& predictions,
                       Averaging averaging);

// 95 % percentile bootstrap (Efron and Tibshirani 1993, chapter 13) over rows, or, where `groups`
// has the group of each, over whole groups, as rows of one group depend on each other (Davison and
// Hinkley 1997, section 3.8). Seeded; the same on any number of threads. Above 20,000 rows of two
// classes there are fewer resamples, 20,000,000 / rows, at least 200; above 40,000,000 / (rows ×
// (classes + 1)) of more. Resamples without auc (a class is missing) don't count for it. Empty
// after an interrupt.
Intervals BootstrapIntervals(const data::Target& truth, const model::Predictions& predictions,
                             Averaging averaging, uint64_t seed, int resamples = 1000,
                             int threads = 0, std::span<const int32_t> groups = {});

// How much better the candidate is than the other, on the same rows.
struct PairedDifference {
  double difference = 0;
  double lower = 0, upper = 0;  // One-sided, each at the confidence.
};
// By paired bootstrap: rows, or groups as above, are drawn with what both say of them. Seeded. Of
// R², NaN of fewer than two rows.
PairedDifference CompareR2(std::span<const double> truth, std::span<const double> candidate,
                           std::span<const double> other, double confidence,
                           std::span<const int32_t> groups = {});
// Of accuracy. `gains` is 1 where only the candidate is right, -1 where only the other is, else 0.
PairedDifference CompareAccuracy(std::span<const double> gains, double confidence,
                                 std::span<const int32_t> groups = {});

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
};
// From (0, 0) to (1, 1), collinear points dropped, at most `limit` (at least 2) of them, spread
// evenly. Empty where the rows lack `positive` or anything else.
std::vector<RocPoint> RocCurve(std::span<const int32_t> truth,
                               const model::Predictions& predictions, int positive,
                               int limit = 400);

// Rows whose scores lie in one of ten bins of equal width, as calibration_error takes them.
struct ReliabilityBin {
  int64_t rows = 0;
  double score = 0;  // Mean of the scores.
  double share = 0;  // Of events: rows of the positive class, or right answers.
};
// The bins that have rows, by rising score (scikit-learn's calibration_curve): what is said over
// what is so.
std::vector<ReliabilityBin> Reliability(const data::Target& truth,
                                        const model::Predictions& predictions);

// Metrics that measure an error.
bool LowerIsBetter(const std::string& metric);

// classes × classes counts: [truth * classes + predicted].
std::vector<int64_t> ConfusionMatrix(std::span<const int32_t> truth,
                                     const model::Predictions& predictions);

}  // namespace slipway::train
