#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "core/interrupt.h"
#include "train/tree_grower_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kLeavesPerLook = 64;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

template <typename Bin>
TreeGrower<Bin>::TreeGrower(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
                            const ForestPlan& plan, std::span<const double> class_weights)
    : rows_(rows),
      columns_(columns),
      plan_(plan),
      class_weights_(class_weights),
      search_(rows, columns, plan, class_weights),
      mass_(class_weights.size()) {}

template <typename Bin>
GrownTree TreeGrower<Bin>::Grow(std::span<TreeRow> rows, Random random) {
  tree_rows_ = rows;
  random_ = random;
  search_.StartTree();
  right_.resize(rows.size());
  open_.clear();
  grown_ = {};
  grown_.importances.resize(columns_.size());
  draws_.assign(class_weights_.size(), 0.0);
  for (const TreeRow& row : rows) draws_[row.cls] += row.times;
  total_weight_ = Sum(MassAt(0));

  Consider(AddNode(0, 0, static_cast<uint32_t>(rows.size()), 0));
  int64_t leaves = 1;
  while (!open_.empty() && (plan_.max_leaves == 0 || leaves < plan_.max_leaves)) {
    Divide(TakeOpen());
    // The caller looks too, and drops the tree.
    if (++leaves % kLeavesPerLook == 0 && Interrupted()) break;
  }
  return Finish();
}

template <typename Bin>
std::span<const double> TreeGrower<Bin>::DrawsAt(size_t draws) const {
  return std::span(draws_).subspan(draws, class_weights_.size());
}

template <typename Bin>
std::span<const double> TreeGrower<Bin>::MassAt(size_t draws) {
  std::ranges::transform(DrawsAt(draws), class_weights_, mass_.begin(), std::multiplies<>());
  return mass_;
}

template <typename Bin>
typename TreeGrower<Bin>::Node TreeGrower<Bin>::AddNode(size_t draws, uint32_t begin, uint32_t end,
                                                        int32_t depth) {
  const auto index = static_cast<int32_t>(grown_.tree.nodes.size());
  // Until Finish, a leaf's `left` says where its draws are.
  grown_.tree.nodes.push_back({-1, 0, static_cast<int32_t>(draws / class_weights_.size()), 0});
  return {index, draws, begin, end, depth};
}

template <typename Bin>
bool TreeGrower<Bin>::MayDivide(const Node& node) const {
  const int64_t rows = node.end - node.begin;
  if (rows < plan_.min_split || rows < 2 * plan_.min_leaf) return false;
  if (plan_.max_depth > 0 && node.depth >= plan_.max_depth) return false;
  return std::ranges::count_if(DrawsAt(node.draws), [](double one) { return one > 0; }) > 1;
}

template <typename Bin>
void TreeGrower<Bin>::Consider(const Node& node) {
  if (!MayDivide(node)) return;
  const std::span<const TreeRow> rows = tree_rows_.subspan(node.begin, node.end - node.begin);
  OpenNode open{node, {}, 0, draws_.size()};
  open.split =
      search_.Find({rows, DrawsAt(node.draws)}, plan_.min_weight_share * total_weight_, &random_);
  if (open.split.column < 0) return;
  const double purity = Purity(plan_.criterion, MassAt(node.draws));
  open.decrease = std::max(0.0, open.split.purity - purity);
  if (open.decrease / total_weight_ + kEpsilon < plan_.min_impurity_decrease) return;
  const std::span<const double> left = search_.left_draws();
  draws_.insert(draws_.end(), left.begin(), left.end());
  for (size_t cls = 0; cls < left.size(); ++cls)
    draws_.push_back(draws_[node.draws + cls] - left[cls]);
  open_.push_back(open);
  if (plan_.max_leaves > 0) std::ranges::push_heap(open_, {}, &OpenNode::decrease);
}

template <typename Bin>
typename TreeGrower<Bin>::OpenNode TreeGrower<Bin>::TakeOpen() {
  if (plan_.max_leaves > 0) std::ranges::pop_heap(open_, {}, &OpenNode::decrease);
  const OpenNode taken = open_.back();
  open_.pop_back();
  return taken;
}

template <typename Bin>
void TreeGrower<Bin>::Divide(const OpenNode& open) {
  const Split& split = open.split;
  const Node& node = open.node;
  const uint32_t middle = node.begin + split.rows_left;
  const Node left = AddNode(open.children_draws, node.begin, middle, node.depth + 1);
  const Node right =
      AddNode(open.children_draws + class_weights_.size(), middle, node.end, node.depth + 1);
  const auto column = static_cast<size_t>(split.column);
  grown_.tree.nodes[static_cast<size_t>(node.index)] = {
      split.column,
      columns_[column].Threshold(static_cast<size_t>(split.last_left),
                                 static_cast<size_t>(split.first_right)),
      left.index, right.index};
  grown_.importances[column] += open.decrease;
  // Nobody looks at the rows of leaves.
  if (!MayDivide(left) && !MayDivide(right)) return;
  PartRows(open);
  Consider(left);
  Consider(right);
}

// Moves the rows of the left side to the front, each side in its order.
template <typename Bin>
void TreeGrower<Bin>::PartRows(const OpenNode& open) {
  const Bin* bins = rows_.values.data() + open.split.column;
  const auto stride = static_cast<size_t>(rows_.columns);
  const auto last_left = static_cast<Bin>(open.split.last_left);
  TreeRow* left = tree_rows_.data() + open.node.begin;
  TreeRow* right = right_.data();
  for (const TreeRow& from : tree_rows_.subspan(open.node.begin, open.node.end - open.node.begin)) {
    const TreeRow row = from;
    const bool goes_left = bins[row.row * stride] <= last_left;
    // Both are written, and one of them stays: no branch to mispredict.
    *left = row;
    *right = row;
    left += goes_left ? 1 : 0;
    right += goes_left ? 0 : 1;
  }
  std::copy(right_.data(), right, left);
}

template <typename Bin>
GrownTree TreeGrower<Bin>::Finish() {
  const size_t classes = class_weights_.size();
  model::ProbabilityTree& tree = grown_.tree;
  for (model::ProbabilityTree::Node& node : tree.nodes) {
    if (node.feature >= 0) continue;
    const std::span<const double> mass = MassAt(static_cast<size_t>(node.left) * classes);
    const double total = Sum(mass);
    node.left = static_cast<int32_t>(tree.probabilities.size() / classes);
    for (const double one : mass) {
      tree.probabilities.push_back(total > 0 ? one / total : 1.0 / static_cast<double>(classes));
    }
  }
  const double decrease = Sum(grown_.importances);
  if (decrease > 0) {
    for (double& importance : grown_.importances) importance /= decrease;
  }
  return std::move(grown_);
}

template class TreeGrower<uint8_t>;
template class TreeGrower<uint16_t>;

}  // namespace slipway::train
