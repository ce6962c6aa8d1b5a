// Classification metrics, by scikit-learn's definitions, with bootstrap intervals.
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

// The name that metrics are kept by: "f1" for "f1_score".
std::string CanonicalMetric(const std::string& name);

enum class Averaging { kWeighted, kMacro, kMicro, kBinary };
Result<Averaging> ParseAveraging(const std::string& name);

// Flat metrics by name. Always there: accuracy, precision, recall, f1, auc, log_loss. auc of
// several classes is one-versus-rest, weighted by class frequency (macro under `macro`); NaN where
// the rows lack a class, and for precision, recall and f1 under `binary` where there are not two
// classes. A ratio of nothing by nothing is 0. log_loss keeps scores 2^-52 away from 0 and 1.
using Metrics = std::map<std::string, double>;
using Intervals = std::map<std::string, std::pair<double, double>>;

// `truth` and the predictions have the same rows.
Metrics ComputeMetrics(std::span<const int32_t> truth, const model::Predictions& predictions,
                       const data::Target& target, Averaging averaging);

// 95 % percentile bootstrap (Efron and Tibshirani 1993, chapter 13) over rows; seeded; the same on
// any number of threads. Above 20,000 rows of two classes there are fewer resamples, 20,000,000 /
// rows, at least 200; above 40,000,000 / (rows × (classes + 1)) of more. Resamples without auc (a
// class is missing) don't count for it. Empty after an interrupt.
Intervals BootstrapIntervals(std::span<const int32_t> truth, const model::Predictions& predictions,
                             const data::Target& target, Averaging averaging, uint64_t seed,
                             int resamples = 1000, int threads = 0);

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
};
// From (0, 0) to (1, 1), collinear points dropped, at most `limit` (at least 2) of them, spread
// evenly. Empty where the rows lack `positive` or anything else.
std::vector<RocPoint> RocCurve(std::span<const int32_t> truth,
                               const model::Predictions& predictions, int positive,
                               int limit = 400);

// classes × classes counts: [truth * classes + predicted].
std::vector<int64_t> ConfusionMatrix(std::span<const int32_t> truth,
                                     const model::Predictions& predictions);

}  // namespace slipway::train
