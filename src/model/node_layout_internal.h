// The trees of an ensemble as their nodes lie in memory: small, and those of a path near each
// other.
#pragma once

#include <cstdint>
#include <vector>

#include "model/types.h"

namespace slipway::model {

// Rows whose values lie together, all of a feature and then of the next: a tile.
inline constexpr int kTileRows = 16;
// The top levels of every tree are complete: its node 0 is the root, and 2i + 1 and 2i + 2 are
// children of node i. A leaf above is one that all below it lead to.
inline constexpr int kTopLevels = 3;
inline constexpr int kTopNodes = (1 << kTopLevels) - 1;

// Values and thresholds are compared as integers (ordered_key_internal.h), which takes fewer
// instructions a step than floats do. A row moves on by `step` nodes, and by one more where the key
// of its value is above `key`: siblings are neighbours. A leaf keeps in `key` where its values
// begin; its step is 0 and its feature one behind the last, whose keys are 0, so that walking on
// stays there and needs no branch.
//
// Step and offset lie in the halves of one number: reading them at once costs a load less a step.
template <typename Packed>
struct ForestNode {
  static constexpr unsigned kHalf = sizeof(Packed) * 4;
  static constexpr Packed kMost = (Packed{1} << kHalf) - 1;

  uint32_t key = 0;
  Packed packed = 0;  // step << kHalf | offset of the feature's values in a tile.

  Packed offset() const { return packed & kMost; }
  Packed step() const { return packed >> kHalf; }
};
using NarrowNode = ForestNode<uint32_t>;  // 8 bytes: trees of up to 65,521 nodes, 4,095 features.
using WideNode = ForestNode<uint64_t>;    // 16 bytes: any other.

struct NodeLayout {
  struct TreePlace {
    uint32_t root = 0;
    int levels = 0;     // Walked without looking whether all have arrived; at least kTopLevels.
    bool deep = false;  // Some leaves are further down.
  };
  std::vector<TreePlace> trees;  // By `levels`, rising.
  // One of the two holds all nodes.
  std::vector<NarrowNode> narrow;
  std::vector<WideNode> wide;
  std::vector<float> leaf_values;  // Each leaf's outputs; equal ones once.
};

// The ensemble's trees must be trees: each node but the root is the child of exactly one node,
// which AverageForest and the ONNX reader ensure.
NodeLayout LayOutNodes(const TreeEnsemble& ensemble);

}  // namespace slipway::model
