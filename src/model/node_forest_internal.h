// An ensemble walked node by node: any number of features, any processor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/types.h"
#include "model/node_layout_internal.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after construction, safe from several threads.
class NodeForest {
 public:
  // The ensemble is as LayOutNodes asks for it.
  explicit NodeForest(const TreeEnsemble& ensemble);

  int outputs() const { return outputs_; }

  // The raw scores of rows [begin, end) of `matrix`: (end - begin) × outputs.
  void Score(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores) const;

 private:
  void FillTiles(const data::Matrix& matrix, int64_t begin, int64_t count, uint32_t* tiles) const;
  // Rows that have their keys in `tiles`.
  template <typename Node>
  void ScoreBlock(const Node* nodes, const uint32_t* tiles, int64_t count, float* scores) const;
  // `kOutputs` 0 is for as many as there are.
  template <int kOutputs, typename Node>
  void ScoreRows(const Node* nodes, const uint32_t* tiles, int64_t count, float* scores) const;
  template <int kOutputs, typename Node>
  void WalkTiles(const Node* root, const NodeLayout::TreePlace& tree, const uint32_t* tiles,
                 int64_t count, float* scores) const;
  template <int kOutputs, typename Node>
  void WalkRow(const Node* nodes, const uint32_t* row, float* sums) const;

  int outputs_;
  int64_t tile_size_;  // Keys.
  int64_t block_rows_;
  NodeLayout layout_;
  std::vector<float> base_;  // One an output.
};

}  // namespace slipway::model
