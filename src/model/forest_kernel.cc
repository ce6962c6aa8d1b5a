#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "data/value_hash.h"
#include "model/forest_kernel_internal.h"
#include "model/ordered_key_internal.h"

namespace slipway::model {
namespace {

// Rows that walk a tree together: enough independent loads to hide their latency. Those of a tile
// lie together, all of a feature and then of the next.
constexpr int kLanes = 16;
// Trees that one row walks together, for the same reason.
constexpr int kTrees = 10;
// Levels that all rows of a tile go through without looking at where each is: every node of them is
// compared with all, which costs less than to fetch each row's own.
constexpr int kTopLevels = 3;
// A block's features should stay in the first-level cache while all trees pass over them.
constexpr int64_t kBlockBytes = int64_t{24} * 1024;
constexpr int64_t kMaxBlockRows = 512;
// Levels that are walked without looking for an end, at most: a complete tree of ten takes 8 KiB.
constexpr int kMaxLevels = 10;
// Fewer rows than this that are left over are quicker one by one.
constexpr int64_t kLeastLanes = 3;

// Four rows at a time, which every processor of this kind can do.
using Four = int32_t __attribute__((vector_size(16)));
constexpr int kFour = 4;

Four Choose(Four mask, Four where_not, Four where) {
  return where_not ^ ((where_not ^ where) & mask);
}

int64_t BlockTilesFor(int features) {
  const int64_t row_bytes = std::max<int64_t>(features, 1) * int64_t{sizeof(int32_t)};
  return std::clamp<int64_t>(kBlockBytes / row_bytes, int64_t{2} * kLanes, kMaxBlockRows) / kLanes;
}

uint32_t OffsetOf(int32_t feature) { return static_cast<uint32_t>(feature) * kLanes; }

// Where four rows stand after the top levels: -1 in a mask is a step to the right.
template <typename Node>
Four WalkTop(const Node* nodes, const int32_t* rows) {
  const auto right = [&](int node) {
    Four values;
    std::memcpy(&values, rows + nodes[node].offset, sizeof(values));
    return nodes[node].threshold < values;
  };
  const Four first = right(1);
  const Four second = Choose(first, right(2), right(3));
  const Four third =
      Choose(first, Choose(second, right(4), right(5)), Choose(second, right(6), right(7)));
  constexpr int32_t kLeftmost = 1 << kTopLevels;
  return kLeftmost - (4 * first + 2 * second + third);
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
  const int levels =
      std::min({depth, kMaxLevels, static_cast<int>(std::bit_width(tree.nodes.size()))});
  return std::max(levels, kTopLevels);
}

}  // namespace

// The values of leaves, equal ones once: few differ in a forest, and those stay in the cache.
class ForestKernel::LeafValues {
 public:
  LeafValues(std::vector<float>* values, size_t outputs)
      : values_(*values), outputs_(outputs), slots_(kLeastSlots, kEmpty) {}

  // Where those at `leaf` are.
  uint32_t Add(const float* leaf) {
    if (values_.size() / outputs_ * 2 >= slots_.size()) Grow();
    uint32_t& slot = SlotOf(leaf);
    if (slot == kEmpty) {
      slot = static_cast<uint32_t>(values_.size());
      values_.insert(values_.end(), leaf, leaf + outputs_);
    }
    return slot;
  }

 private:
  static constexpr uint32_t kEmpty = ~uint32_t{0};
  static constexpr size_t kLeastSlots = 1024;  // A power of two.

  // The one that holds these values, or the empty one where they belong.
  uint32_t& SlotOf(const float* leaf) {
    uint64_t hash = 0;
    for (size_t output = 0; output < outputs_; ++output)
      hash = data::MixBits(hash ^ std::bit_cast<uint32_t>(leaf[output]));
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != kEmpty &&
           std::memcmp(values_.data() + slots_[at], leaf, outputs_ * sizeof(float)) != 0)
      at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void Grow() {
    slots_.assign(slots_.size() * 2, kEmpty);
    for (size_t at = 0; at < values_.size(); at += outputs_)
      SlotOf(values_.data() + at) = static_cast<uint32_t>(at);
  }

  std::vector<float>& values_;
  const size_t outputs_;
  std::vector<uint32_t> slots_;
};

ForestKernel::ForestKernel(const TreeEnsemble& ensemble)
    : outputs_(ensemble.outputs),
      features_(ensemble.features),
      block_tiles_(BlockTilesFor(ensemble.features)),
      base_(ensemble.base) {
  base_.resize(static_cast<size_t>(outputs_));
  LeafValues values(&leaf_values_, static_cast<size_t>(outputs_));
  for (const Tree& tree : ensemble.trees) AddTree(tree, &values);
  // Neighbours of as many levels walk together. Sums are exact (docs/models.md): any order will do.
  std::ranges::stable_sort(trees_, {}, &TreePlace::levels);
}

void ForestKernel::AddTree(const Tree& tree, LeafValues* values) {
  std::vector<uint32_t> leaves;  // Where the values of each are.
  for (size_t leaf = 0; leaf < tree.leaf_values.size(); leaf += static_cast<size_t>(outputs_))
    leaves.push_back(values->Add(tree.leaf_values.data() + leaf));
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
    if (!leaf) upper_[place.upper + i] = {OffsetOf(node.feature), ThresholdKey(node.threshold)};
    at[2 * i] = leaf ? at[i] : node.left;
    at[2 * i + 1] = leaf ? at[i] : node.right;
  }
  for (size_t i = ends; i < 2 * ends; ++i) {
    const TreeNode& node = tree.nodes[static_cast<size_t>(at[i])];
    ends_.push_back(place.deep ? static_cast<uint32_t>(lower_.size())
                               : leaves[static_cast<size_t>(node.left)]);
    if (place.deep) AddLower(tree, at[i], leaves);
  }
}

void ForestKernel::AddLower(const Tree& tree, int32_t node, std::span<const uint32_t> leaves) {
  const auto root = static_cast<uint32_t>(lower_.size());
  // Breadth first: the levels that every row passes lie close together.
  std::vector<int32_t> order = {node};
  lower_.push_back({});
  for (size_t i = 0; i < order.size(); ++i) {
    const TreeNode& from = tree.nodes[static_cast<size_t>(order[i])];
    const auto self = root + static_cast<uint32_t>(i);
    if (from.feature < 0) {
      lower_[self] = {static_cast<int32_t>(leaves[static_cast<size_t>(from.left)]), 0, self, 0};
      continue;
    }
    lower_[self] = {ThresholdKey(from.threshold), OffsetOf(from.feature),
                    static_cast<uint32_t>(lower_.size()), 1};
    lower_.resize(lower_.size() + 2);
    order.push_back(from.left);
    order.push_back(from.right);
  }
}

template <int kCount>
void ForestKernel::WalkLower(const int32_t* tile, uint32_t* at) const {
  const LowerNode* const nodes = lower_.data();
  uint32_t moved = 1;
  while (moved != 0) {
    moved = 0;
    for (int lane = 0; lane < kCount; ++lane) {
      const LowerNode& node = nodes[at[lane]];
      const int32_t value = tile[node.offset + static_cast<uint32_t>(lane)];
      const uint32_t next = node.next + (node.step & (node.threshold < value ? 1U : 0U));
      moved |= next ^ at[lane];
      at[lane] = next;
    }
  }
  for (int lane = 0; lane < kCount; ++lane)
    at[lane] = static_cast<uint32_t>(nodes[at[lane]].threshold);
}

void ForestKernel::AddValues(std::span<const uint32_t> places, float* sums) const {
  const float* const values = leaf_values_.data();
  if (outputs_ == 2) {
    for (const uint32_t at : places) {
      sums[0] += values[at];
      sums[1] += values[at + 1];
    }
    return;
  }
  for (const uint32_t at : places) {
    for (int output = 0; output < outputs_; ++output)
      sums[output] += values[at + static_cast<uint32_t>(output)];
  }
}

// The rows of all tiles through one tree. `kOutputs` 0 is for as many as there are.
template <int kOutputs>
void ForestKernel::WalkTiles(const TreePlace& tree, const int32_t* tiles, int64_t count,
                             float* scores) const {
  const UpperNode* const nodes = upper_.data() + tree.upper;
  const uint32_t* const ends =
      ends_.data() + tree.ends - (size_t{1} << static_cast<unsigned>(tree.levels));
  const int outputs = kOutputs == 0 ? outputs_ : kOutputs;
  for (int64_t tile = 0; tile < count; ++tile) {
    std::array<uint32_t, kLanes> at;
    for (int lane = 0; lane < kLanes; lane += kFour) {
      const Four four = WalkTop(nodes, tiles + lane);
      std::memcpy(&at[static_cast<size_t>(lane)], &four, sizeof(four));
    }
    for (int level = kTopLevels; level < tree.levels; ++level) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        const UpperNode& node = nodes[at[lane]];
        at[lane] = at[lane] + at[lane] + (node.threshold < tiles[node.offset + lane] ? 1U : 0U);
      }
    }
    for (uint32_t& place : at) place = ends[place];
    if (tree.deep) WalkLower<kLanes>(tiles, at.data());
    for (const uint32_t place : at) {
      for (int output = 0; output < outputs; ++output)
        scores[output] += leaf_values_[place + static_cast<uint32_t>(output)];
      scores += outputs;
    }
    tiles += static_cast<int64_t>(features_) * kLanes;
  }
}

void ForestKernel::WalkTrees(const TreePlace* trees, const int32_t* row, float* sums) const {
  std::array<const UpperNode*, kTrees> nodes;
  std::array<size_t, kTrees> at;
  at.fill(1);
  for (int tree = 0; tree < kTrees; ++tree) nodes[tree] = upper_.data() + trees[tree].upper;
  for (int level = 0; level < trees->levels; ++level) {
    for (int tree = 0; tree < kTrees; ++tree) {
      const UpperNode& node = nodes[tree][at[tree]];
      at[tree] = at[tree] + at[tree] + (node.threshold < row[node.offset] ? 1U : 0U);
    }
  }
  const size_t ends = size_t{1} << static_cast<unsigned>(trees->levels);
  std::array<uint32_t, kTrees> places;
  for (int tree = 0; tree < kTrees; ++tree) {
    places[tree] = ends_[trees[tree].ends + (at[tree] - ends)];
    if (trees[tree].deep) WalkLower<1>(row, &places[tree]);
  }
  AddValues(places, sums);
}

void ForestKernel::WalkTree(const TreePlace& tree, const int32_t* row, float* sums) const {
  const UpperNode* const nodes = upper_.data() + tree.upper;
  size_t at = 1;
  for (int level = 0; level < tree.levels; ++level) {
    const UpperNode& node = nodes[at];
    at = at + at + (node.threshold < row[node.offset] ? 1U : 0U);
  }
  uint32_t place = ends_[tree.ends + (at - (size_t{1} << static_cast<unsigned>(tree.levels)))];
  if (tree.deep) WalkLower<1>(row, &place);
  AddValues({&place, 1}, sums);
}

// Of one row the trees walk side by side.
void ForestKernel::ScoreRow(const int32_t* row, float* sums) const {
  size_t tree = 0;
  while (tree < trees_.size()) {
    const TreePlace* const first = trees_.data() + tree;
    // They are sorted by their levels.
    const bool together =
        tree + kTrees <= trees_.size() && first[kTrees - 1].levels == first->levels;
    if (together) {
      WalkTrees(first, row, sums);
      tree += kTrees;
    } else {
      WalkTree(*first, row, sums);
      ++tree;
    }
  }
}

void ForestKernel::ScoreTiles(const int32_t* tiles, int64_t count, float* scores) const {
  for (const TreePlace& tree : trees_) {
    if (outputs_ == 1) {
      WalkTiles<1>(tree, tiles, count, scores);
    } else if (outputs_ == 2) {
      WalkTiles<2>(tree, tiles, count, scores);
    } else {
      WalkTiles<0>(tree, tiles, count, scores);
    }
  }
}

// The keys of these rows; where the last tile is not full, of its first again.
void ForestKernel::FillTiles(const data::Matrix& matrix, int64_t begin, int64_t count,
                             int32_t* tiles) const {
  for (int64_t from = 0; from < count; from += kLanes) {
    const int64_t rows = std::min<int64_t>(kLanes, count - from);
    for (int feature = 0; feature < features_; ++feature) {
      const float* const values = matrix.Column(feature) + begin + from;
      for (int64_t row = 0; row < rows; ++row) tiles[row] = OrderedKey(values[row]);
      std::fill(tiles + rows, tiles + kLanes, *tiles);
      tiles += kLanes;
    }
  }
}

void ForestKernel::Score(const data::Matrix& matrix, int64_t begin, int64_t end,
                         float* scores) const {
  const int64_t tile_size = int64_t{features_} * kLanes;
  const int64_t block_rows = std::min(block_tiles_ * kLanes, end - begin);
  const int64_t block_tiles = (block_rows + kLanes - 1) / kLanes;
  const auto tiles =
      std::make_unique_for_overwrite<int32_t[]>(static_cast<size_t>(block_tiles * tile_size) + 1);
  std::vector<float> last;
  for (int64_t from = begin; from < end; from += block_rows) {
    const int64_t count = std::min(block_rows, end - from);
    const int64_t whole = count / kLanes, left = count % kLanes;
    FillTiles(matrix, from, count, tiles.get());
    for (int64_t row = 0; row < count; ++row) std::ranges::copy(base_, scores + row * outputs_);
    ScoreTiles(tiles.get(), whole, scores);
    scores += whole * kLanes * outputs_;
    const int32_t* const rest = tiles.get() + whole * tile_size;
    if (left < kLeastLanes) {
      for (int64_t row = 0; row < left; ++row) ScoreRow(rest + row, scores + row * outputs_);
    } else {
      last.assign(static_cast<size_t>(kLanes) * static_cast<size_t>(outputs_), 0);
      std::copy_n(scores, left * outputs_, last.begin());
      ScoreTiles(rest, 1, last.data());
      std::copy_n(last.begin(), left * outputs_, scores);
    }
    scores += left * outputs_;
  }
}

}  // namespace slipway::model
