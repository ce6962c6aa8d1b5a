// How whole groups are dealt out: only for split*.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

// The bin of each of `rows`, such that rows of one group share a bin and bins come near their
// `shares` of each class. `groups` and `classes` are by row of the table. Bins without a share stay
// empty.
std::vector<int> DealGroups(std::span<const int64_t> rows, std::span<const int32_t> groups,
                            std::span<const int32_t> classes, int class_count,
                            std::span<const double> shares, uint64_t seed);

}  // namespace slipway::data
