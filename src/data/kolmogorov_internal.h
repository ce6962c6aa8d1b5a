// Tails of the Kolmogorov-Smirnov statistics.
#pragma once

#include <cstdint>

namespace slipway::data {

// P(D ≥ distance) for two samples of n and m rows from one continuous distribution, `distance` in
// units of 1/(n·m); exact, in time n·m × distance.
double ExactTwoSampleTail(int64_t n, int64_t m, double distance);

}  // namespace slipway::data
