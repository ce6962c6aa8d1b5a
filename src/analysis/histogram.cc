#include <fmt/format.h>

#include <limits>
#include <numeric>
#include <utility>

#include "analysis/histogram_internal.h"

namespace slipway::analysis {

Status AddHistogram(std::span<const int64_t> counts, std::vector<int64_t>& totals) {
  if (counts.size() != totals.size()) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} counts", counts.size()))
        .Expected(fmt::format("{}, as at the looks before", totals.size()));
  }
  // The sum of all counts of both versions must fit, too.
  int64_t room = std::numeric_limits<int64_t>::max() / 4;
  for (size_t i = 0; i < counts.size(); ++i) {
    const bool fits = counts[i] >= 0 && counts[i] <= room && totals[i] <= room - counts[i];
    if (!fits) {
      return Error(ErrorCode::kInvalidInput, fmt::format("a count of {}", counts[i]))
          .Expected("counts that are not negative and whose sum fits 64 bits");
    }
    room -= totals[i] + counts[i];
  }
  for (size_t i = 0; i < counts.size(); ++i) totals[i] += counts[i];
  return {};
}

int64_t Total(std::span<const int64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

int64_t TotalAfter(std::span<const int64_t> counts, size_t bucket) {
  return Total(counts.subspan(bucket + 1));
}

}  // namespace slipway::analysis
