#include <algorithm>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "train/feature_bins_internal.h"

namespace slipway::train {
namespace {

// Rows of one piece of parallel work.
constexpr int64_t kBlockRows = 4096;

// Where the bin that begins at `begin` ends: near `target`, and not between equal values.
size_t EndOfBin(std::span<const double> sorted, size_t begin, size_t target) {
  const auto [first, last] = std::ranges::equal_range(sorted, sorted[target - 1]);
  const auto run_begin = static_cast<size_t>(first - sorted.begin());
  const auto run_end = static_cast<size_t>(last - sorted.begin());
  return run_begin > begin && target - run_begin < run_end - target ? run_begin : run_end;
}

int64_t CountDistinct(std::span<const double> sorted) {
  int64_t distinct = 1;
  for (size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
  return distinct;
}

// How many of `upper` are below `value`. Its steps depend on the size alone, so that nothing is
// mispredicted. No value is above the last.
size_t BinOf(std::span<const float> upper, float value) {
  const float* first = upper.data();
  for (size_t size = upper.size(); size > 1;) {
    const size_t half = size / 2;
    first += first[half - 1] < value ? half : 0;
    size -= half;
  }
  return static_cast<size_t>(first - upper.data());
}

}  // namespace

ColumnBins CutIntoBins(std::span<const float> values, int64_t max_bins) {
  std::vector<double> sorted(values.begin(), values.end());
  SortNumbers(&sorted);
  const bool each = CountDistinct(sorted) <= max_bins;
  ColumnBins bins;
  auto left = static_cast<size_t>(max_bins);
  for (size_t begin = 0; begin < sorted.size();) {
    const size_t rest = sorted.size() - begin;
    const size_t rows = each ? 1 : (rest + left - 1) / left;
    const size_t end = EndOfBin(sorted, begin, begin + rows);
    bins.lower.push_back(static_cast<float>(sorted[begin]));
    bins.upper.push_back(static_cast<float>(sorted[end - 1]));
    begin = end;
    left = std::max<size_t>(left - 1, 1);
  }
  return bins;
}

Result<std::vector<ColumnBins>> CutColumns(const data::Matrix& matrix, int64_t max_bins,
                                           int threads) {
  std::vector<ColumnBins> columns(static_cast<size_t>(matrix.columns));
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(columns.size(), threads, [&](size_t column) -> Status {
    columns[column] = CutIntoBins(
        {matrix.Column(static_cast<int64_t>(column)), static_cast<size_t>(matrix.rows)}, max_bins);
    return {};
  }));
  return columns;
}

template <typename Bin>
Result<BinnedRows<Bin>> BinRows(const data::Matrix& matrix, const std::vector<ColumnBins>& columns,
                                int threads) {
  BinnedRows<Bin> binned;
  binned.columns = matrix.columns;
  binned.values.resize(matrix.values.size());
  const auto blocks = static_cast<size_t>((matrix.rows + kBlockRows - 1) / kBlockRows);
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(blocks, threads, [&](size_t block) -> Status {
    const int64_t begin = static_cast<int64_t>(block) * kBlockRows;
    const int64_t end = std::min(begin + kBlockRows, matrix.rows);
    for (int64_t column = 0; column < matrix.columns; ++column) {
      const std::span<const float> upper = columns[static_cast<size_t>(column)].upper;
      const float* values = matrix.Column(column);
      for (int64_t row = begin; row < end; ++row) {
        binned.values[static_cast<size_t>(row * matrix.columns + column)] =
            static_cast<Bin>(BinOf(upper, values[row]));
      }
    }
    return {};
  }));
  return binned;
}

template Result<BinnedRows<uint8_t>> BinRows(const data::Matrix&, const std::vector<ColumnBins>&,
                                             int);
template Result<BinnedRows<uint16_t>> BinRows(const data::Matrix&, const std::vector<ColumnBins>&,
                                              int);

}  // namespace slipway::train
