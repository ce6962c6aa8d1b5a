#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "train/out_of_bag_internal.h"

namespace slipway::train {
namespace {

constexpr size_t kBlockRows = 8192;

// Where the row's leaf has its values.
const double* LeafOf(const model::FittedTree& tree, const data::Matrix& features, uint32_t row,
                     size_t width) {
  const model::FittedTree::Node* node = tree.nodes.data();
  while (node->feature >= 0) {
    const double value = features.Column(node->feature)[row];
    node = tree.nodes.data() + (value <= node->threshold ? node->left : node->right);
  }
  return tree.values.data() + static_cast<size_t>(node->left) * width;
}

}  // namespace

OutOfBag::OutOfBag(const TrainingSet& set, double offset, int threads)
    : set_(set),
      offset_(offset),
      threads_(threads),
      width_(set.regression() ? 1 : static_cast<size_t>(set.class_count)),
      sums_(static_cast<size_t>(set.features.rows) * width_),
      trees_(static_cast<size_t>(set.features.rows)) {}

Status OutOfBag::Add(std::span<const GrownTree> trees, std::span<const RowsOut> out) {
  const size_t blocks = (trees_.size() + kBlockRows - 1) / kBlockRows;
  return ParallelFor(blocks, threads_, [&](size_t block) -> Status {
    const size_t begin = block * kBlockRows, end = begin + kBlockRows;
    for (size_t tree = 0; tree < trees.size(); ++tree) {
      const auto first = std::ranges::lower_bound(out[tree], begin);
      AddTree(trees[tree], {first, std::ranges::lower_bound(out[tree], end)});
    }
    return {};
  });
}

void OutOfBag::AddTree(const GrownTree& grown, std::span<const uint32_t> rows) {
  for (const uint32_t row : rows) {
    const double* values = LeafOf(grown.tree, set_.features, row, width_);
    for (size_t i = 0; i < width_; ++i) sums_[row * width_ + i] += values[i];
    ++trees_[row];
  }
}

double OutOfBag::Loss() const {
  double loss = 0, total = 0;
  for (size_t row = 0; row < trees_.size(); ++row) {
    if (trees_[row] == 0) continue;
    const double weight = set_.WeightOf(row);
    double squares = 0;
    for (size_t i = 0; i < width_; ++i) {
      const double answer = sums_[row * width_ + i] / trees_[row];
      const double truth = set_.regression()
                               ? set_.values[row] - offset_
                               : (static_cast<size_t>(set_.classes[row]) == i ? 1 : 0);
      squares += (answer - truth) * (answer - truth);
    }
    loss += weight * squares;
    total += weight;
  }
  return total > 0 ? loss / total : std::nan("");
}

bool Plateau::Progresses(double loss) {
  if (std::isnan(loss)) return true;
  if (loss < best_ * (1 - least_)) {
    best_ = loss;
    without_ = 0;
    return true;
  }
  return ++without_ < patience_;
}

}  // namespace slipway::train
