// Where the estimates of a regression are cut, to be counted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "model/types.h"

namespace slipway::serve {

// The twentieths of what the model estimated for rows that it did not learn from, as its
// profile.json has them; else of the target in training, by the same file; else of the estimates in
// its golden.jsonl. Strictly ascending, fewer where some are equal. They follow from the artifact's
// bytes, so that all servers of a version have the same ones. None of a classification, and where
// there are no such files.
std::vector<double> PredictionBoundsOf(const std::string& directory,
                                       const model::ModelSchema& schema);
// The same by the artifact's schema.json, without loading the model. None where it can't be read.
std::vector<double> PredictionBoundsOf(const std::string& directory);

// kInvalidInput for bounds that are told and not finite, not strictly ascending, or too many.
Status CheckPredictionBounds(std::span<const double> bounds);

}  // namespace slipway::serve
