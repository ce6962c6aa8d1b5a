// Statistics of a table's columns.
#pragma once

#include <array>
#include <span>

#include "data/types.h"

namespace slipway::data {

// Where ColumnProfile::quantiles are taken.
inline constexpr std::array<double, 9> kQuantileProbabilities = {0,    0.01, 0.05, 0.25, 0.5,
                                                                 0.75, 0.95, 0.99, 1};
inline constexpr int kHistogramBins = 20;
inline constexpr int kTopCategories = 100;

// Profiles of all columns over `rows`, columns in parallel; each column in row order, so the result
// does not depend on the number of threads. `threads` 0 for all available cores. A column without
// values has no quantiles and no histogram, one with a single value has one bin. Infinite values
// count as present and distinct; everything else is over finite ones.
std::vector<ColumnProfile> ProfileTable(const Table& table, std::span<const int64_t> rows,
                                        int threads = 0);
// Over all rows.
std::vector<ColumnProfile> ProfileTable(const Table& table, int threads);

}  // namespace slipway::data
