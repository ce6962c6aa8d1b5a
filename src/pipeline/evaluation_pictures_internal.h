// What the pictures of a report show of a model's answers.
#pragma once

#include "data/target.h"
#include "model/types.h"
#include "pipeline/evaluation.h"

namespace slipway::pipeline {

// Of classes curves, scores and who is taken for whom; of numbers estimates and errors. `truth` and
// the predictions have the same rows.
void AddPictures(const data::Target& truth, const model::Predictions& predictions,
                 Evaluation* evaluation);

}  // namespace slipway::pipeline
