// What answers predictions on prepared features, laid out for speed.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

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

  // Answers rows [begin, end) of `matrix` in those of `predictions` from `place` on, which are
  // there. A label is the first class with the highest probability.
  void Predict(const data::Matrix& matrix, int64_t begin, int64_t end, int64_t place,
               Predictions* predictions) const;

 private:
  // Room for a block's raw scores.
  struct Workspace {
    std::vector<float> sums;
    std::vector<double> raw;
  };

  void ScoreRaw(const data::Matrix& matrix, int64_t begin, int64_t end, Workspace* workspace) const;
  void Classify(const data::Matrix& matrix, int64_t begin, int64_t end, Workspace* workspace,
                float* scores) const;

  std::variant<ForestKernel, LinearScorer> body_;
  Link link_;
  double offset_;
  int outputs_;
  int classes_;
};

// From one row's raw scores, which are spent, to its probabilities.
void LinkScores(Link link, std::span<double> raw, float* scores);

// Predicts all rows of `matrix` with blocks in parallel; fails only when interrupted.
Status PredictInBlocks(const ScoringKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions);

}  // namespace slipway::model
