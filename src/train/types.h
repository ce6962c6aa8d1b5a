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

// What a trial of a search came to with so many rows to learn from.
struct RungScore {
  int64_t rows = 0;            // Of a fold, in the mean.
  std::vector<double> scores;  // One a fold in which the metric is defined.

  double mean() const { return SpreadOf(scores).mean; }
};

struct Trial {
  int number = 0;                         // From 1.
  Json hyperparameters = Json::object();  // Those that the search chose.
  std::vector<RungScore> rungs;           // As far as it got, fewest rows first.
  std::string failure;                    // Why it could not be scored; "" where it could.
};

// "max_depth 12, max_features sqrt"; "as configured" where the search chose nothing.
std::string InWords(const Trial& trial);
// Whether `a` got further than `b`, or as far with a better mean of the metric.
bool IsBetter(const Trial& a, const Trial& b, const std::string& metric);

struct SearchOutcome {
  std::string metric;
  std::vector<Trial> trials;
  int best = -1;             // Index into `trials`.
  bool out_of_time = false;  // Not all that was planned was tried.

  const Trial& chosen() const { return trials[static_cast<size_t>(best)]; }
};

// {"metric", "out_of_time", "chosen": number, "trials": [{"trial", "hyperparameters", "failure",
// "rungs": [{"rows", "mean", "deviation", "scores"}]}]}
Json ToJson(const SearchOutcome& outcome);
Result<SearchOutcome> SearchOutcomeFromJson(const Json& json);

Json ToJson(const FoldResult& fold);
Result<FoldResult> FoldResultFromJson(const Json& json);

}  // namespace slipway::train
