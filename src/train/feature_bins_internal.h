// Columns as small whole numbers: the few candidate thresholds that a histogram forest chooses
// among.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "data/types.h"

namespace slipway::train {

// A column cut into runs of its sorted values. Equal values are never parted; where there are no
// more distinct values than bins, each has its own.
struct ColumnBins {
  std::vector<float> lower;  // The smallest value of each bin, rising.
  std::vector<float> upper;  // The largest.

  // Half-way between the values of two bins; for whatever lies in these bins or outside the gap,
  // being at most this is the same as being in bin `left` or below.
  double Threshold(size_t left, size_t right) const {
    const double below = upper[left];
    return below + (static_cast<double>(lower[right]) - below) / 2;
  }
};

// `values` must be finite and at least one.
ColumnBins CutIntoBins(std::span<const float> values, int64_t max_bins);

// Columns in parallel; the same on any number of threads. At most 65,536 bins a column.
Result<std::vector<ColumnBins>> CutColumns(const data::Matrix& matrix, int64_t max_bins,
                                           int threads);

// The bin of each value, row after row: a node looks at a few columns of scattered rows, so that a
// row's columns should lie together.
template <typename Bin>
struct BinnedRows {
  int64_t columns = 0;
  std::vector<Bin> values;  // rows × columns.

  const Bin* Row(size_t row) const { return values.data() + row * static_cast<size_t>(columns); }
};

template <typename Bin>
Result<BinnedRows<Bin>> BinRows(const data::Matrix& matrix, const std::vector<ColumnBins>& columns,
                                int threads);

}  // namespace slipway::train
