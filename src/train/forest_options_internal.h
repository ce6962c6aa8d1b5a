// The hyper-parameters of random forests: their one documented table, and what they come to on a
// training set.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/hyperparameters_internal.h"
#include "train/trainer.h"

namespace slipway::train {

// Classes that a forest can tell apart, and rows that it can learn from.
inline constexpr int kMostClasses = 4096;
inline constexpr int64_t kMostRows = int64_t{1} << 30;

enum class Criterion { kGini, kEntropy, kSquaredError };

enum class FeatureRule { kDefault, kSquareRoot, kLogarithm, kAll, kAmount };

// The parameters of RandomForestClassifier and RandomForestRegressor by their names and defaults;
// class_weight is the train stage's.
struct ForestOptions {
  int64_t n_estimators = 100;
  std::optional<Criterion> criterion;  // kGini, or kSquaredError of numbers, where absent.
  int64_t max_depth = 0;               // 0: no limit.
  Amount min_samples_split{2, {}};
  Amount min_samples_leaf{1, {}};
  double min_weight_fraction_leaf = 0;
  // kDefault: kSquareRoot, or kAll of numbers.
  FeatureRule max_features = FeatureRule::kDefault;
  Amount max_features_amount;  // Under kAmount.
  int64_t max_leaf_nodes = 0;  // 0: no limit.
  double min_impurity_decrease = 0;
  bool bootstrap = true;
  std::optional<Amount> max_samples;
  int64_t n_jobs = -1;                   // Below 0 all threads but -1 - n_jobs.
  std::optional<uint32_t> random_state;  // The run's seed where absent.
  int64_t max_bins = 0;                  // 0: the default.
};

// The same on a given training set, in counts: what a plug-in fits.
struct ForestPlan {
  int64_t trees = 0;
  Criterion criterion = Criterion::kGini;
  int64_t max_depth = 0;  // 0: no limit.
  int64_t features_per_node = 0;
  int64_t samples_per_tree =
      0;  // Drawn with replacement; all rows, once each, without `bootstrap`.
  bool bootstrap = true;
  int64_t min_split = 0;
  int64_t min_leaf = 0;
  double min_weight_share = 0;
  double min_impurity_decrease = 0;
  int64_t max_leaves = 0;  // 0: no limit.
  int64_t max_bins = 0;
  bool early_stopping = false;  // `trees` at most.
  uint64_t seed = 0;
  int threads = 1;
};

const std::vector<HyperparameterDoc>& ForestHyperparameters();

// All mistakes at once.
Result<ForestOptions> ParseForestOptions(const Json& hyperparameters);

// `settings.threads` at least 1. kInvalidInput where max_samples asks for more rows than there are,
// or the criterion is of another task.
Result<ForestPlan> PlanForest(const ForestOptions& options, const TrainingShape& shape,
                              const FitSettings& settings);

}  // namespace slipway::train
