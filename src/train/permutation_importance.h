// How much a model leans on each feature: what its metric loses when the feature's values are
// shuffled (Breiman 2001, Random forests, section 10; of any model Fisher, Rudin and Dominici 2019,
// All models are wrong, but many are useful, JMLR 20).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"
#include "model/predictor.h"
#include "train/metrics.h"

namespace slipway::train {

struct PermutationImportance {
  std::string feature;
  double mean = 0;       // Of the losses; negative where shuffling did better.
  double deviation = 0;  // Over the repeats, with n, as scikit-learn's importances_std.
  std::vector<double> losses;
};

struct PermutationReport {
  std::string metric;
  double whole = 0;  // Its value on the rows as they are.
  int64_t rows = 0;
  int repeats = 0;
  std::vector<PermutationImportance> features;  // Highest mean first, ties by name.
};

struct PermutationInput {
  const model::Predictor& predictor;
  const data::Table& rows;
  const data::Target& truth;  // Of these rows.
  std::string metric;
  Averaging averaging = Averaging::kWeighted;
  int repeats = 5;
  uint64_t seed = 0;
  int threads = 0;
};

// scikit-learn's permutation_importance: each of the model's inputs is shuffled by itself,
// `repeats` times, and what the metric falls by is its loss (what an error grows by). Every shuffle
// has a seed of its own, so that nothing depends on the number of threads. NaN where the metric is.
// An Error is the predictor's, or names a metric that there is not.
Result<PermutationReport> PermuteFeatures(const PermutationInput& input);

Json ToJson(const PermutationReport& report);
Result<PermutationReport> PermutationReportFromJson(const Json& json);

}  // namespace slipway::train
