#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "train/split_search_internal.h"

namespace slipway::train {
namespace {

constexpr unsigned kDrawsShift = 32;
constexpr size_t kBitsOfWord = 64;
// Marking a row's bin costs as much as looking at the cells of two bins of two classes.
constexpr size_t kClassesOfFew = 4;

double Draws(uint64_t cell) { return static_cast<double>(cell >> kDrawsShift); }

uint32_t Rows(uint64_t cell) { return static_cast<uint32_t>(cell); }

double Sum(uint64_t cell) { return static_cast<double>(static_cast<int64_t>(cell)); }

// One class's share of Purity; a side of a split adds them up.
double Share(Criterion criterion, double mass) {
  if (criterion == Criterion::kGini) return mass * mass;
  return mass > 0 ? mass * std::log2(mass) : 0;
}

struct Side {
  double weight = 0;
  double shares = 0;
};

void Move(Criterion criterion, double before, double after, Side* side) {
  side->weight += after - before;
  side->shares += Share(criterion, after) - Share(criterion, before);
}

void Add(Criterion criterion, double mass, Side* side) { Move(criterion, 0, mass, side); }

double PurityOf(Criterion criterion, const Side& side) {
  if (side.weight <= 0) return 0;
  return criterion == Criterion::kGini ? side.shares / side.weight
                                       : side.shares - side.weight * std::log2(side.weight);
}

}  // namespace

double Purity(Criterion criterion, std::span<const double> mass) {
  if (criterion == Criterion::kSquaredError) return mass[0] > 0 ? mass[1] * mass[1] / mass[0] : 0;
  Side side;
  for (const double one : mass) Add(criterion, one, &side);
  return PurityOf(criterion, side);
}

template <typename Bin>
SplitSearch<Bin>::SplitSearch(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
                              const ForestPlan& plan, const TreeGoal& goal)
    : rows_(rows),
      columns_(columns),
      plan_(plan),
      goal_(goal),
      width_(goal.width()),
      drawn_(columns.size()),
      class_draws_(width_),
      left_tally_(width_),
      weighted_(
          std::ranges::any_of(goal.class_weights, [](double weight) { return weight != 1; })) {
  StartTree();
  size_t most_bins = 0;
  for (const ColumnBins& column : columns) most_bins = std::max(most_bins, column.upper.size());
  occupied_.resize(most_bins / kBitsOfWord + 1);
  bins_.resize(most_bins);
  rows_left_.resize(most_bins);
  for (auto* numbers : {&weight_left_, &purity_, &first_class_, &second_class_})
    numbers->resize(most_bins);
}

template <typename Bin>
void SplitSearch<Bin>::StartTree() {
  std::iota(drawn_.begin(), drawn_.end(), 0);
}

template <typename Bin>
Split SplitSearch<Bin>::Find(const NodeRows& node, double least_weight, Random* random) {
  Split best;
  size_t begin = 0;
  auto count = static_cast<size_t>(plan_.features_per_node);
  while (begin < drawn_.size()) {
    const size_t end = std::min(begin + count, drawn_.size());
    for (size_t i = begin; i < end; ++i) {
      std::swap(drawn_[i], drawn_[i + random->Below(drawn_.size() - i)]);
    }
    const bool varied =
        goal_.of_numbers() ? TryColumns<Kind::kNumbers>(begin, end, node, least_weight, &best)
        : width_ == 2      ? TryColumns<Kind::kTwoClasses>(begin, end, node, least_weight, &best)
                           : TryColumns<Kind::kClasses>(begin, end, node, least_weight, &best);
    if (varied) break;
    begin = end;
    count = 1;
  }
  return best;
}

template <typename Bin>
template <typename SplitSearch<Bin>::Kind kKind>
bool SplitSearch<Bin>::TryColumns(size_t begin, size_t end, const NodeRows& node,
                                  double least_weight, Split* best) {
  bool varied = false;
  for (size_t first = begin; first < end; first += kColumnsAtOnce) {
    const auto columns = std::span(drawn_).subspan(first, std::min(kColumnsAtOnce, end - first));
    Count<kKind>(node.rows, columns);
    for (size_t i = 0; i < columns.size(); ++i) {
      Cell* cells = cells_.data() + first_cells_[i];
      ListBins<kKind>(columns[i], node.rows, cells);
      if (bin_count_ > 1) {
        varied = true;
        Score<kKind>(node, cells);
        if (Choose(columns[i], node, least_weight, best)) AddUpLeft(best->last_left, cells);
      }
      for (size_t bin = 0; bin < bin_count_; ++bin) {
        Cell* own = cells + bins_[bin] * width<kKind>();
        std::fill_n(own, width<kKind>(), Cell{0});
      }
    }
  }
  return varied;
}

template <typename Bin>
template <typename SplitSearch<Bin>::Kind kKind>
void SplitSearch<Bin>::Count(std::span<const TreeRow> rows, std::span<const int32_t> columns) {
  size_t cells = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    first_cells_[i] = cells;
    cells += columns_[static_cast<size_t>(columns[i])].upper.size() * width_;
  }
  if (cells_.size() < cells) cells_.resize(cells);
  switch (columns.size()) {
    case 1: return CountColumns<kKind, 1>(rows, columns.data());
    case 2: return CountColumns<kKind, 2>(rows, columns.data());
    case 3: return CountColumns<kKind, 3>(rows, columns.data());
    default: return CountColumns<kKind, kColumnsAtOnce>(rows, columns.data());
  }
}

template <typename Bin>
template <typename SplitSearch<Bin>::Kind kKind, size_t kColumns>
void SplitSearch<Bin>::CountColumns(std::span<const TreeRow> rows, const int32_t* columns) {
  std::array<const Bin*, kColumns> bins;
  std::array<Cell*, kColumns> cells;
  for (size_t i = 0; i < kColumns; ++i) {
    bins[i] = rows_.values.data() + columns[i];
    cells[i] = cells_.data() + first_cells_[i];
  }
  const auto stride = static_cast<size_t>(rows_.columns);
  const size_t width = this->width<kKind>();
  for (const TreeRow& row : rows) {
    const size_t at = row.row * stride;
    const Cell one = 1 | static_cast<Cell>(row.times) << kDrawsShift;
    if constexpr (kKind == Kind::kNumbers) {
      // A negative sum wraps around, as Sum undoes.
      const auto sum = static_cast<Cell>(static_cast<int64_t>(row.times * goal_.numbers[row.row]));
      for (size_t i = 0; i < kColumns; ++i) {
        Cell* own = cells[i] + bins[i][at] * width;
        own[0] += one;
        own[1] += sum;
      }
    } else {
      const size_t cls = row.cls;
      for (size_t i = 0; i < kColumns; ++i) cells[i][bins[i][at] * width + cls] += one;
    }
  }
}

template <typename Bin>
template <typename SplitSearch<Bin>::Kind kKind>
void SplitSearch<Bin>::ListBins(int32_t column, std::span<const TreeRow> rows, const Cell* cells) {
  const size_t bins = columns_[static_cast<size_t>(column)].upper.size();
  // With fewer rows than cells, marking their bins is less than looking at all.
  if (rows.size() * kClassesOfFew < bins * width<kKind>()) return ListBinsOfFew(column, rows);
  bin_count_ = 0;
  for (size_t bin = 0; bin < bins; ++bin) {
    Cell any = 0;
    for (size_t i = 0; i < width<kKind>(); ++i) any |= *cells++;
    bins_[bin_count_] = static_cast<uint32_t>(bin);
    bin_count_ += any != 0 ? 1 : 0;
  }
}

template <typename Bin>
void SplitSearch<Bin>::ListBinsOfFew(int32_t column, std::span<const TreeRow> rows) {
  for (const TreeRow& row : rows) {
    const size_t bin = rows_.Row(row.row)[column];
    occupied_[bin / kBitsOfWord] |= uint64_t{1} << bin % kBitsOfWord;
  }
  bin_count_ = 0;
  const size_t words = columns_[static_cast<size_t>(column)].upper.size() / kBitsOfWord + 1;
  for (size_t word = 0; word < words; ++word) {
    for (uint64_t left = std::exchange(occupied_[word], 0); left != 0; left &= left - 1) {
      bins_[bin_count_++] =
          static_cast<uint32_t>(word * kBitsOfWord + static_cast<size_t>(std::countr_zero(left)));
    }
  }
}

template <typename Bin>
template <typename SplitSearch<Bin>::Kind kKind>
void SplitSearch<Bin>::Score(const NodeRows& node, const Cell* cells) {
  if constexpr (kKind == Kind::kNumbers) return ScoreNumbers(node, cells);
  if (kKind == Kind::kTwoClasses && plan_.criterion == Criterion::kGini)
    return ScoreTwoClassGini(node, cells);
  ScoreClasses(node, cells);
}

// The usual case, cut into a pass that adds up and one that the compiler vectorizes.
template <typename Bin>
void SplitSearch<Bin>::ScoreTwoClassGini(const NodeRows& node, const Cell* cells) {
  const size_t candidates = bin_count_ - 1;
  double first = 0, second = 0;
  uint32_t rows = 0;
  for (size_t i = 0; i < candidates; ++i) {
    const Cell* own = cells + size_t{2} * bins_[i];
    first_class_[i] = first += Draws(own[0]);
    second_class_[i] = second += Draws(own[1]);
    rows_left_[i] = rows += Rows(own[0] + own[1]);
  }
  const double first_weight = goal_.class_weights[0], second_weight = goal_.class_weights[1];
  const double first_total = node.tally[0], second_total = node.tally[1];
  for (size_t i = 0; i < candidates; ++i) {
    const double a = first_weight * first_class_[i], b = second_weight * second_class_[i];
    const double c = first_weight * (first_total - first_class_[i]);
    const double d = second_weight * (second_total - second_class_[i]);
    weight_left_[i] = a + b;
    purity_[i] = (a * a + b * b) / (a + b) + (c * c + d * d) / (c + d);
  }
}

// A bin moves only the classes that it has from the right to the left, and the sums follow. With
// weights they would gather rounding errors, so that both sides are added up again.
template <typename Bin>
void SplitSearch<Bin>::ScoreClasses(const NodeRows& node, const Cell* cells) {
  std::ranges::fill(class_draws_, 0.0);
  Side left, right;
  for (const double draws : node.tally) Add(plan_.criterion, draws, &right);
  uint32_t rows = 0;
  for (size_t i = 0; i + 1 < bin_count_; ++i) {
    const Cell* own = cells + bins_[i] * width_;
    for (size_t cls = 0; cls < width_; ++cls) {
      if (own[cls] == 0) continue;
      rows += Rows(own[cls]);
      const double before = class_draws_[cls], after = before + Draws(own[cls]);
      class_draws_[cls] = after;
      Move(plan_.criterion, before, after, &left);
      Move(plan_.criterion, node.tally[cls] - before, node.tally[cls] - after, &right);
    }
    if (weighted_) {
      left = right = {};
      for (size_t cls = 0; cls < width_; ++cls) {
        const double weight = goal_.class_weights[cls];
        Add(plan_.criterion, weight * class_draws_[cls], &left);
        Add(plan_.criterion, weight * (node.tally[cls] - class_draws_[cls]), &right);
      }
    }
    rows_left_[i] = rows;
    weight_left_[i] = left.weight;
    purity_[i] = PurityOf(plan_.criterion, left) + PurityOf(plan_.criterion, right);
  }
}

template <typename Bin>
void SplitSearch<Bin>::ScoreNumbers(const NodeRows& node, const Cell* cells) {
  double draws = 0, sum = 0;
  uint32_t rows = 0;
  for (size_t i = 0; i + 1 < bin_count_; ++i) {
    const Cell* own = cells + size_t{2} * bins_[i];
    rows_left_[i] = rows += Rows(own[0]);
    weight_left_[i] = draws += Draws(own[0]);
    sum += Sum(own[1]);
    const double rest = node.tally[1] - sum;
    purity_[i] = sum * sum / draws + rest * rest / (node.tally[0] - draws);
  }
}

template <typename Bin>
bool SplitSearch<Bin>::Choose(int32_t column, const NodeRows& node, double least_weight,
                              Split* best) const {
  const auto least_rows = static_cast<size_t>(plan_.min_leaf);
  double weight = goal_.of_numbers() ? node.tally[0] : 0;
  for (size_t cls = 0; cls < goal_.class_weights.size(); ++cls)
    weight += goal_.class_weights[cls] * node.tally[cls];
  bool better = false;
  for (size_t i = 0; i + 1 < bin_count_; ++i) {
    if (!(purity_[i] > best->purity)) continue;
    const size_t left = rows_left_[i];
    if (left < least_rows || node.rows.size() - left < least_rows) continue;
    if (weight_left_[i] < least_weight || weight - weight_left_[i] < least_weight) continue;
    better = true;
    *best = {column, static_cast<int32_t>(bins_[i]), static_cast<int32_t>(bins_[i + 1]),
             rows_left_[i], purity_[i]};
  }
  return better;
}

template <typename Bin>
void SplitSearch<Bin>::AddUpLeft(int32_t last_left, const Cell* cells) {
  std::ranges::fill(left_tally_, 0.0);
  for (size_t i = 0; i < bin_count_ && bins_[i] <= static_cast<uint32_t>(last_left); ++i) {
    const Cell* own = cells + bins_[i] * width_;
    if (goal_.of_numbers()) {
      left_tally_[0] += Draws(own[0]);
      left_tally_[1] += Sum(own[1]);
      continue;
    }
    for (size_t cls = 0; cls < width_; ++cls) left_tally_[cls] += Draws(own[cls]);
  }
}

template class SplitSearch<uint8_t>;
template class SplitSearch<uint16_t>;

}  // namespace slipway::train
