#include <algorithm>

#include "core/parallel.h"
#include "train/feature_bins_internal.h"

namespace slipway::train {
namespace {

// Where the bin that begins at `begin` ends: near `target`, and not between equal values.
size_t EndOfBin(std::span<const float> sorted, size_t begin, size_t target) {
  const auto [first, last] = std::ranges::equal_range(sorted, sorted[target - 1]);
  const auto run_begin = static_cast<size_t>(first - sorted.begin());
  const auto run_end = static_cast<size_t>(last - sorted.begin());
  return run_begin > begin && target - run_begin < run_end - target ? run_begin : run_end;
}

int64_t CountDistinct(std::span<const float> sorted) {
  int64_t distinct = 1;
  for (size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
  return distinct;
}

}  // namespace

ColumnBins CutIntoBins(std::span<const float> values, int64_t max_bins) {
  std::vector<float> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const bool each = CountDistinct(sorted) <= max_bins;
  ColumnBins bins;
  auto left = static_cast<size_t>(max_bins);
  for (size_t begin = 0; begin < sorted.size();) {
    const size_t rest = sorted.size() - begin;
    const size_t rows = each ? 1 : (rest + left - 1) / left;
    const size_t end = EndOfBin(sorted, begin, begin + rows);
    const double largest = sorted[end - 1];
    bins.upper.push_back(sorted[end - 1]);
    if (end < sorted.size()) bins.thresholds.push_back(largest + (sorted[end] - largest) / 2);
    begin = end;
    left = std::max<size_t>(left - 1, 1);
  }
  return bins;
}

Result<BinnedMatrix> BinColumns(const data::Matrix& matrix, int64_t max_bins, int threads) {
  BinnedMatrix binned;
  binned.bins.rows = matrix.rows;
  binned.bins.columns = matrix.columns;
  binned.bins.values.resize(matrix.values.size());
  binned.columns.resize(static_cast<size_t>(matrix.columns));
  const auto bin_column = [&](size_t index) -> Status {
    const auto column = static_cast<int64_t>(index);
    const std::span<const float> values(matrix.Column(column), static_cast<size_t>(matrix.rows));
    binned.columns[index] = CutIntoBins(values, max_bins);
    const std::vector<float>& upper = binned.columns[index].upper;
    std::ranges::transform(values, binned.bins.Column(column), [&](float value) {
      return static_cast<float>(std::ranges::lower_bound(upper, value) - upper.begin());
    });
    return {};
  };
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(binned.columns.size(), threads, bin_column));
  return binned;
}

}  // namespace slipway::train
