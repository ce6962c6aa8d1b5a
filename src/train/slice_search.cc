#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/slice_search_internal.h"

namespace slipway::train {
namespace {

constexpr double kLeastEffect = 0.3;
// Stands for what is beyond all measure, which JSON could not hold.
constexpr double kMostEffect = 1e6;
constexpr double kAlpha = 0.05;
constexpr size_t kMostFound = 5;
constexpr size_t kMostPairedColumns = 20;

class Search {
 public:
  Search(std::span<const data::SlicedColumn> columns, std::span<const double> losses,
         int64_t min_rows)
      : columns_(columns), losses_(losses), min_rows_(static_cast<double>(min_rows)) {
    for (const double loss : losses_) all_.Add(loss);
  }

  SliceSearch Run() {
    for (size_t column = 0; column < columns_.size(); ++column) LookAtColumn(column);
    const std::vector<size_t> paired = PairedColumns();
    for (size_t i = 0; i < paired.size(); ++i) {
      for (size_t j = i + 1; j < paired.size(); ++j) LookAtPair(paired[i], paired[j]);
    }
    return Choose();
  }

 private:
  size_t PartsOf(size_t column) const { return columns_[column].parts.size(); }
  int32_t CodeOf(size_t column, size_t row) const { return columns_[column].codes[row]; }

  // Adds a slice that is large enough to be judged, and leaves enough to compare it with. Whether
  // it was.
  bool LookAt(std::vector<std::pair<size_t, int32_t>> conditions, const LossSums& sums) {
    if (sums.rows < min_rows_ || all_.rows - sums.rows < min_rows_) return false;
    looked_at_.push_back({std::move(conditions), sums, CompareLosses(sums, all_), 1});
    return true;
  }

  void LookAtColumn(size_t column) {
    std::vector<LossSums> sums(PartsOf(column));
    for (size_t row = 0; row < losses_.size(); ++row) {
      sums[static_cast<size_t>(CodeOf(column, row))].Add(losses_[row]);
    }
    std::vector<bool> open(sums.size());
    double most = 0;
    for (size_t part = 0; part < sums.size(); ++part) {
      if (!LookAt({{column, static_cast<int32_t>(part)}}, sums[part])) continue;
      const LossComparison& comparison = looked_at_.back().comparison;
      // A slice that is one by itself is not looked into any further.
      open[part] = comparison.effect < kLeastEffect || comparison.p_above > kAlpha;
      most = std::max(most, Excess(sums[part]));
    }
    open_.push_back(std::move(open));
    most_.push_back(most);
  }

  // The loss of a slice beyond what as many of all rows would have.
  double Excess(const LossSums& sums) const { return sums.sum - sums.rows * all_.sum / all_.rows; }

  std::vector<size_t> PairedColumns() const {
    std::vector<size_t> paired(columns_.size());
    std::iota(paired.begin(), paired.end(), size_t{0});
    std::ranges::stable_sort(paired, [&](size_t a, size_t b) { return most_[a] > most_[b]; });
    paired.resize(std::min(paired.size(), kMostPairedColumns));
    std::ranges::sort(paired);
    return paired;
  }

  void LookAtPair(size_t left, size_t right) {
    const size_t width = PartsOf(right);
    std::vector<LossSums> sums(PartsOf(left) * width);
    for (size_t row = 0; row < losses_.size(); ++row) {
      const auto cell =
          static_cast<size_t>(CodeOf(left, row)) * width + static_cast<size_t>(CodeOf(right, row));
      sums[cell].Add(losses_[row]);
    }
    for (size_t cell = 0; cell < sums.size(); ++cell) {
      const size_t a = cell / width, b = cell % width;
      if (!open_[left][a] || !open_[right][b]) continue;
      LookAt({{left, static_cast<int32_t>(a)}, {right, static_cast<int32_t>(b)}}, sums[cell]);
    }
  }

  SliceSearch Choose() {
    std::vector<double> p_values;
    for (const WorstSlice& slice : looked_at_) p_values.push_back(slice.comparison.p_above);
    const std::vector<double> q_values = data::FalseDiscoveryAdjusted(p_values);
    SliceSearch search;
    search.looked_at = std::ssize(looked_at_);
    for (size_t i = 0; i < looked_at_.size(); ++i) {
      looked_at_[i].q_value = q_values[i];
      if (looked_at_[i].comparison.effect < kLeastEffect || q_values[i] > kAlpha) continue;
      search.found.push_back(std::move(looked_at_[i]));
    }
    std::ranges::stable_sort(search.found, [&](const WorstSlice& a, const WorstSlice& b) {
      if (a.conditions.size() != b.conditions.size())
        return a.conditions.size() < b.conditions.size();
      return Excess(a.sums) > Excess(b.sums);
    });
    search.found.resize(std::min(search.found.size(), kMostFound));
    return search;
  }

  std::span<const data::SlicedColumn> columns_;
  std::span<const double> losses_;
  double min_rows_;
  LossSums all_;
  std::vector<WorstSlice> looked_at_;
  std::vector<std::vector<bool>> open_;  // By column and part: whether pairs may have it.
  std::vector<double> most_;             // By column: the excess of its worst part.
};

}  // namespace

data::SampleMoments LossSums::Moments() const {
  if (rows < 1) return {};
  const double mean = sum / rows;
  return {rows, mean, rows < 2 ? 0 : std::max(0.0, (squares - sum * mean) / (rows - 1))};
}

LossComparison CompareLosses(const LossSums& part, const LossSums& all) {
  const data::SampleMoments inside = part.Moments(), outside = all.Without(part).Moments();
  LossComparison comparison;
  const double spread = std::sqrt(inside.variance + outside.variance);
  const double difference = inside.mean - outside.mean;
  // Where neither varies, as where all of a part and none of the rest is wrong, any difference is
  // beyond all measure.
  if (difference != 0) {
    comparison.effect = std::clamp(std::sqrt(2.0) * difference / spread, -kMostEffect, kMostEffect);
  }
  comparison.p_value = data::WelchTest(inside, outside).p_value;
  if (difference > 0) comparison.p_above = comparison.p_value / 2;
  return comparison;
}

SliceSearch FindWorstSlices(std::span<const data::SlicedColumn> columns,
                            std::span<const double> losses, int64_t min_rows) {
  if (columns.empty() || losses.empty()) return {};
  return Search(columns, losses, min_rows).Run();
}

}  // namespace slipway::train
