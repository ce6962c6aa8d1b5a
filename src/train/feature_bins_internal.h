// Columns as whole numbers: the few candidate thresholds that a histogram forest chooses among.
#pragma once

#include <span>
#include <vector>

#include "core/result.h"
#include "data/types.h"

namespace slipway::train {

// A column cut into runs of its sorted values. Equal values are never parted; where there are no
// more distinct values than bins, each has its own.
struct ColumnBins {
  std::vector<float> upper;        // The largest value of each bin, rising.
  std::vector<double> thresholds;  // Between a bin and the next: half-way from its largest value.
};

// `values` must be finite and at least one.
ColumnBins CutIntoBins(std::span<const float> values, int64_t max_bins);

struct BinnedMatrix {
  data::Matrix bins;  // The index of each value's bin, from 0.
  std::vector<ColumnBins> columns;
};

// Columns in parallel; the same on any number of threads.
Result<BinnedMatrix> BinColumns(const data::Matrix& matrix, int64_t max_bins, int threads);

}  // namespace slipway::train
