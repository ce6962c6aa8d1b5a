// Counts by category or bucket.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"

namespace slipway::analysis {

// Adds `counts` to `totals`. kInvalidInput, and nothing added, unless there are as many, none is
// negative and all sums fit.
Status AddHistogram(std::span<const int64_t> counts, std::vector<int64_t>& totals);

// How many are counted.
int64_t Total(std::span<const int64_t> counts);
// How many lie in the buckets after `bucket`.
int64_t TotalAfter(std::span<const int64_t> counts, size_t bucket);

}  // namespace slipway::analysis
