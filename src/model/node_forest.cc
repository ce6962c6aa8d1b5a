#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "model/forest_rows_internal.h"
#include "model/node_forest_internal.h"
#include "model/ordered_key_internal.h"

namespace slipway::model {
namespace {

// Trees that one row walks together: enough independent loads to hide their latency.
constexpr int kTrees = 10;
// A block's keys should stay near while all trees pass over them, and its rows be so many that it
// does not matter what it takes to fetch a tree.
constexpr int64_t kBlockBytes = int64_t{24} * 1024;
constexpr int64_t kMaxBlockRows = 1024;

// Rows at a time; where a processor has no such registers, the compiler takes two for one.
constexpr int kEight = 8;
using Eight = uint32_t __attribute__((vector_size(kEight * sizeof(uint32_t))));
using Pair = float __attribute__((vector_size(2 * sizeof(float))));

// The top of a tree: every node of it is compared with all rows, which costs less than to fetch
// each row's own.
struct TreeTop {
  std::array<uint32_t, kTopNodes> keys;
  std::array<uint32_t, kTopNodes> offsets;
};

template <typename Node>
TreeTop TopOf(const Node* root) {
  TreeTop top;
  for (size_t node = 0; node < kTopNodes; ++node) {
    top.keys[node] = root[node].key;
    top.offsets[node] = static_cast<uint32_t>(root[node].offset());
  }
  return top;
}

int64_t BlockRowsFor(int64_t tile_size) {
  const int64_t tile_bytes = tile_size * int64_t{sizeof(uint32_t)};
  return std::clamp<int64_t>(kBlockBytes / tile_bytes, 2, kMaxBlockRows / kTileRows) * kTileRows;
}

// Which node below the top each row of a tile comes to. All bits of a mask are a step to the right.
[[gnu::always_inline]] inline void WalkTopBy(const TreeTop& top, const uint32_t* tile,
                                             uint32_t* entries) {
  for (int row = 0; row < kTileRows; row += kEight) {
    std::array<Eight, kTopNodes> right;
    for (size_t node = 0; node < kTopNodes; ++node) {
      Eight values;
      std::memcpy(&values, tile + top.offsets[node] + row, sizeof(values));
      right[node] = Eight(top.keys[node] < values);
    }
    const Eight first = right[0];
    const Eight second = right[1] ^ ((right[1] ^ right[2]) & first);
    const Eight left_third = right[3] ^ ((right[3] ^ right[4]) & second);
    const Eight right_third = right[5] ^ ((right[5] ^ right[6]) & second);
    const Eight third = left_third ^ ((left_third ^ right_third) & first);
    const Eight entry = uint32_t{kTopNodes} - (4 * first + 2 * second + third);
    std::memcpy(entries + row, &entry, sizeof(entry));
  }
}

using TopWalk = void (*)(const TreeTop& top, const uint32_t* tile, uint32_t* entries);

void WalkTop(const TreeTop& top, const uint32_t* tile, uint32_t* entries) {
  WalkTopBy(top, tile, entries);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void WalkTopAvx2(const TreeTop& top, const uint32_t* tile,
                                         uint32_t* entries) {
  WalkTopBy(top, tile, entries);
}

// Not by target_clones: what chooses then runs before sanitizers are ready.
TopWalk ChooseTopWalk() { return __builtin_cpu_supports("avx2") != 0 ? WalkTopAvx2 : WalkTop; }
#else
TopWalk ChooseTopWalk() { return WalkTop; }
#endif

// One step of each from `at`, whose keys are so far from each other; returns 0 when all had
// arrived.
template <size_t kKeyStep, typename Node, size_t kCount>
auto Step(const uint32_t* keys, std::array<const Node*, kCount>* at) {
  decltype(Node::packed) moved = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const Node*& node = (*at)[i];
    const auto packed = node->packed;
    size_t step = packed >> Node::kHalf;
    moved |= step;
    const uint32_t key = keys[(packed & Node::kMost) + i * kKeyStep];
    step += static_cast<size_t>(node->key < key);  // An add with carry.
    node += step;
  }
  return moved;
}

template <size_t kKeyStep, typename Node, size_t kCount>
[[gnu::always_inline]] inline void Walk(const uint32_t* keys, int levels, bool deep,
                                        std::array<const Node*, kCount>* at) {
  for (int level = 0; level < levels; ++level) Step<kKeyStep>(keys, at);
  while (deep && Step<kKeyStep>(keys, at) != 0) {
  }
}

// Adds what these leaves say of one row. `kOutputs` 0 is for as many as there are.
template <int kOutputs, typename Node>
void AddLeaves(std::span<const Node* const> leaves, const float* values, int outputs, float* sums) {
  if constexpr (kOutputs == 2) {
    Pair sum, value;
    std::memcpy(&sum, sums, sizeof(sum));
    for (const Node* const leaf : leaves) {
      std::memcpy(&value, values + leaf->key, sizeof(value));
      sum += value;
    }
    std::memcpy(sums, &sum, sizeof(sum));
  } else {
    for (int output = 0; output < (kOutputs == 0 ? outputs : kOutputs); ++output) {
      float sum = sums[output];
      for (const Node* const leaf : leaves) sum += values[leaf->key + static_cast<size_t>(output)];
      sums[output] = sum;
    }
  }
}

}  // namespace

NodeForest::NodeForest(const TreeEnsemble& ensemble)
    : outputs_(ensemble.outputs),
      tile_size_((int64_t{ensemble.features} + 1) * kTileRows),
      block_rows_(BlockRowsFor(tile_size_)),
      layout_(LayOutNodes(ensemble)),
      base_(ensemble.base) {
  base_.resize(static_cast<size_t>(outputs_));
}

// The rows of all tiles through one tree.
template <int kOutputs, typename Node>
void NodeForest::WalkTiles(const Node* root, const NodeLayout::TreePlace& tree,
                           const uint32_t* tiles, int64_t count, float* scores) const {
  const float* const values = layout_.leaf_values.data();
  const TreeTop top = TopOf(root);
  const TopWalk walk_top = ChooseTopWalk();
  for (int64_t tile = 0; tile < count; ++tile) {
    std::array<uint32_t, kTileRows> entries;
    walk_top(top, tiles, entries.data());
    std::array<const Node*, kTileRows> at;
    for (size_t row = 0; row < kTileRows; ++row) at[row] = root + entries[row];
    Walk<1>(tiles, tree.levels - kTopLevels, tree.deep, &at);
    for (const Node* const leaf : at) {
      AddLeaves<kOutputs, Node>({&leaf, 1}, values, outputs_, scores);
      scores += kOutputs == 0 ? outputs_ : kOutputs;
    }
    tiles += tile_size_;
  }
}

// Of one row the trees walk side by side; where too few are left, the last of them several times.
template <int kOutputs, typename Node>
void NodeForest::WalkRow(const Node* nodes, const uint32_t* row, float* sums) const {
  const std::span<const NodeLayout::TreePlace> trees = layout_.trees;
  for (size_t first = 0; first < trees.size(); first += kTrees) {
    const auto group = trees.subspan(first, std::min<size_t>(kTrees, trees.size() - first));
    std::array<const Node*, kTrees> at;
    for (size_t tree = 0; tree < kTrees; ++tree)
      at[tree] = nodes + group[std::min(tree, group.size() - 1)].root;
    const bool deep = std::ranges::any_of(group, &NodeLayout::TreePlace::deep);
    Walk<0>(row, group.back().levels, deep, &at);
    AddLeaves<kOutputs, Node>(std::span(at).first(group.size()), layout_.leaf_values.data(),
                              outputs_, sums);
  }
}

template <int kOutputs, typename Node>
void NodeForest::ScoreRows(const Node* nodes, const uint32_t* tiles, int64_t count,
                           float* scores) const {
  const auto together = [&](int64_t row, int64_t tile_count, float* to) {
    for (const NodeLayout::TreePlace& tree : layout_.trees) {
      WalkTiles<kOutputs>(nodes + tree.root, tree, tiles + row / kTileRows * tile_size_, tile_count,
                          to);
    }
  };
  const auto alone = [&](int64_t row, float* to) {
    WalkRow<kOutputs>(nodes, tiles + row / kTileRows * tile_size_ + row % kTileRows, to);
  };
  ScoreByGroups<kTileRows>(count, outputs_, scores, together, alone);
}

template <typename Node>
void NodeForest::ScoreBlock(const Node* nodes, const uint32_t* tiles, int64_t count,
                            float* scores) const {
  switch (outputs_) {
    case 1: return ScoreRows<1>(nodes, tiles, count, scores);
    case 2: return ScoreRows<2>(nodes, tiles, count, scores);
    default: return ScoreRows<0>(nodes, tiles, count, scores);
  }
}

// The keys of these rows; where the last tile is not full, of its first again.
void NodeForest::FillTiles(const data::Matrix& matrix, int64_t begin, int64_t count,
                           uint32_t* tiles) const {
  const auto features = static_cast<int>(tile_size_ / kTileRows) - 1;
  for (int64_t from = 0; from < count; from += kTileRows) {
    const int64_t rows = std::min<int64_t>(kTileRows, count - from);
    for (int feature = 0; feature < features; ++feature) {
      const float* const values = matrix.Column(feature) + begin + from;
      for (int64_t row = 0; row < rows; ++row) tiles[row] = OrderedKey(values[row]);
      std::fill(tiles + rows, tiles + kTileRows, *tiles);
      tiles += kTileRows;
    }
    std::fill_n(tiles, kTileRows, 0);  // What leaves compare with.
    tiles += kTileRows;
  }
}

void NodeForest::Score(const data::Matrix& matrix, int64_t begin, int64_t end,
                       float* scores) const {
  const int64_t block_rows = std::min(block_rows_, end - begin);
  const int64_t block_tiles = (block_rows + kTileRows - 1) / kTileRows;
  const auto tiles =
      std::make_unique_for_overwrite<uint32_t[]>(static_cast<size_t>(block_tiles * tile_size_));
  for (int64_t from = begin; from < end; from += block_rows) {
    const int64_t count = std::min(block_rows, end - from);
    FillTiles(matrix, from, count, tiles.get());
    for (int64_t row = 0; row < count; ++row) std::ranges::copy(base_, scores + row * outputs_);
    if (layout_.wide.empty()) {
      ScoreBlock(layout_.narrow.data(), tiles.get(), count, scores);
    } else {
      ScoreBlock(layout_.wide.data(), tiles.get(), count, scores);
    }
    scores += count * outputs_;
  }
}

}  // namespace slipway::model
