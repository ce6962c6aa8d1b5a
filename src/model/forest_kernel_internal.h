// The ensemble laid out for speed: what answers predictions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

  // The raw scores of rows [begin, end) of `matrix`: (end - begin) × outputs.
  void Score(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores) const;

 private:
  // Values and thresholds are compared as integers (ordered_key_internal.h), which takes fewer
  // instructions a step than floats do.
  //
  // The upper levels of a tree, all of them where it is shallow, as a complete binary tree: node 1
  // is the root, 2i and 2i + 1 are children of node i, and a row goes to 2i + 1 where its value is
  // not <= threshold. A leaf above the last level is one that all below it lead to. 8 bytes.
  struct UpperNode {
    uint32_t offset;  // Of the feature's values in a tile.
    int32_t threshold;
  };
  // Nodes below. Siblings are neighbours: a row moves on to `next`, or to `next + step`. A leaf has
  // itself as `next` and step 0, so that walking on stays there and needs no branch; in the place
  // of the threshold it keeps where its values are. 16 bytes.
  struct LowerNode {
    int32_t threshold;
    uint32_t offset;
    uint32_t next;
    uint32_t step;
  };
  struct TreePlace {
    int levels = 0;      // Of the complete tree.
    uint32_t upper = 0;  // Its node 0, which is not used.
    uint32_t ends = 0;   // What its 2^levels ends lead to: values, or lower nodes of a deep tree.
    bool deep = false;
  };

  class LeafValues;

  void AddTree(const Tree& tree, LeafValues* values);
  // `leaves`: where the values of each of the tree's leaves are.
  void AddLower(const Tree& tree, int32_t node, std::span<const uint32_t> leaves);
  void FillTiles(const data::Matrix& matrix, int64_t begin, int64_t count, int32_t* tiles) const;
  void ScoreTiles(const int32_t* tiles, int64_t count, float* scores) const;
  template <int kOutputs>
  void WalkTiles(const TreePlace& tree, const int32_t* tiles, int64_t count, float* scores) const;
  void ScoreRow(const int32_t* row, float* sums) const;
  // Several trees of as many levels from `trees` on.
  void WalkTrees(const TreePlace* trees, const int32_t* row, float* sums) const;
  void WalkTree(const TreePlace& tree, const int32_t* row, float* sums) const;
  void AddValues(std::span<const uint32_t> places, float* sums) const;
  template <int kCount>
  void WalkLower(const int32_t* tile, uint32_t* at) const;

  int outputs_ = 0;
  int features_ = 0;
  int64_t block_tiles_ = 0;
  std::vector<TreePlace> trees_;
  std::vector<UpperNode> upper_;
  std::vector<uint32_t> ends_;
  std::vector<LowerNode> lower_;
  std::vector<float> leaf_values_;
  std::vector<float> base_;  // One an output.
};

}  // namespace slipway::model
