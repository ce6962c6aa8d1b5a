// What an evaluation says of parts of the test rows, and of single features. Only the files of this
// folder see it.
#pragma once

#include "model/predictor.h"
#include "model/types.h"
#include "pipeline/run_state_internal.h"
#include "train/metrics.h"
#include "train/permutation_importance.h"
#include "train/slices.h"

namespace slipway::pipeline {

// kInvalidInput for a column of model.slices or of a gate on groups that the table does not have:
// told before anything is trained.
Status CheckSliceColumns(const RunState& state);

// The slices of the test part, by predictions for every row of the table.
train::SliceReport SlicesOf(const RunState& state, const model::Predictions& all,
                            train::Averaging averaging);

// Permutation importances; none where they are not asked for.
Result<train::PermutationReport> PermutationOf(const RunState& state,
                                               const model::Predictor& predictor,
                                               train::Averaging averaging);

}  // namespace slipway::pipeline
