#include <cmath>

#include "data/quantile_internal.h"

namespace slipway::data {

double Quantile(std::span<const double> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(position));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - std::floor(position);
  const double width = sorted[above] - sorted[below];
  // From the nearer end, as numpy does: the last value is met exactly.
  return share < 0.5 ? sorted[below] + width * share : sorted[above] - width * (1.0 - share);
}

}  // namespace slipway::data
