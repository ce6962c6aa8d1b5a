// How good a model is on the parts of a split: figures and what the pictures show.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"
#include "model/types.h"
#include "report/types.h"
#include "train/metrics.h"

namespace slipway::pipeline {

struct Evaluation {
  train::Metrics test, train, validation;  // validation is empty where the split has no such part.
  train::Intervals intervals;              // Of `test`, 95 %.
  std::vector<std::pair<std::string, std::vector<train::RocPoint>>> roc;
  std::vector<int64_t> confusion;
  std::vector<report::RunReport::ScoreHistogram> score_histograms;
  std::vector<report::RunReport::Estimate> estimates;  // Of a regression, as the next.
  report::RunReport::ErrorHistogram errors;
  train::SliceReport slices;
  train::PermutationReport permutation;  // Without features where it was not asked for.
};

// `all` are predictions for every row of the table that `target` and `split` index; `test_groups`
// are the groups of the test part's rows, where there are some.
Evaluation Evaluate(const model::Predictions& all, const data::Target& target,
                    const data::Split& split, train::Averaging averaging, uint64_t seed,
                    int threads, std::span<const int32_t> test_groups);

// At most `most` of these, evenly spread, in their order.
std::vector<int64_t> EvenlySpread(std::span<const int64_t> rows, size_t most);

Json ToJson(const Evaluation& evaluation);
Result<Evaluation> EvaluationFromJson(const Json& json);

// metrics.json of the artifact: every metric with its interval, by part, and the folds.
Json MetricsFile(const Evaluation& evaluation, const std::vector<train::FoldResult>& folds);

}  // namespace slipway::pipeline
