#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "core/parallel.h"
#include "model/tree_ensemble.h"
#include "train/boosted_tree_internal.h"

namespace slipway::train {
namespace {

constexpr size_t kMostBins = 256;
// What stays in the first-level cache while rows pass by.
constexpr size_t kFullColumnsAtOnce = 10;
constexpr size_t kCellsAtOnce = kFullColumnsAtOnce * kMostBins;
constexpr size_t kColumnsAtOnce = 64;
// Least second derivative of a side of a split, as in scikit-learn's histogram boosting: below it a
// step would be mostly noise.
constexpr double kLeastSecond = 1e-3;

// Histograms of one wave: more nodes wait, so that memory is bounded by the depth of a tree, not by
// its leaves.
constexpr size_t kWaveBytes = size_t{64} << 20U;

double Worth(double first, double second, double l2) { return first * first / (second + l2); }

}  // namespace

float BoostedTree::StepOf(const uint8_t* bins) const {
  size_t at = 0;
  while (tree.nodes[at].feature >= 0) {
    const model::TreeNode& node = tree.nodes[at];
    at = static_cast<size_t>(bins[node.feature] <= last_left[at] ? node.left : node.right);
  }
  return tree.leaf_values[static_cast<size_t>(tree.nodes[at].left)];
}

std::vector<BoostedTreeGrower::ColumnGroup> BoostedTreeGrower::GroupColumns(
    const std::vector<ColumnBins>& columns) {
  std::vector<ColumnGroup> groups;
  size_t cell = 0;
  for (size_t column = 0; column < columns.size(); ++column) {
    const size_t stride = std::bit_ceil(std::max<size_t>(columns[column].upper.size(), 1));
    ColumnGroup* last = groups.empty() ? nullptr : &groups.back();
    const bool fits = last != nullptr && last->stride == stride &&
                      last->columns() < kColumnsAtOnce && last->cells() + stride <= kCellsAtOnce;
    if (fits) {
      ++last->last;
    } else {
      groups.push_back({column, column + 1, stride, cell});
    }
    cell += stride;
  }
  return groups;
}

BoostedTreeGrower::BoostedTreeGrower(const BinnedRows<uint8_t>& rows,
                                     const std::vector<ColumnBins>& columns,
                                     const BoostingPlan& plan)
    : rows_(rows),
      columns_(columns),
      plan_(plan),
      count_rows_(plan.min_leaf > 1),
      groups_(GroupColumns(columns)),
      cells_(groups_.back().cell + groups_.back().cells()),
      wave_nodes_(std::max<size_t>(1, kWaveBytes / (cells_ * sizeof(Derivatives)))) {
  for (const ColumnGroup& group : groups_) {
    for (size_t column = group.first; column < group.last; ++column)
      cell_of_.push_back(group.CellOf(column));
  }
}

Result<BoostedTree> BoostedTreeGrower::Grow(std::span<uint32_t> rows,
                                            std::span<const Derivatives> derivatives,
                                            const DerivativeUnits& units, Random random) {
  tree_rows_ = rows;
  derivatives_ = derivatives;
  units_ = units;
  random_ = random;
  grown_ = {};
  grown_.gains.resize(columns_.size());
  right_.resize(rows.size());
  open_.clear();
  free_.clear();
  for (size_t i = 0; i < histograms_.size(); ++i) free_.push_back(i);
  leaves_ = 1;

  Derivatives sum = 0;
  for (const uint32_t row : rows) sum += derivatives[row];
  std::vector<Node> wave = {AddNode(0, static_cast<uint32_t>(rows.size()), 0, sum)};
  if (MayDivide(wave[0])) {
    wave[0].histogram = TakeHistogram();
    SLIPWAY_RETURN_IF_ERROR(FillWave(&wave, {{0, 0}}));
    Open(std::move(wave[0]));
  } else {
    Finish(wave[0]);
  }
  while (!open_.empty() && (plan_.max_leaves == 0 || leaves_ < plan_.max_leaves))
    SLIPWAY_RETURN_IF_ERROR(Divide(TakeWave()));
  for (const Node& node : open_) Finish(node);
  return std::move(grown_);
}

bool BoostedTreeGrower::GainsLess(const Node& a, const Node& b) {
  return a.split.gain != b.split.gain ? a.split.gain < b.split.gain : a.index > b.index;
}

bool BoostedTreeGrower::MayDivide(const Node& node) const {
  const int64_t rows = node.end - node.begin;
  if (rows < plan_.min_split || rows < 2 * plan_.min_leaf) return false;
  return plan_.max_depth == 0 || node.depth < plan_.max_depth;
}

size_t BoostedTreeGrower::TakeHistogram() {
  if (free_.empty()) {
    free_.push_back(histograms_.size());
    Histogram& histogram = histograms_.emplace_back();
    histogram.sums.resize(cells_);
    if (count_rows_) histogram.rows.resize(cells_);
  }
  const size_t taken = free_.back();
  free_.pop_back();
  return taken;
}

BoostedTreeGrower::Node BoostedTreeGrower::AddNode(uint32_t begin, uint32_t end, int32_t depth,
                                                   Derivatives sum) {
  Node node;
  node.index = static_cast<int32_t>(grown_.tree.nodes.size());
  node.begin = begin;
  node.end = end;
  node.depth = depth;
  node.sum = sum;
  grown_.tree.nodes.push_back({-1, 0, 0, 0});
  grown_.last_left.push_back(0);
  return node;
}

void BoostedTreeGrower::Count(const Node& node, const ColumnGroup& group) {
  Histogram& histogram = histograms_[node.histogram];
  Derivatives* sums = histogram.sums.data() + group.cell;
  const size_t columns = group.columns(), stride = group.stride;
  std::fill_n(sums, group.cells(), Derivatives{0});
  const std::span<const uint32_t> rows = tree_rows_.subspan(node.begin, node.end - node.begin);
  if (columns == kFullColumnsAtOnce && stride == kMostBins) {
    // The same with numbers that the compiler knows.
    for (const uint32_t row : rows) {
      const uint8_t* bins = rows_.Row(row) + group.first;
      const Derivatives own = derivatives_[row];
      for (size_t i = 0; i < kFullColumnsAtOnce; ++i) sums[i * kMostBins + bins[i]] += own;
    }
  } else {
    for (const uint32_t row : rows) {
      const uint8_t* bins = rows_.Row(row) + group.first;
      const Derivatives own = derivatives_[row];
      for (size_t i = 0; i < columns; ++i) sums[i * stride + bins[i]] += own;
    }
  }
  if (!count_rows_) return;
  uint32_t* counts = histogram.rows.data() + group.cell;
  std::fill_n(counts, group.cells(), 0U);
  for (const uint32_t row : rows) {
    const uint8_t* bins = rows_.Row(row) + group.first;
    for (size_t i = 0; i < columns; ++i) ++counts[i * stride + bins[i]];
  }
}

void BoostedTreeGrower::FindSplit(Node* node) const {
  const Histogram& histogram = histograms_[node->histogram];
  const double all = Worth(units_.First(node->sum), units_.Second(node->sum), plan_.l2);
  const auto rows = static_cast<int64_t>(node->end - node->begin);
  const auto try_column = [&](size_t column) {
    const size_t cell = cell_of_[column];
    const Derivatives* sums = histogram.sums.data() + cell;
    const uint32_t* counts = count_rows_ ? histogram.rows.data() + cell : nullptr;
    const size_t bins = columns_[column].upper.size();
    Derivatives left = 0;
    int64_t rows_left = 0;
    for (size_t bin = 0; bin + 1 < bins; ++bin) {
      if (counts != nullptr) {
        rows_left += counts[bin];
        if (rows_left < plan_.min_leaf) {
          left += sums[bin];
          continue;
        }
        if (rows - rows_left < plan_.min_leaf) break;
      }
      if (sums[bin] == 0) continue;
      left += sums[bin];
      const Derivatives right = node->sum - left;
      const double second_left = units_.Second(left), second_right = units_.Second(right);
      if (second_left < kLeastSecond) continue;
      if (second_right < kLeastSecond) break;
      const double gain = Worth(units_.First(left), second_left, plan_.l2) +
                          Worth(units_.First(right), second_right, plan_.l2) - all;
      if (gain > node->split.gain) {
        node->split = {static_cast<int32_t>(column), static_cast<int32_t>(bin), gain, left};
      }
    }
  };
  if (node->columns.empty()) {
    for (size_t column = 0; column < columns_.size(); ++column) try_column(column);
  } else {
    for (const int32_t column : node->columns) try_column(static_cast<size_t>(column));
  }
}

Status BoostedTreeGrower::FillWave(std::vector<Node>* wave, const std::vector<Pair>& pairs) {
  if (plan_.features_per_node < std::ssize(columns_)) {
    for (Node& node : *wave) {
      std::vector<int32_t> all(columns_.size());
      std::iota(all.begin(), all.end(), 0);
      random_.Shuffle(std::span(all));
      all.resize(static_cast<size_t>(plan_.features_per_node));
      std::ranges::sort(all);
      node.columns = std::move(all);
    }
  }
  SLIPWAY_RETURN_IF_ERROR(
      ParallelFor(pairs.size() * groups_.size(), plan_.threads, [&](size_t task) -> Status {
        const Pair& pair = pairs[task / groups_.size()];
        const ColumnGroup& group = groups_[task % groups_.size()];
        Count((*wave)[pair.counted], group);
        if (pair.other == pair.counted) return {};
        // The other child has its parent's histogram until here.
        const Histogram& counted = histograms_[(*wave)[pair.counted].histogram];
        Histogram& other = histograms_[(*wave)[pair.other].histogram];
        const size_t end = group.cell + group.cells();
        for (size_t i = group.cell; i < end; ++i) other.sums[i] -= counted.sums[i];
        if (count_rows_) {
          for (size_t i = group.cell; i < end; ++i) other.rows[i] -= counted.rows[i];
        }
        return {};
      }));
  return ParallelFor(wave->size(), plan_.threads, [&](size_t i) -> Status {
    FindSplit(&(*wave)[i]);
    return {};
  });
}

void BoostedTreeGrower::Open(Node node) {
  if (node.split.column < 0) {
    free_.push_back(node.histogram);
    Finish(node);
    return;
  }
  open_.push_back(std::move(node));
  if (plan_.max_leaves > 0) std::ranges::push_heap(open_, GainsLess);
}

std::vector<BoostedTreeGrower::Node> BoostedTreeGrower::TakeWave() {
  std::vector<Node> wave;
  const size_t most = plan_.max_leaves > 0 ? 1 : wave_nodes_;
  while (wave.size() < most && !open_.empty()) {
    if (plan_.max_leaves > 0) std::ranges::pop_heap(open_, GainsLess);
    wave.push_back(std::move(open_.back()));
    open_.pop_back();
  }
  return wave;
}

// Moves the rows of the left side to the front, each side in its order; returns how many they are.
uint32_t BoostedTreeGrower::PartRows(const Node& node) {
  const uint8_t* bins = rows_.values.data() + node.split.column;
  const auto stride = static_cast<size_t>(rows_.columns);
  const auto last_left = static_cast<uint8_t>(node.split.last_left);
  uint32_t* left = tree_rows_.data() + node.begin;
  uint32_t* right = right_.data() + node.begin;
  uint32_t* const first_right = right;
  for (uint32_t i = node.begin; i < node.end; ++i) {
    const uint32_t row = tree_rows_[i];
    const bool goes_left = bins[row * stride] <= last_left;
    // Both are written, and one of them stays: no branch to mispredict.
    *left = row;
    *right = row;
    left += goes_left ? 1 : 0;
    right += goes_left ? 0 : 1;
  }
  std::copy(first_right, right, left);
  return static_cast<uint32_t>(left - (tree_rows_.data() + node.begin));
}

Status BoostedTreeGrower::Divide(std::vector<Node> wave) {
  std::vector<uint32_t> left_rows(wave.size());
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(wave.size(), plan_.threads, [&](size_t i) -> Status {
    left_rows[i] = PartRows(wave[i]);
    return {};
  }));
  std::vector<Node> children;
  std::vector<Pair> pairs;
  for (size_t i = 0; i < wave.size(); ++i) {
    const Node& node = wave[i];
    const auto column = static_cast<size_t>(node.split.column);
    const auto bin = static_cast<size_t>(node.split.last_left);
    const uint32_t middle = node.begin + left_rows[i];
    Node left = AddNode(node.begin, middle, node.depth + 1, node.split.left);
    Node right = AddNode(middle, node.end, node.depth + 1, node.sum - node.split.left);
    grown_.tree.nodes[static_cast<size_t>(node.index)] = {
        node.split.column, model::RoundDown(columns_[column].Threshold(bin, bin + 1)), left.index,
        right.index};
    grown_.last_left[static_cast<size_t>(node.index)] = static_cast<uint8_t>(bin);
    grown_.gains[column] += node.split.gain;
    ++leaves_;
    const bool left_may = MayDivide(left), right_may = MayDivide(right);
    if (!left_may) Finish(left);
    if (!right_may) Finish(right);
    if (!left_may && !right_may) {
      free_.push_back(node.histogram);
      continue;
    }
    // Fewer rows are counted; what is asked of the other is a subtraction.
    const bool left_smaller = left.end - left.begin <= right.end - right.begin;
    if (left_may && right_may) {
      Node& counted = left_smaller ? left : right;
      Node& other = left_smaller ? right : left;
      counted.histogram = TakeHistogram();
      other.histogram = node.histogram;
      pairs.push_back({children.size(), children.size() + 1});
      children.push_back(std::move(counted));
      children.push_back(std::move(other));
    } else {
      Node& only = left_may ? left : right;
      only.histogram = node.histogram;
      pairs.push_back({children.size(), children.size()});
      children.push_back(std::move(only));
    }
  }
  SLIPWAY_RETURN_IF_ERROR(FillWave(&children, pairs));
  for (Node& child : children) Open(std::move(child));
  return {};
}

void BoostedTreeGrower::Finish(const Node& leaf) {
  const double second = units_.Second(leaf.sum) + plan_.l2;
  const double wanted = second > 0 ? -units_.First(leaf.sum) / second * plan_.learning_rate : 0;
  // Who grows the trees refuses a step as large as this one.
  constexpr double kLargest = std::numeric_limits<float>::max();
  const double step = std::clamp(wanted, -kLargest, kLargest);
  grown_.tree.nodes[static_cast<size_t>(leaf.index)].left =
      static_cast<int32_t>(grown_.tree.leaf_values.size());
  grown_.tree.leaf_values.push_back(static_cast<float>(step));
  grown_.leaves.push_back({leaf.begin, leaf.end});
}

}  // namespace slipway::train
