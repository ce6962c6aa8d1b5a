// The trees of an ensemble in blocks of three levels, a cache line each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/types.h"

namespace slipway::model {

inline constexpr int kBlockLevels = 3;
inline constexpr size_t kBlockNodes = (size_t{1} << kBlockLevels) - 1;
inline constexpr size_t kBlockEnds = size_t{1} << kBlockLevels;
// The values of a row that one instruction chooses from.
inline constexpr int kBlockFeatures = 8;

// Node 0 is the root, 2i + 1 and 2i + 2 are children of node i, and a row goes to the second where
// the key of its value is above the threshold's (SignedKey of ordered_key_internal.h). Nodes that
// are not there have the highest threshold, as the eighth, which is none, always has.
//
// A leaf is a block without nodes whose first end it is itself: walking on stays there.
struct alignas(64) ForestBlock {
  std::array<int32_t, kBlockEnds> thresholds;
  std::array<uint8_t, kBlockEnds> features;
  std::array<uint16_t, kBlockEnds> next;  // The blocks of its ends, from left to right.
  // Of a leaf: its values, as bits, where these are two at most; else where they begin.
  std::array<uint32_t, 2> leaf;
};

struct BlockLayout {
  struct TreePlace {
    uint16_t root = 0;
    int steps = 0;  // Blocks to the deepest leaf.
  };
  std::vector<TreePlace> trees;  // By `steps`, rising.
  std::vector<ForestBlock> blocks;
  std::vector<float> leaf_values;  // Each leaf's outputs; equal ones once.
};

// Nothing for more than kBlockFeatures features, or 65,536 blocks: those would not stay in any
// cache. The ensemble's trees must be trees.
std::optional<BlockLayout> LayOutBlocks(const TreeEnsemble& ensemble);

}  // namespace slipway::model
