#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "model/forest_kernel_internal.h"

namespace slipway::model {
namespace {

// Rows that walk a tree together: enough independent loads to hide their latency.
constexpr int kLanes = 16;
// Trees that one row walks together, for the same reason.
constexpr int kTrees = 8;
// A block's features should stay in the first-level cache while all trees pass over them.
constexpr int64_t kBlockBytes = int64_t{24} * 1024;
constexpr int64_t kMaxBlockRows = 512;
// Levels that are walked without looking for an end, at most: a complete tree of ten takes 8 KiB.
constexpr int kMaxLevels = 10;

int64_t BlockRowsFor(int features) {
  const int64_t row_bytes = std::max<int64_t>(features, 1) * int64_t{sizeof(float)};
  const int64_t rows =
      std::clamp<int64_t>(kBlockBytes / row_bytes, int64_t{2} * kLanes, kMaxBlockRows);
  return rows / kLanes * kLanes;
}

int DepthOf(const Tree& tree) {
  int depth = 0;
  std::vector<std::pair<int32_t, int>> open = {{0, 0}};
  while (!open.empty()) {
    const auto [node, level] = open.back();
    open.pop_back();
    depth = std::max(depth, level);
    const TreeNode& from = tree.nodes[static_cast<size_t>(node)];
    if (from.feature < 0) continue;
    open.emplace_back(from.left, level + 1);
    open.emplace_back(from.right, level + 1);
  }
  return depth;
}

// A thin deep tree must not become a thick complete one.
int LevelsOf(const Tree& tree, int depth) {
  return std::min({depth, kMaxLevels, static_cast<int>(std::bit_width(tree.nodes.size()))});
}

}  // namespace

ForestKernel::ForestKernel(const TreeEnsemble& ensemble)
    : outputs_(ensemble.outputs),
      features_(ensemble.features),
      block_rows_(BlockRowsFor(ensemble.features)),
      base_(ensemble.base) {
  base_.resize(static_cast<size_t>(outputs_));
  for (const Tree& tree : ensemble.trees) AddTree(tree);
  // Neighbours of as many levels walk together. Sums are exact (docs/models.md): any order will do.
  std::ranges::stable_sort(trees_, {}, &TreePlace::levels);
}

uint32_t ForestKernel::OffsetOf(int32_t feature) const {
  return static_cast<uint32_t>(feature) * static_cast<uint32_t>(block_rows_);
}

void ForestKernel::AddTree(const Tree& tree) {
  const auto first_value = static_cast<uint32_t>(leaf_values_.size());
  leaf_values_.insert(leaf_values_.end(), tree.leaf_values.begin(), tree.leaf_values.end());
  const int depth = DepthOf(tree);
  TreePlace place;
  place.levels = LevelsOf(tree, depth);
  place.deep = depth > place.levels;
  place.upper = static_cast<uint32_t>(upper_.size());
  place.ends = static_cast<uint32_t>(ends_.size());
  trees_.push_back(place);

  const size_t ends = size_t{1} << static_cast<unsigned>(place.levels);
  upper_.resize(upper_.size() + ends, {0, 0});
  std::vector<int32_t> at(2 * ends, 0);  // The tree's node at each place of the complete one.
  for (size_t i = 1; i < ends; ++i) {
    const TreeNode& node = tree.nodes[static_cast<size_t>(at[i])];
    const bool leaf = node.feature < 0;
    if (!leaf) upper_[place.upper + i] = {OffsetOf(node.feature), node.threshold};
    at[2 * i] = leaf ? at[i] : node.left;
    at[2 * i + 1] = leaf ? at[i] : node.right;
  }
  for (size_t i = ends; i < 2 * ends; ++i) {
    const TreeNode& node = tree.nodes[static_cast<size_t>(at[i])];
    ends_.push_back(place.deep ? static_cast<uint32_t>(lower_.size())
                               : first_value + static_cast<uint32_t>(node.left * outputs_));
    if (place.deep) AddLower(tree, at[i], first_value);
  }
}

void ForestKernel::AddLower(const Tree& tree, int32_t node, uint32_t first_value) {
  const auto root = static_cast<uint32_t>(lower_.size());
  // Breadth first: the levels that every row passes lie close together.
  std::vector<int32_t> order = {node};
  lower_.push_back({});
  for (size_t i = 0; i < order.size(); ++i) {
    const TreeNode& from = tree.nodes[static_cast<size_t>(order[i])];
    const auto self = root + static_cast<uint32_t>(i);
    if (from.feature < 0) {
      const uint32_t value = first_value + static_cast<uint32_t>(from.left * outputs_);
      lower_[self] = {std::bit_cast<float>(value), 0, self, 0};
      continue;
    }
    lower_[self] = {from.threshold, OffsetOf(from.feature), static_cast<uint32_t>(lower_.size()),
                    1};
    lower_.resize(lower_.size() + 2);
    order.push_back(from.left);
    order.push_back(from.right);
  }
}

template <int kCount>
void ForestKernel::WalkLower(const float* block, uint32_t* at) const {
  const LowerNode* const nodes = lower_.data();
  uint32_t moved = 1;
  while (moved != 0) {
    moved = 0;
    for (int lane = 0; lane < kCount; ++lane) {
      const LowerNode& node = nodes[at[lane]];
      const float value = (block + node.offset)[lane];
      const uint32_t next = node.next + (node.step & (value <= node.threshold ? 0U : 1U));
      moved |= next ^ at[lane];
      at[lane] = next;
    }
  }
  for (int lane = 0; lane < kCount; ++lane) {
    at[lane] = std::bit_cast<uint32_t>(nodes[at[lane]].threshold);
  }
}

template <int kCount>
void ForestKernel::WalkTree(const TreePlace& tree, const float* block, float* scores) const {
  const UpperNode* const nodes = upper_.data() + tree.upper;
  std::array<uint32_t, kCount> at;
  at.fill(1);
  for (int level = 0; level < tree.levels; ++level) {
    for (int lane = 0; lane < kCount; ++lane) {
      const UpperNode& node = nodes[at[lane]];
      const float value = (block + node.offset)[lane];
      at[lane] = 2 * at[lane] + (value <= node.threshold ? 0U : 1U);
    }
  }
  const uint32_t* const ends =
      ends_.data() + tree.ends - (size_t{1} << static_cast<unsigned>(tree.levels));
  for (int lane = 0; lane < kCount; ++lane) at[lane] = ends[at[lane]];
  if (tree.deep) WalkLower<kCount>(block, at.data());
  for (int lane = 0; lane < kCount; ++lane)
    AddValues(at[lane], scores + static_cast<std::ptrdiff_t>(lane) * outputs_);
}

void ForestKernel::AddValues(uint32_t at, float* sums) const {
  const float* values = leaf_values_.data() + at;
  for (int output = 0; output < outputs_; ++output) sums[output] += values[output];
}

void ForestKernel::WalkTrees(const TreePlace* trees, const float* row, float* sums) const {
  std::array<const UpperNode*, kTrees> nodes;
  std::array<uint32_t, kTrees> at;
  at.fill(1);
  for (int tree = 0; tree < kTrees; ++tree) nodes[tree] = upper_.data() + trees[tree].upper;
  for (int level = 0; level < trees->levels; ++level) {
    for (int tree = 0; tree < kTrees; ++tree) {
      const UpperNode& node = nodes[tree][at[tree]];
      at[tree] = 2 * at[tree] + (row[node.offset] <= node.threshold ? 0U : 1U);
    }
  }
  const size_t ends = size_t{1} << static_cast<unsigned>(trees->levels);
  for (int tree = 0; tree < kTrees; ++tree) {
    at[tree] = ends_[trees[tree].ends + (at[tree] - ends)];
    if (trees[tree].deep) WalkLower<1>(row, &at[tree]);
    AddValues(at[tree], sums);
  }
}

// Of one row the trees walk side by side.
void ForestKernel::ScoreRow(const float* row, float* sums) const {
  size_t tree = 0;
  while (tree < trees_.size()) {
    const TreePlace* const first = trees_.data() + tree;
    const bool together = tree + kTrees <= trees_.size() &&
                          std::all_of(first, first + kTrees, [&](const TreePlace& other) {
                            return other.levels == first->levels;
                          });
    if (together) {
      WalkTrees(first, row, sums);
      tree += kTrees;
    } else {
      WalkTree<1>(*first, row, sums);
      ++tree;
    }
  }
}

void ForestKernel::ScoreBlock(const float* block, int64_t count, float* scores) const {
  for (int64_t row = 0; row < count; ++row) std::ranges::copy(base_, scores + row * outputs_);
  const int64_t whole = count / kLanes * kLanes;
  for (const TreePlace& tree : trees_) {
    for (int64_t row = 0; row < whole; row += kLanes)
      WalkTree<kLanes>(tree, block + row, scores + row * outputs_);
  }
  for (int64_t row = whole; row < count; ++row) ScoreRow(block + row, scores + row * outputs_);
}

void ForestKernel::Score(const data::Matrix& matrix, int64_t begin, int64_t end,
                         float* scores) const {
  const auto block =
      std::make_unique_for_overwrite<float[]>(static_cast<size_t>(block_rows_ * features_) + 1);
  for (int64_t from = begin; from < end; from += block_rows_) {
    const int64_t count = std::min(block_rows_, end - from);
    for (int feature = 0; feature < features_; ++feature) {
      std::copy_n(matrix.Column(feature) + from, count, block.get() + OffsetOf(feature));
    }
    ScoreBlock(block.get(), count, scores + (from - begin) * outputs_);
  }
}

}  // namespace slipway::model
