// Which categories to bet on, by what earlier looks showed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/margin_process.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

// A flag a category.
using CategorySet = std::vector<bool>;

// The posterior mean of each category's share under a prior that counts for two trials.
std::vector<double> ExpectedShares(std::span<const int64_t> counts);
// The counts' shares; all 0 without any.
std::vector<double> ObservedShares(std::span<const int64_t> counts);

// The categories whose share is larger in `canary`.
CategorySet LargerIn(std::span<const double> canary, std::span<const double> stable);
// The buckets from one on, or up to one, whose share is larger in `canary` by the most.
CategorySet LargerTail(std::span<const double> canary, std::span<const double> stable);

double ShareOf(const CategorySet& set, std::span<const double> shares);
int64_t CountOf(const CategorySet& set, std::span<const int64_t> counts);

// Half of the sum of all differences.
double TotalVariation(std::span<const double> a, std::span<const double> b);

}  // namespace slipway::analysis
