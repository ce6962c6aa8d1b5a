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

double Draws(uint64_t cell) { return static_cast<double>(cell >> kDrawsShift); }

uint32_t Rows(uint64_t cell) { return static_cast<uint32_t>(cell); }

// One class's share of Purity, and what a side's shares come to.
double Share(Criterion criterion, double mass) {
  if (criterion == Criterion::kGini) return mass * mass;
  return mass > 0 ? mass * std::log2(mass) : 0;
}

double PurityOf(Criterion criterion, double shares, double total) {
  if (total <= 0) return 0;
  return criterion == Criterion::kGini ? shares / total : shares - total * std::log2(total);
}

}  // namespace

double Purity(Criterion criterion, std::span<const double> mass) {
  double shares = 0;
  for (const double one : mass) shares += Share(criterion, one);
  return PurityOf(criterion, shares, std::accumulate(mass.begin(), mass.end(), 0.0));
}

template <typename Bin>
SplitSearch<Bin>::SplitSearch(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
                              const ForestPlan& plan, std::span<const double> class_weights)
    : rows_(rows),
      columns_(columns),
      plan_(plan),
      class_weights_(class_weights),
      classes_(class_weights.size()),
      drawn_(columns.size()),
      mass_left_(classes_),
      left_draws_(classes_) {
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
    const bool varied = classes_ == 2 ? TryColumns<2>(begin, end, node, least_weight, &best)
                                      : TryColumns<0>(begin, end, node, least_weight, &best);
    if (varied) break;
    begin = end;
    count = 1;
  }
  return best;
}

template <typename Bin>
template <size_t kClasses>
bool SplitSearch<Bin>::TryColumns(size_t begin, size_t end, const NodeRows& node,
                                  double least_weight, Split* best) {
  const auto columns = std::span(drawn_).subspan(begin, end - begin);
  Count<kClasses>(node.rows, columns);
  const bool two_class_gini = kClasses == 2 && plan_.criterion == Criterion::kGini;
  bool varied = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    Cell* cells = cells_.data() + first_cells_[i];
    ListBins<kClasses>(columns[i], node.rows, cells);
    if (bin_count_ > 1) {
      varied = true;
      two_class_gini ? ScoreTwoClassGini(node, cells) : ScoreAny(node, cells);
      if (Choose(columns[i], node, least_weight, best)) AddUpLeft(best->last_left, cells);
    }
    for (size_t bin = 0; bin < bin_count_; ++bin) {
      Cell* own = cells + bins_[bin] * classes<kClasses>();
      for (size_t cls = 0; cls < classes<kClasses>(); ++cls) own[cls] = 0;
    }
  }
  return varied;
}

template <typename Bin>
template <size_t kClasses>
void SplitSearch<Bin>::Count(std::span<const TreeRow> rows, std::span<const int32_t> columns) {
  first_cells_.clear();
  size_t cells = 0;
  for (const int32_t column : columns) {
    first_cells_.push_back(cells);
    cells += columns_[static_cast<size_t>(column)].upper.size() * classes_;
  }
  if (cells_.size() < cells) cells_.resize(cells);
  // Several columns of a row at a time, as they lie together.
  size_t i = 0;
  for (; i + 4 <= columns.size(); i += 4) {
    CountColumns<kClasses, 4>(rows, columns.data() + i, first_cells_.data() + i);
  }
  for (; i + 2 <= columns.size(); i += 2) {
    CountColumns<kClasses, 2>(rows, columns.data() + i, first_cells_.data() + i);
  }
  if (i < columns.size()) {
    CountColumns<kClasses, 1>(rows, columns.data() + i, first_cells_.data() + i);
  }
}

template <typename Bin>
template <size_t kClasses, size_t kColumns>
void SplitSearch<Bin>::CountColumns(std::span<const TreeRow> rows, const int32_t* columns,
                                    const size_t* first_cells) {
  std::array<const Bin*, kColumns> bins;
  std::array<Cell*, kColumns> cells;
  for (size_t i = 0; i < kColumns; ++i) {
    bins[i] = rows_.values.data() + columns[i];
    cells[i] = cells_.data() + first_cells[i];
  }
  const auto stride = static_cast<size_t>(rows_.columns);
  const size_t classes = this->classes<kClasses>();
  for (const TreeRow& row : rows) {
    const size_t at = row.row * stride;
    const size_t cls = row.cls;
    const Cell one = 1 | static_cast<Cell>(row.times) << kDrawsShift;
    for (size_t i = 0; i < kColumns; ++i) cells[i][bins[i][at] * classes + cls] += one;
  }
}

template <typename Bin>
template <size_t kClasses>
void SplitSearch<Bin>::ListBins(int32_t column, std::span<const TreeRow> rows, const Cell* cells) {
  const size_t bins = columns_[static_cast<size_t>(column)].upper.size();
  // With fewer rows than bins, marking theirs is less than looking at all.
  if (rows.size() * 2 < bins) return ListBinsOfFew(column, rows);
  bin_count_ = 0;
  for (size_t bin = 0; bin < bins; ++bin) {
    Cell any = 0;
    for (size_t cls = 0; cls < classes<kClasses>(); ++cls) any |= *cells++;
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
  for (size_t word = 0; word < occupied_.size(); ++word) {
    for (uint64_t left = std::exchange(occupied_[word], 0); left != 0; left &= left - 1) {
      bins_[bin_count_++] =
          static_cast<uint32_t>(word * kBitsOfWord + static_cast<size_t>(std::countr_zero(left)));
    }
  }
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
  const double first_weight = class_weights_[0], second_weight = class_weights_[1];
  const double first_total = node.draws[0], second_total = node.draws[1];
  for (size_t i = 0; i < candidates; ++i) {
    const double a = first_weight * first_class_[i], b = second_weight * second_class_[i];
    const double c = first_weight * (first_total - first_class_[i]);
    const double d = second_weight * (second_total - second_class_[i]);
    weight_left_[i] = a + b;
    purity_[i] = (a * a + b * b) / (a + b) + (c * c + d * d) / (c + d);
  }
}

// A bin moves only the classes that it has from the right to the left.
template <typename Bin>
void SplitSearch<Bin>::ScoreAny(const NodeRows& node, const Cell* cells) {
  const Criterion criterion = plan_.criterion;
  double left = 0, right = 0, left_shares = 0, right_shares = 0;
  for (size_t cls = 0; cls < classes_; ++cls) {
    mass_left_[cls] = 0;
    const double mass = class_weights_[cls] * node.draws[cls];
    right += mass;
    right_shares += Share(criterion, mass);
  }
  uint32_t rows = 0;
  for (size_t i = 0; i + 1 < bin_count_; ++i) {
    const Cell* own = cells + bins_[i] * classes_;
    for (size_t cls = 0; cls < classes_; ++cls) {
      if (own[cls] == 0) continue;
      rows += Rows(own[cls]);
      const double moved = class_weights_[cls] * Draws(own[cls]);
      const double all = class_weights_[cls] * node.draws[cls];
      const double before = mass_left_[cls], after = before + moved;
      mass_left_[cls] = after;
      left += moved;
      right -= moved;
      left_shares += Share(criterion, after) - Share(criterion, before);
      right_shares += Share(criterion, all - after) - Share(criterion, all - before);
    }
    rows_left_[i] = rows;
    weight_left_[i] = left;
    purity_[i] = PurityOf(criterion, left_shares, left) + PurityOf(criterion, right_shares, right);
  }
}

template <typename Bin>
bool SplitSearch<Bin>::Choose(int32_t column, const NodeRows& node, double least_weight,
                              Split* best) const {
  const auto least_rows = static_cast<size_t>(plan_.min_leaf);
  double weight = 0;
  for (size_t cls = 0; cls < classes_; ++cls) weight += class_weights_[cls] * node.draws[cls];
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
  std::ranges::fill(left_draws_, 0.0);
  for (size_t i = 0; i < bin_count_ && bins_[i] <= static_cast<uint32_t>(last_left); ++i) {
    for (size_t cls = 0; cls < classes_; ++cls)
      left_draws_[cls] += Draws(cells[bins_[i] * classes_ + cls]);
  }
}

template class SplitSearch<uint8_t>;
template class SplitSearch<uint16_t>;

}  // namespace slipway::train
