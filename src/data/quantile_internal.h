// Quantiles of plain numbers.
#pragma once

#include <span>

namespace slipway::data {

// Quantile of ascending values by linear interpolation between order statistics, the default of
// numpy (method 7 of Hyndman and Fan 1996). `sorted` must not be empty; `probability` in [0, 1].
double Quantile(std::span<const double> sorted, double probability);

}  // namespace slipway::data
