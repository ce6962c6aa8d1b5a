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
                            const ForestPlan& plan, const TreeGoal& goal)
    : rows_(rows),
      columns_(columns),
      plan_(plan),
      goal_(goal),
      search_(rows, columns, plan, goal),
      mass_(goal.width()) {}

template <typename Bin>
GrownTree TreeGrower<Bin>::Grow(std::span<TreeRow> rows, Random random) {
  tree_rows_ = rows;
  random_ = random;
  search_.StartTree();
  right_.resize(rows.size());
  open_.clear();
  grown_ = {};
  grown_.importances.resize(columns_.size());
  Tally();
  total_weight_ = WeightOf(MassAt(0));

  Consider(AddNode(0, 0, static_cast<uint32_t>(rows.size()), 0));
  int64_t leaves = 1;
  while (!open_.empty() && (plan_.max_leaves == 0 || leaves < plan_.max_leaves)) {
    Divide(TakeOpen());
    // The caller looks too, and drops the tree.
    if (++leaves % kLeavesPerLook == 0 && Interrupted()) break;
  }
  return Finish();
}

// Of all rows, as the root's.
template <typename Bin>
void TreeGrower<Bin>::Tally() {
  tallies_.assign(goal_.width(), 0.0);
  for (const TreeRow& row : tree_rows_) {
    tallies_[row.cls] += row.times;
    if (goal_.of_numbers()) tallies_[1] += row.times * goal_.numbers[row.row];
  }
}

template <typename Bin>
std::span<const double> TreeGrower<Bin>::TallyAt(size_t tally) const {
  return std::span(tallies_).subspan(tally, goal_.width());
}

template <typename Bin>
std::span<const double> TreeGrower<Bin>::MassAt(size_t tally) {
  if (goal_.of_numbers()) return TallyAt(tally);
  std::ranges::transform(TallyAt(tally), goal_.class_weights, mass_.begin(), std::multiplies<>());
  return mass_;
}

template <typename Bin>
double TreeGrower<Bin>::WeightOf(std::span<const double> mass) const {
  return goal_.of_numbers() ? mass[0] : Sum(mass);
}

template <typename Bin>
typename TreeGrower<Bin>::Node TreeGrower<Bin>::AddNode(size_t tally, uint32_t begin, uint32_t end,
                                                        int32_t depth) {
  const auto index = static_cast<int32_t>(grown_.tree.nodes.size());
  // Until Finish, a leaf's `left` says where its tally is.
  grown_.tree.nodes.push_back({-1, 0, static_cast<int32_t>(tally / goal_.width()), 0});
  return {index, tally, begin, end, depth};
}

template <typename Bin>
bool TreeGrower<Bin>::MayDivide(const Node& node) const {
  const int64_t rows = node.end - node.begin;
  if (rows < plan_.min_split || rows < 2 * plan_.min_leaf) return false;
  if (plan_.max_depth > 0 && node.depth >= plan_.max_depth) return false;
  // Numbers tell when the rows are looked at.
  return goal_.of_numbers() ||
         std::ranges::count_if(TallyAt(node.tally), [](double one) { return one > 0; }) > 1;
}

template <typename Bin>
bool TreeGrower<Bin>::AllEqual(std::span<const TreeRow> rows) const {
  const double first = goal_.numbers[rows.front().row];
  return std::ranges::all_of(rows,
                             [&](const TreeRow& row) { return goal_.numbers[row.row] == first; });
}

template <typename Bin>
void TreeGrower<Bin>::Consider(const Node& node) {
  if (!MayDivide(node)) return;
  const std::span<const TreeRow> rows = tree_rows_.subspan(node.begin, node.end - node.begin);
  if (goal_.of_numbers() && AllEqual(rows)) return;
  OpenNode open{node, {}, 0, tallies_.size()};
  open.split =
      search_.Find({rows, TallyAt(node.tally)}, plan_.min_weight_share * total_weight_, &random_);
  if (open.split.column < 0) return;
  const double purity = Purity(plan_.criterion, MassAt(node.tally));
  open.decrease = std::max(0.0, open.split.purity - purity) * goal_.unit * goal_.unit;
  if (open.decrease / total_weight_ + kEpsilon < plan_.min_impurity_decrease) return;
  const std::span<const double> left = search_.left_tally();
  tallies_.insert(tallies_.end(), left.begin(), left.end());
  for (size_t i = 0; i < left.size(); ++i) tallies_.push_back(tallies_[node.tally + i] - left[i]);
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
  const Node left = AddNode(open.children_tally, node.begin, middle, node.depth + 1);
  const Node right = AddNode(open.children_tally + goal_.width(), middle, node.end, node.depth + 1);
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
void TreeGrower<Bin>::AddLeafValues(std::span<const double> mass) {
  std::vector<double>& values = grown_.tree.values;
  const double total = WeightOf(mass);
  if (goal_.of_numbers()) {
    values.push_back(total > 0 ? mass[1] / total * goal_.unit : 0);
    return;
  }
  for (const double one : mass)
    values.push_back(total > 0 ? one / total : 1.0 / static_cast<double>(mass.size()));
}

template <typename Bin>
GrownTree TreeGrower<Bin>::Finish() {
  int32_t leaves = 0;
  for (model::FittedTree::Node& node : grown_.tree.nodes) {
    if (node.feature >= 0) continue;
    AddLeafValues(MassAt(static_cast<size_t>(node.left) * goal_.width()));
    node.left = leaves++;
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
