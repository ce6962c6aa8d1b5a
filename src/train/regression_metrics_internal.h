// Metrics of estimated numbers, for rows that occur several times.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/metrics_internal.h"

namespace slipway::train {

struct RegressionValues {
  double rmse = 0;
  double mse = 0;
  double mae = 0;
  double r2 = 0;
  double mape = 0;
};

// Immutable: Evaluate may run on several threads.
class RegressionEvaluator {
 public:
  using Values = RegressionValues;
  static std::span<const MetricMember<Values>> Members();

  struct Workspace {};  // None is needed.

  // Both have the same rows.
  RegressionEvaluator(std::span<const double> truth, std::span<const double> estimates);

  int64_t rows() const { return static_cast<int64_t>(truth_.size()); }
  // Passes over the rows that an evaluation takes.
  static int64_t passes() { return 2; }
  // `counts[i]` says how often row i occurs.
  Values Evaluate(std::span<const uint32_t> counts, Workspace* workspace) const;

 private:
  std::vector<double> truth_;
  std::vector<double> errors_;  // Estimate less truth.
};

}  // namespace slipway::train
