// What an evaluation says of parts of the test rows, and of single features. Only the files of this
// folder see it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/predictor.h"
#include "model/types.h"
#include "pipeline/run_state_internal.h"
#include "train/metrics.h"
#include "train/permutation_importance.h"
#include "train/slices.h"

namespace slipway::pipeline {

// kInvalidInput for a column of model.slices or of a gate on groups that the table does not have:
// told before anything is trained or judged.
Status CheckSliceColumns(const config::LoadedConfig& loaded, const data::Table& table);

// What is cut into slices; references outlive it.
struct SliceSource {
  const config::ModelConfig& model;
  const data::Table& table;
  const data::Target& target;
  const data::Split& split;
  const data::TableProfile& training_profile;
  std::span<const std::string> searched;  // Columns by which the worst slices are looked for.
  int threads = 1;
};
// The features that the search has room for: those that the model leans on most. None where it is
// not asked for.
std::vector<std::string> SearchedColumns(const RunState& state);
// The slices of the test part, by predictions for every row of the table.
train::SliceReport SlicesOf(const SliceSource& source, const model::Predictions& all,
                            train::Averaging averaging);

// Permutation importances; none where they are not asked for.
Result<train::PermutationReport> PermutationOf(const RunState& state,
                                               const model::Predictor& predictor,
                                               train::Averaging averaging);

}  // namespace slipway::pipeline
