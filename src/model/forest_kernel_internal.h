// The ensemble laid out for speed: what answers predictions.
#pragma once

#include <cstdint>
#include <variant>

#include "data/types.h"
#include "model/block_forest_internal.h"
#include "model/node_forest_internal.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads.
class ForestKernel {
 public:
  // The ensemble's trees must be trees: each node but the root is the child of exactly one node,
  // which AverageForest and the ONNX reader ensure.
  explicit ForestKernel(const TreeEnsemble& ensemble);

  int outputs() const { return outputs_; }

  // The raw scores of rows [begin, end) of `matrix`: (end - begin) × outputs.
  void Score(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores) const {
    std::visit([&](const auto& forest) { forest.Score(matrix, begin, end, scores); }, forest_);
  }

 private:
  int outputs_;
  std::variant<BlockForest, NodeForest> forest_;
};

}  // namespace slipway::model
