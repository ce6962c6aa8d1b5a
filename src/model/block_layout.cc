#include <algorithm>
#include <bit>
#include <limits>

#include "model/block_layout_internal.h"
#include "model/leaf_values_internal.h"
#include "model/ordered_key_internal.h"

namespace slipway::model {
namespace {

constexpr int32_t kNone = -1;
constexpr int32_t kHighest = std::numeric_limits<int32_t>::max();
constexpr size_t kMostBlocks = size_t{std::numeric_limits<uint16_t>::max()} + 1;

int DepthOf(const Tree& tree) {
  int deepest = 0;
  // Children follow their parents.
  std::vector<int> depths(tree.nodes.size(), 0);
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const TreeNode& node = tree.nodes[i];
    deepest = std::max(deepest, depths[i]);
    if (node.feature < 0) continue;
    depths[static_cast<size_t>(node.left)] = depths[i] + 1;
    depths[static_cast<size_t>(node.right)] = depths[i] + 1;
  }
  return deepest;
}

class BlockWriter {
 public:
  explicit BlockWriter(const TreeEnsemble& ensemble)
      : ensemble_(ensemble), values_(&layout_.leaf_values, static_cast<size_t>(ensemble.outputs)) {}

  std::optional<BlockLayout> Run() {
    for (const Tree& tree : ensemble_.trees) {
      if (!AddTree(tree)) return std::nullopt;
    }
    // Neighbours of as many steps walk together. Sums are exact (docs/models.md): any order will
    // do.
    std::ranges::stable_sort(layout_.trees, {}, &BlockLayout::TreePlace::steps);
    return std::move(layout_);
  }

 private:
  struct Root {
    size_t block = 0;
    int32_t node = 0;
  };

  // The first block of a tree has the levels that would not fill one at its end, where blocks are
  // many.
  bool AddTree(const Tree& tree) {
    tree_ = &tree;
    const int depth = DepthOf(tree);
    BlockLayout::TreePlace place;
    place.steps = (depth + kBlockLevels - 1) / kBlockLevels;
    int levels = depth - (place.steps - 1) * kBlockLevels;
    place.root = BlockFor(0);
    layout_.trees.push_back(place);
    while (!open_.empty()) {
      const Root root = open_.back();
      open_.pop_back();
      Fill(root, levels);
      levels = kBlockLevels;
      if (layout_.blocks.size() > kMostBlocks) return false;
    }
    return layout_.blocks.size() <= kMostBlocks;
  }

  const TreeNode& NodeOf(int32_t node) const { return tree_->nodes[static_cast<size_t>(node)]; }

  uint16_t BlockFor(int32_t node) {
    if (NodeOf(node).feature < 0) return LeafFor(NodeOf(node).left);
    open_.push_back({AddBlock(), node});
    return static_cast<uint16_t>(layout_.blocks.size() - 1);
  }

  size_t AddBlock() {
    ForestBlock& block = layout_.blocks.emplace_back();
    block.thresholds.fill(kHighest);
    return layout_.blocks.size() - 1;
  }

  uint16_t LeafFor(int32_t leaf) {
    const auto outputs = static_cast<size_t>(ensemble_.outputs);
    const float* const values = tree_->leaf_values.data() + static_cast<size_t>(leaf) * outputs;
    const uint32_t place = values_.Add(values);
    const size_t index = place / outputs;
    if (index < leaf_blocks_.size()) return leaf_blocks_[index];
    const auto self = static_cast<uint16_t>(AddBlock());
    ForestBlock& block = layout_.blocks.back();
    block.next[0] = self;
    block.leaf[0] = place;
    if (outputs <= block.leaf.size()) {
      for (size_t i = 0; i < outputs; ++i) block.leaf[i] = std::bit_cast<uint32_t>(values[i]);
    }
    leaf_blocks_.push_back(self);
    return self;
  }

  // The block of the nodes from `root` on, `levels` of them; where a path ends earlier, its end is
  // the leftmost below.
  void Fill(const Root& root, int levels) {
    std::array<int32_t, kBlockNodes + kBlockEnds> at;  // NOLINT: filled below.
    at.fill(kNone);
    at[0] = root.node;
    for (size_t i = 0; i < kBlockNodes; ++i) {
      if (at[i] == kNone) continue;
      const TreeNode& node = NodeOf(at[i]);
      const bool splits = node.feature >= 0 && static_cast<int>(std::bit_width(i + 1)) <= levels;
      at[2 * i + 1] = splits ? node.left : at[i];
      if (!splits) continue;
      at[2 * i + 2] = node.right;
      ForestBlock& block = layout_.blocks[root.block];
      block.thresholds[i] = SignedKey(ThresholdKey(node.threshold));
      block.features[i] = static_cast<uint8_t>(node.feature);
    }
    for (size_t end = 0; end < kBlockEnds; ++end) {
      const int32_t node = at[kBlockNodes + end];
      if (node == kNone) continue;
      const uint16_t next = BlockFor(node);
      layout_.blocks[root.block].next[end] = next;
    }
  }

  const TreeEnsemble& ensemble_;
  BlockLayout layout_;
  LeafValues values_;
  std::vector<uint16_t> leaf_blocks_;  // By distinct values.
  const Tree* tree_ = nullptr;
  std::vector<Root> open_;
};

}  // namespace

std::optional<BlockLayout> LayOutBlocks(const TreeEnsemble& ensemble) {
  if (ensemble.features > kBlockFeatures) return std::nullopt;
  return BlockWriter(ensemble).Run();
}

}  // namespace slipway::model
