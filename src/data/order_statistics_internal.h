// Sorting and quantiles of plain numbers.
#pragma once

#include <span>
#include <vector>

namespace slipway::data {

// Ascending; -0 becomes 0. The values must not be NaN; infinities are fine. Radix sort: about five
// times as fast as a comparison sort at 10,000 values.
void SortNumbers(std::vector<double>* values);

// Quantile of ascending values by linear interpolation between order statistics, the default of
// numpy (method 7 of Hyndman and Fan 1996). `sorted` must not be empty; `probability` in [0, 1].
double Quantile(std::span<const double> sorted, double probability);

}  // namespace slipway::data
