// Answers on prepared features, without a graph.
#pragma once

#include <cstddef>
#include <vector>

#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

inline double WeightOf(const LinearScorer& linear, int output, int feature) {
  const auto features = static_cast<size_t>(linear.features);
  return linear.weights[static_cast<size_t>(output) * features + static_cast<size_t>(feature)];
}

// Answers for the rows of `matrix`, whose columns are the scorer's features; label is the first
// class with the highest probability, or what the threshold says. The same on any number of
// threads.
Predictions PredictMatrix(const Scorer& scorer, const data::Matrix& matrix, int threads = 0);

// The raw scores of the rows of `matrix`: rows × outputs.
std::vector<double> RawScores(const Scorer& scorer, const data::Matrix& matrix, int threads = 0);

// What a classifier answers where these are the raw scores of rows.
Predictions PredictRaw(const Scorer& scorer, std::vector<double> raw);

}  // namespace slipway::model
