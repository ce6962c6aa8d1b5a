// Fitting on a split: one fold, and the final model.
#pragma once

#include <span>
#include <vector>

#include "config/types.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"
#include "train/trainer.h"
#include "train/types.h"

namespace slipway::train {

// Everything a fit reads; references outlive the call.
struct FitInput {
  const data::Table& table;
  const std::vector<std::string>& features;
  const data::Target& target;
  const config::Config& config;
  uint64_t seed = 0;
  int threads = 0;
  std::span<const double> row_weights = {};  // One a row of the table; empty for all alike.
};

// How metrics are averaged over the target's classes. kInvalidInput for `binary` of more than two.
Result<Averaging> AveragingFor(const config::ModelConfig& model, const data::Target& target);

// Those of `rows` that count in training: all but those of weight 0. `weights` are by row of the
// table; where there are none all count.
std::vector<int64_t> RowsThatCount(std::span<const double> weights, std::span<const int64_t> rows);

// Fits preprocessing and model on `rows` of the table, as if those of weight 0 were not there.
Result<TrainedModel> Fit(const Trainer& trainer, const FitInput& input,
                         std::span<const int64_t> rows);

// Rows to learn from and to score.
struct FoldRows {
  std::vector<int64_t> train;
  std::vector<int64_t> test;
};
Result<FoldRows> RowsOfFold(const data::Split& split, int fold);

// Fits preprocessing and model on the rows to learn from and scores the others, whose raw scores go
// to `raw_scores`, where given.
Result<FoldResult> FitFold(const Trainer& trainer, const FitInput& input, const FoldRows& rows,
                           int fold, std::vector<double>* raw_scores = nullptr);

// What predictions for its test rows are worth.
Result<FoldResult> ScoreFold(const FitInput& input, const FoldRows& rows, int fold,
                             const model::Predictions& predictions);

// Weights by `class_weight` (null, "balanced" or label → weight), one a class; empty for null.
// Errors are told at `key`.
Result<std::vector<double>> ClassWeights(const Json& class_weight, const data::Target& target,
                                         std::span<const int64_t> rows,
                                         const std::string& key = "model.class_weight");

}  // namespace slipway::train
