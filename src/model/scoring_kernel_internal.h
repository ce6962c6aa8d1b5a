// What answers predictions on prepared features, laid out for speed.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "core/result.h"
#include "data/types.h"
#include "model/forest_kernel_internal.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads.
class ScoringKernel {
 public:
  explicit ScoringKernel(const Scorer& scorer);

  int classes() const { return classes_; }

  // Probabilities of rows [begin, end) of `matrix` into `scores` ((end - begin) × classes) and
  // `labels` (end - begin). A label is the first class with the highest probability.
  void Predict(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores,
               int32_t* labels) const;

 private:
  void PredictBlock(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores) const;

  std::variant<ForestKernel, LinearScorer> body_;
  Link link_;
  int classes_;
};

// From one row's raw scores, which are spent, to its probabilities.
void LinkScores(Link link, std::span<double> raw, float* scores);

// Predicts all rows of `matrix` with blocks in parallel; fails only when interrupted.
Status PredictInBlocks(const ScoringKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions);

}  // namespace slipway::model
