#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "train/regression_metrics_internal.h"

namespace slipway::train {
namespace {

constexpr std::array kMembers = {
    MetricMember{"rmse", &RegressionValues::rmse}, MetricMember{"mse", &RegressionValues::mse},
    MetricMember{"mae", &RegressionValues::mae}, MetricMember{"r2", &RegressionValues::r2},
    MetricMember{"mape", &RegressionValues::mape}};

// scikit-learn's r2_score, whose answer for equal rows is finite.
double ShareExplained(double left, double all, double rows) {
  if (rows < 2) return std::numeric_limits<double>::quiet_NaN();
  if (all > 0) return 1 - left / all;
  return left > 0 ? 0 : 1;
}

}  // namespace

std::span<const MetricMember<RegressionValues>> RegressionEvaluator::Members() { return kMembers; }

RegressionEvaluator::RegressionEvaluator(std::span<const double> truth,
                                         std::span<const double> estimates)
    : truth_(truth.begin(), truth.end()), errors_(truth.size()) {
  std::ranges::transform(estimates, truth, errors_.begin(), std::minus<>());
}

RegressionValues RegressionEvaluator::Evaluate(std::span<const uint32_t> counts, Workspace*) const {
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  double rows = 0, sum = 0, squares = 0, distances = 0, shares = 0;
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for (size_t row = 0; row < truth_.size(); ++row) {
    const double count = counts[row], distance = std::abs(errors_[row]);
    if (counts[row] == 0) continue;
    lowest = std::min(lowest, truth_[row]);
    highest = std::max(highest, truth_[row]);
    rows += count;
    sum += count * truth_[row];
    squares += count * distance * distance;
    distances += count * distance;
    shares += count * distance / std::max(std::abs(truth_[row]), kLeast);
  }
  const double mean = sum / rows;
  double spread = 0;
  for (size_t row = 0; row < truth_.size(); ++row)
    spread += counts[row] * (truth_[row] - mean) * (truth_[row] - mean);
  return {.rmse = std::sqrt(squares / rows),
          .mse = squares / rows,
          .mae = distances / rows,
          // The mean of equal numbers may be off by what rounding leaves.
          .r2 = ShareExplained(squares, highest > lowest ? spread : 0, rows),
          .mape = shares / rows};
}

}  // namespace slipway::train
