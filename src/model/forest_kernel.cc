#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "core/parallel.h"
#include "model/forest_kernel_internal.h"

namespace slipway::model {
namespace {

// Rows that walk a tree together: enough independent loads to hide their latency.
constexpr int kLanes = 16;
// A block's features should stay in the first-level cache while all trees pass over them.
constexpr int64_t kBlockBytes = int64_t{24} * 1024;
constexpr int64_t kMaxBlockRows = 512;
// Rows of one piece of parallel work.
constexpr int64_t kChunkRows = 1024;

int32_t HighestScore(const float* scores, int outputs) {
  return static_cast<int32_t>(std::max_element(scores, scores + outputs) - scores);
}

}  // namespace

ForestKernel::ForestKernel(const TreeEnsemble& ensemble)
    : outputs_(ensemble.outputs), features_(ensemble.features) {
  size_t nodes = 0;
  size_t values = 0;
  for (const Tree& tree : ensemble.trees) {
    nodes += tree.nodes.size();
    values += tree.leaf_values.size();
  }
  nodes_.reserve(nodes);
  leaf_values_.reserve(values);
  for (const Tree& tree : ensemble.trees) AddTree(tree);
}

void ForestKernel::AddTree(const Tree& tree) {
  const auto root = static_cast<uint32_t>(nodes_.size());
  const auto first_value = static_cast<uint32_t>(leaf_values_.size());
  leaf_values_.insert(leaf_values_.end(), tree.leaf_values.begin(), tree.leaf_values.end());
  roots_.push_back(root);
  // Breadth first: the levels that every row passes lie close together.
  std::vector<int32_t> order = {0};
  nodes_.push_back({});
  for (size_t i = 0; i < order.size(); ++i) {
    const TreeNode& from = tree.nodes[static_cast<size_t>(order[i])];
    const auto self = root + static_cast<uint32_t>(i);
    if (from.feature < 0) {
      const uint32_t offset =
          first_value + static_cast<uint32_t>(from.left) * static_cast<uint32_t>(outputs_);
      nodes_[self] = {std::bit_cast<float>(offset), 0, self, 0};
      continue;
    }
    const auto left = static_cast<uint32_t>(nodes_.size());
    nodes_[self] = {from.threshold, static_cast<uint32_t>(from.feature), left, 1};
    nodes_.resize(nodes_.size() + 2);
    order.push_back(from.left);
    order.push_back(from.right);
  }
}

int64_t ForestKernel::BlockRows() const {
  const int64_t row_bytes = std::max<int64_t>(features_, 1) * int64_t{sizeof(float)};
  const int64_t rows =
      std::clamp<int64_t>(kBlockBytes / row_bytes, int64_t{2} * kLanes, kMaxBlockRows);
  return rows / kLanes * kLanes;
}

template <int kCount>
void ForestKernel::WalkLanes(const float* rows, uint32_t root, float* scores) const {
  const Node* const nodes = nodes_.data();
  std::array<uint32_t, kCount> at;
  at.fill(root);
  uint32_t moved = 1;
  while (moved != 0) {
    moved = 0;
    for (int lane = 0; lane < kCount; ++lane) {
      const Node& node = nodes[at[lane]];
      const float value = rows[lane * features_ + static_cast<int>(node.feature)];
      const uint32_t next = node.next + (node.step & (value <= node.threshold ? 0U : 1U));
      moved |= next ^ at[lane];
      at[lane] = next;
    }
  }
  for (int lane = 0; lane < kCount; ++lane) {
    const float* values = leaf_values_.data() + std::bit_cast<uint32_t>(nodes[at[lane]].threshold);
    float* sums = scores + static_cast<std::ptrdiff_t>(lane) * outputs_;
    for (int output = 0; output < outputs_; ++output) sums[output] += values[output];
  }
}

void ForestKernel::ScoreBlock(const float* rows, int64_t count, float* scores) const {
  std::fill_n(scores, count * outputs_, 0.0F);
  for (const uint32_t root : roots_) {
    int64_t row = 0;
    for (; row + kLanes <= count; row += kLanes) {
      WalkLanes<kLanes>(rows + row * features_, root, scores + row * outputs_);
    }
    for (; row < count; ++row) {
      WalkLanes<1>(rows + row * features_, root, scores + row * outputs_);
    }
  }
}

void ForestKernel::Predict(const data::Matrix& matrix, int64_t begin, int64_t end, float* scores,
                           int32_t* labels) const {
  const int64_t block_rows = BlockRows();
  std::vector<float> rows(static_cast<size_t>(block_rows * std::max(features_, 1)));
  for (int64_t from = begin; from < end; from += block_rows) {
    const int64_t count = std::min(block_rows, end - from);
    for (int feature = 0; feature < features_; ++feature) {
      const float* column = matrix.Column(feature) + from;
      for (int64_t row = 0; row < count; ++row) {
        rows[static_cast<size_t>(row * features_ + feature)] = column[row];
      }
    }
    float* block_scores = scores + (from - begin) * outputs_;
    ScoreBlock(rows.data(), count, block_scores);
    for (int64_t row = 0; row < count; ++row) {
      labels[from - begin + row] = HighestScore(block_scores + row * outputs_, outputs_);
    }
  }
}

Status PredictInBlocks(const ForestKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions) {
  const auto chunks = static_cast<size_t>((matrix.rows + kChunkRows - 1) / kChunkRows);
  return ParallelFor(chunks, threads > 0 ? threads : AvailableCores(), [&](size_t chunk) -> Status {
    const int64_t begin = static_cast<int64_t>(chunk) * kChunkRows;
    const int64_t end = std::min(begin + kChunkRows, matrix.rows);
    kernel.Predict(matrix, begin, end, predictions->scores.data() + begin * kernel.outputs(),
                   predictions->labels.data() + begin);
    return {};
  });
}

}  // namespace slipway::model
