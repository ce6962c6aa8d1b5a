// Answers on prepared features, without a graph.
#pragma once

#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

// Probabilities of the rows of `matrix`, whose columns are the scorer's features; label is the
// first class with the highest one. The same on any number of threads.
Predictions PredictMatrix(const Scorer& scorer, const data::Matrix& matrix, int threads = 0);

}  // namespace slipway::model
