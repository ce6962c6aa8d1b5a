#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "model/block_forest_internal.h"
#include "model/forest_rows_internal.h"
#include "model/ordered_key_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slipway::model {

#if defined(__x86_64__)
namespace {

// Rows that walk a tree together, and trees that a row walks together: enough independent steps to
// hide how long one takes.
constexpr size_t kRows = 16;
constexpr int64_t kGroup = kRows;
constexpr size_t kTrees = 12;
constexpr int64_t kRowsABlock = 512;  // 16 KiB of keys, which stay in the first-level cache.

// Each row's keys, one a feature; what no feature has is 0 and never looked at.
struct alignas(sizeof(__m256i)) RowKeys {
  std::array<int32_t, kBlockFeatures> keys;
};

// Which end of a block a row comes to, by the nodes (a bit each) that send it to the right.
constexpr std::array<uint8_t, size_t{1} << kBlockNodes> kEnds = [] {
  std::array<uint8_t, size_t{1} << kBlockNodes> ends{};
  for (size_t mask = 0; mask < ends.size(); ++mask) {
    size_t node = 0;
    while (node < kBlockNodes) node = 2 * node + 1 + ((mask >> node) & 1U);
    ends[mask] = static_cast<uint8_t>(node - kBlockNodes);
  }
  return ends;
}();

[[gnu::target("avx2"), gnu::always_inline]] inline const ForestBlock* Step(
    const ForestBlock* blocks, const ForestBlock& block, __m256i keys) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(block.features.data()));
  const __m256i values = _mm256_permutevar8x32_epi32(keys, _mm256_cvtepu8_epi32(bytes));
  const __m256i thresholds =
      _mm256_load_si256(reinterpret_cast<const __m256i*>(block.thresholds.data()));
  const __m256i right = _mm256_cmpgt_epi32(values, thresholds);
  // The eighth bit is never set.
  const int mask = _mm256_movemask_ps(_mm256_castsi256_ps(right));
  return blocks + block.next[kEnds[static_cast<size_t>(mask)]];
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i KeysOf(const RowKeys& row) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(row.keys.data()));
}

// Adds what a leaf says. `kOutputs` 0 is for as many as there are.
template <int kOutputs>
void AddLeaf(const ForestBlock& leaf, std::span<const float> values, size_t outputs, float* sums) {
  if constexpr (kOutputs == 0) {
    const float* const from = values.data() + leaf.leaf[0];
    for (size_t output = 0; output < outputs; ++output) sums[output] += from[output];
  } else {
    for (size_t output = 0; output < kOutputs; ++output)
      sums[output] += std::bit_cast<float>(leaf.leaf[output]);
  }
}

struct Forest {
  const BlockLayout& layout;
  size_t outputs;
};

// Groups of kRows rows through one tree.
template <int kOutputs>
[[gnu::target("avx2")]] void WalkRows(const Forest& forest, const BlockLayout::TreePlace& tree,
                                      const RowKeys* rows, int64_t groups, float* scores) {
  const ForestBlock* const blocks = forest.layout.blocks.data();
  const ForestBlock& root = blocks[tree.root];
  for (int64_t group = 0; group < groups; ++group) {
    std::array<const ForestBlock*, kRows> at;
    for (size_t i = 0; i < kRows; ++i) at[i] = Step(blocks, root, KeysOf(rows[i]));
    for (int step = 1; step < tree.steps; ++step) {
      for (size_t i = 0; i < kRows; ++i) at[i] = Step(blocks, *at[i], KeysOf(rows[i]));
    }
    for (const ForestBlock* const leaf : at) {
      AddLeaf<kOutputs>(*leaf, forest.layout.leaf_values, forest.outputs, scores);
      scores += forest.outputs;
    }
    rows += kRows;
  }
}

// One row through all trees; where too few are left, the last of them several times.
template <int kOutputs>
[[gnu::target("avx2")]] void WalkTrees(const Forest& forest, const RowKeys& row, float* sums) {
  const ForestBlock* const blocks = forest.layout.blocks.data();
  const std::span<const BlockLayout::TreePlace> trees = forest.layout.trees;
  const __m256i keys = KeysOf(row);
  for (size_t first = 0; first < trees.size(); first += kTrees) {
    const auto group = trees.subspan(first, std::min(kTrees, trees.size() - first));
    std::array<const ForestBlock*, kTrees> at;
    for (size_t i = 0; i < kTrees; ++i) at[i] = blocks + group[std::min(i, group.size() - 1)].root;
    for (int step = 0; step < group.back().steps; ++step) {
      for (size_t i = 0; i < kTrees; ++i) at[i] = Step(blocks, *at[i], keys);
    }
    for (size_t i = 0; i < group.size(); ++i)
      AddLeaf<kOutputs>(*at[i], forest.layout.leaf_values, forest.outputs, sums);
  }
}

template <int kOutputs>
void ScoreRows(const Forest& forest, const RowKeys* rows, int64_t count, float* scores) {
  const auto together = [&](int64_t row, int64_t groups, float* to) {
    for (const BlockLayout::TreePlace& tree : forest.layout.trees)
      WalkRows<kOutputs>(forest, tree, rows + row, groups, to);
  };
  const auto alone = [&](int64_t row, float* to) { WalkTrees<kOutputs>(forest, rows[row], to); };
  ScoreByGroups<kGroup>(count, static_cast<int64_t>(forest.outputs), scores, together, alone);
}

// As many as walk together, the last ones of nothing.
int64_t RoomFor(int64_t rows) { return (rows + kGroup - 1) / kGroup * kGroup; }

}  // namespace

std::optional<BlockForest> BlockForest::Make(const TreeEnsemble& ensemble) {
  if (__builtin_cpu_supports("avx2") == 0) return std::nullopt;
  std::optional<BlockLayout> layout = LayOutBlocks(ensemble);
  if (!layout) return std::nullopt;
  return BlockForest(ensemble, *std::move(layout));
}

void BlockForest::Score(const data::Matrix& matrix, int64_t begin, int64_t end,
                        float* scores) const {
  const int64_t block_rows = std::min(kRowsABlock, end - begin);
  const auto rows = std::make_unique<RowKeys[]>(static_cast<size_t>(RoomFor(block_rows)));
  const Forest forest{layout_, static_cast<size_t>(outputs_)};
  for (int64_t from = begin; from < end; from += block_rows) {
    const int64_t count = std::min(block_rows, end - from);
    for (int feature = 0; feature < features_; ++feature) {
      const float* const values = matrix.Column(feature) + from;
      for (int64_t row = 0; row < count; ++row)
        rows[row].keys[static_cast<size_t>(feature)] = SignedKey(OrderedKey(values[row]));
    }
    for (int64_t row = 0; row < count; ++row) std::ranges::copy(base_, scores + row * outputs_);
    switch (outputs_) {
      case 1: ScoreRows<1>(forest, rows.get(), count, scores); break;
      case 2: ScoreRows<2>(forest, rows.get(), count, scores); break;
      default: ScoreRows<0>(forest, rows.get(), count, scores);
    }
    scores += count * outputs_;
  }
}

#else

std::optional<BlockForest> BlockForest::Make(const TreeEnsemble&) { return std::nullopt; }
void BlockForest::Score(const data::Matrix&, int64_t, int64_t, float*) const {}

#endif

BlockForest::BlockForest(const TreeEnsemble& ensemble, BlockLayout layout)
    : outputs_(ensemble.outputs),
      features_(ensemble.features),
      layout_(std::move(layout)),
      base_(ensemble.base) {
  base_.resize(static_cast<size_t>(outputs_));
}

}  // namespace slipway::model
