// What answers predictions on prepared features, laid out for speed.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "core/result.h"
#include "data/types.h"
#include "model/forest_kernel_internal.h"
#include "model/score_link_internal.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads.
class ScoringKernel {
 public:
  explicit ScoringKernel(const Scorer& scorer);

  int classes() const { return classes_; }

  // Answers rows [begin, end) of `matrix` in those of `predictions` from `place` on, which are
  // there.
  void Predict(const data::Matrix& matrix, int64_t begin, int64_t end, int64_t place,
               Predictions* predictions) const;
  // The raw scores of these rows: (end - begin) × outputs.
  void ScoreRaw(const data::Matrix& matrix, int64_t begin, int64_t end, double* raw) const;

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
  ScoreLink link_;
  bool regression_;
  double offset_;
  int outputs_;
  int classes_;
};

// Predicts all rows of `matrix` with blocks in parallel; fails only when interrupted.
Status PredictInBlocks(const ScoringKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions);

}  // namespace slipway::model
