// The hyper-parameters of gradient boosting, and what they come to on a training set.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/hyperparameters_internal.h"
#include "train/trainer.h"

namespace slipway::train {

// What is lowered: of classes the negative log-likelihood, of numbers the squared error.
enum class BoostingLoss { kLogLoss, kSquaredError };

// The parameters of GradientBoostingClassifier and -Regressor by their names and defaults, with
// those of HistGradientBoosting… where it has more; class_weight is the train stage's.
struct BoostingOptions {
  std::optional<BoostingLoss> loss;  // The task's where absent.
  double learning_rate = 0.1;
  int64_t n_estimators = 100;
  double subsample = 1;
  int64_t max_depth = 3;  // 0: no limit.
  int64_t max_leaf_nodes = 0;
  Amount min_samples_split{2, {}};
  Amount min_samples_leaf{1, {}};
  double l2_regularization = 0;
  std::optional<Amount> max_features;
  int64_t n_iter_no_change = 0;  // 0: all rounds.
  double validation_fraction = 0.1;
  double tol = 1e-4;
  std::optional<uint32_t> random_state;
  int64_t n_jobs = -1;
  int64_t max_bins = 0;  // 0: the default.
};

// The same on a given training set, in counts: what a plug-in fits.
struct BoostingPlan {
  int64_t rounds = 0;
  double learning_rate = 0;
  double row_share = 1;   // Of the rows, drawn without replacement for each tree.
  int64_t max_depth = 0;  // 0: no limit.
  int64_t max_leaves = 0;
  int64_t min_split = 0;
  int64_t min_leaf = 0;
  double l2 = 0;
  int64_t features_per_node = 0;
  int64_t patience = 0;  // Rounds without progress that end the fit; 0: none do.
  double validation_share = 0;
  double tol = 0;
  int64_t max_bins = 0;
  uint64_t seed = 0;
  int threads = 1;
};

const std::vector<HyperparameterDoc>& BoostingHyperparameters();

// All mistakes at once.
Result<BoostingOptions> ParseBoostingOptions(const Json& hyperparameters);

// `settings.threads` at least 1. kInvalidInput where the loss is of another task.
Result<BoostingPlan> PlanBoosting(const BoostingOptions& options, const TrainingShape& shape,
                                  const FitSettings& settings);

}  // namespace slipway::train
