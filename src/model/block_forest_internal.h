// An ensemble of few features walked three levels a step, by instructions that compare eight
// numbers at once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/types.h"
#include "model/block_layout_internal.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads.
class BlockForest {
 public:
  // Nothing where LayOutBlocks gives nothing, or where the processor has no AVX2.
  static std::optional<BlockForest> Make(const TreeEnsemble& ensemble);

  // The raw scores of rows [begin, end) of `matrix`: (end - begin) × outputs.
  void Score(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores) const;

 private:
  BlockForest(const TreeEnsemble& ensemble, BlockLayout layout);

  int outputs_;
  int features_;
  BlockLayout layout_;
  std::vector<float> base_;  // One an output.
};

}  // namespace slipway::model
