// Sorting of plain numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slipway {

// Ascending; -0 becomes 0. The values must not be NaN; infinities are fine. Radix sort: about five
// times as fast as a comparison sort at 10,000 values.
void SortNumbers(std::vector<double>* values);

// The places of the values from the smallest to the largest, equal ones in their order; -0 equals
// 0. The values must not be NaN, and fewer than 2³². Radix sort.
std::vector<uint32_t> OrderOf(std::span<const float> values);

}  // namespace slipway
