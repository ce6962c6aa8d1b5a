// Answers on prepared features, without a graph.
#pragma once

#include <cstddef>

#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

inline double WeightOf(const LinearScorer& linear, int output, int feature) {
  const auto features = static_cast<size_t>(linear.features);
  return linear.weights[static_cast<size_t>(output) * features + static_cast<size_t>(feature)];
}

// Answers for the rows of `matrix`, whose columns are the scorer's features; label is the first
// class with the highest probability. The same on any number of threads.
Predictions PredictMatrix(const Scorer& scorer, const data::Matrix& matrix, int threads = 0);

}  // namespace slipway::model
