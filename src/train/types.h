// What the train stage ends in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/preprocessing.h"
#include "model/types.h"
#include "train/metrics.h"

namespace slipway::train {

struct FoldResult {
  int fold = 0;
  int64_t train_rows = 0;
  int64_t test_rows = 0;
  Metrics metrics;
};

// A metric in those folds in which it could be computed.
std::vector<double> FoldValues(const std::vector<FoldResult>& folds, const std::string& metric);

struct Spread {
  double mean = 0;
  double deviation = 0;  // Standard deviation of the sample; 0 for fewer than two values.
};
Spread SpreadOf(const std::vector<double>& values);

struct FeatureImportance {
  std::string feature;    // The input column; what is made of it is summed.
  double importance = 0;  // Share of all, in [0, 1].
};

struct TrainedModel {
  data::PreprocessingPlan plan;
  model::Scorer scorer;
  std::vector<FeatureImportance> importances;  // Highest first, ties by name.
  std::vector<std::string> notes;              // Of the trainer, for a person.
};

Json ToJson(const FoldResult& fold);
Result<FoldResult> FoldResultFromJson(const Json& json);

}  // namespace slipway::train
