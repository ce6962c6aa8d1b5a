// The hyper-parameters of logistic regression, and what they come to on a training set.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/trainer.h"

namespace slipway::train {

enum class Penalty { kDefault, kNone, kL1, kL2, kElasticNet };

// LogisticRegression's parameters by its names and defaults; class_weight is the train stage's.
struct LogisticOptions {
  std::optional<double> inverse_strength = 1;  // C; absent: no penalty.
  Penalty penalty = Penalty::kDefault;         // kDefault: as l1_ratio says.
  double l1_ratio = 0;
  bool fit_intercept = true;
  double tol = 1e-4;
  int64_t max_iter = 100;
  int64_t n_jobs = -1;
};

// What is minimized: the mean of the rows' losses, by weight, plus
// l1 Σ|w| + l2/2 Σ w², over all weights but the intercepts.
struct LogisticPlan {
  double l1 = 0;
  double l2 = 0;
  bool fit_intercept = true;
  double tol = 0;
  int max_iter = 0;
  int threads = 1;
};

const std::vector<HyperparameterDoc>& LogisticHyperparameters();

// All mistakes at once.
Result<LogisticOptions> ParseLogisticOptions(const Json& hyperparameters);

// `total_weight` is that of all rows, above 0.
LogisticPlan PlanLogistic(const LogisticOptions& options, double total_weight, int threads);

}  // namespace slipway::train
