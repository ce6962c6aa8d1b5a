// The ensemble laid out for speed: what answers predictions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads. The ensemble's trees must be trees: each
// node but the root is the child of exactly one node, which AverageForest and the ONNX reader
// ensure.
class ForestKernel {
 public:
  explicit ForestKernel(const TreeEnsemble& ensemble);

  int outputs() const { return outputs_; }

  // Scores rows [begin, end) of `matrix` into `scores` ((end - begin) × outputs) and `labels` (end
  // - begin). A label is the first output with the highest score.
  void Predict(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores,
               int32_t* labels) const;

 private:
  // 16 bytes. Siblings are neighbours: a row moves on to `next`, or to `next + step` where its
  // value is not <= threshold. A leaf has itself as `next` and step 0, so that walking on stays
  // there and needs no branch; it keeps the offset of its values in the bits of the threshold.
  struct Node {
    float threshold;
    uint32_t feature;
    uint32_t next;
    uint32_t step;
  };

  void AddTree(const Tree& tree);
  int64_t BlockRows() const;
  void ScoreBlock(const float* rows, int64_t count, float* scores) const;
  template <int kCount>
  void WalkLanes(const float* rows, uint32_t root, float* scores) const;

  int outputs_ = 0;
  int features_ = 0;
  std::vector<Node> nodes_;
  std::vector<uint32_t> roots_;
  std::vector<float> leaf_values_;
};

// Predicts all rows of `matrix` with blocks in parallel; fails only when interrupted.
Status PredictInBlocks(const ForestKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions);

}  // namespace slipway::model
