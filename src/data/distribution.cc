#include "data/distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "data/kolmogorov_internal.h"

namespace slipway::data {
namespace {

// Beyond this many rows the exact test costs more than it tells.
constexpr int64_t kMostForExact = 10'000;
// Evidently's: a deviation below this.
constexpr double kLeastDeviation = 0.001;

// Calls visit(value, next value, rows of left ≤ value, rows of right ≤ value) for each distinct
// value of both but the last.
template <typename Visit>
void ForEachGap(const Distribution& left, const Distribution& right, const Visit& visit) {
  const size_t left_size = left.values.size(), right_size = right.values.size();
  size_t i = 0, j = 0;
  const auto next_value = [&] {
    return j == right_size || (i < left_size && left.values[i] < right.values[j]) ? left.values[i]
                                                                                  : right.values[j];
  };
  while (i < left_size || j < right_size) {
    const double value = next_value();
    i += i < left_size && left.values[i] == value ? 1 : 0;
    j += j < right_size && right.values[j] == value ? 1 : 0;
    if (i == left_size && j == right_size) return;
    visit(value, next_value(), static_cast<double>(i == 0 ? 0 : left.at_or_below[i - 1]),
          static_cast<double>(j == 0 ? 0 : right.at_or_below[j - 1]));
  }
}

std::vector<int64_t> CountsIn(const Distribution& distribution, double low, double high,
                              size_t bins) {
  std::vector<int64_t> counts;
  const double width = (high - low) / static_cast<double>(bins);
  int64_t before = 0;
  for (size_t bin = 1; bin <= bins; ++bin) {
    const auto end = bin == bins ? distribution.values.end()
                                 : std::ranges::lower_bound(distribution.values,
                                                            low + static_cast<double>(bin) * width);
    const auto index = static_cast<size_t>(end - distribution.values.begin());
    const int64_t upto = index == 0 ? 0 : distribution.at_or_below[index - 1];
    counts.push_back(upto - before);
    before = upto;
  }
  return counts;
}

}  // namespace

Distribution DistributionOf(std::span<const double> ascending) {
  Distribution distribution;
  const auto rows = static_cast<double>(ascending.size());
  distribution.mean = std::accumulate(ascending.begin(), ascending.end(), 0.0) / rows;
  double squares = 0;
  for (size_t i = 0; i < ascending.size(); ++i) {
    const double value = ascending[i];
    squares += (value - distribution.mean) * (value - distribution.mean);
    if (i == 0 || value != ascending[i - 1]) {
      distribution.values.push_back(value);
      distribution.at_or_below.push_back(0);
    }
    distribution.at_or_below.back() = static_cast<int64_t>(i) + 1;
  }
  distribution.deviation = std::sqrt(squares / rows);
  return distribution;
}

Distribution DistributionOf(const ColumnProfile& profile) {
  const QuantileSketch& sketch = profile.sketches->values;
  QuantileSketch::WeightedValues sorted = sketch.Sorted();
  Distribution distribution;
  distribution.values = std::move(sorted.values);
  distribution.at_or_below = std::move(sorted.weights);
  std::partial_sum(distribution.at_or_below.begin(), distribution.at_or_below.end(),
                   distribution.at_or_below.begin());
  distribution.mean = profile.mean;
  distribution.deviation =
      std::sqrt(profile.m2 / static_cast<double>(std::max<int64_t>(1, distribution.count())));
  // A stored sketch is thinner than the one that the quantiles came from.
  distribution.rank_error = sketch.rank_error();
  return distribution;
}

NumberDistances Compare(const Distribution& reference, const Distribution& current) {
  const auto n = static_cast<double>(reference.count()), m = static_cast<double>(current.count());
  const double deviation = std::max(reference.deviation, kLeastDeviation);
  NumberDistances distances;
  double apart = 0, spread = 0;
  ForEachGap(reference, current, [&](double value, double next, double i, double j) {
    const double distance = std::abs(i * m - j * n);
    distances.largest = std::max(distances.largest, distance);
    apart += distance * (next - value);
    const double below = i + j;
    spread += std::sqrt(below * (n + m - below)) * (next - value);
  });
  spread /= n + m;
  distances.normed_wasserstein = apart / (n * m) / deviation;
  distances.wasserstein_noise =
      std::sqrt(2 / std::numbers::pi * (1 / n + 1 / m)) * spread / deviation;
  return distances;
}

TestResult KolmogorovSmirnov(const Distribution& reference, const Distribution& current,
                             const NumberDistances& distances) {
  const auto n = static_cast<double>(reference.count()), m = static_cast<double>(current.count());
  const double unknown = reference.rank_error + current.rank_error;
  TestResult result;
  result.statistic = distances.largest / (n * m);
  if (unknown > 0) {
    result.p_value =
        KolmogorovTail(std::llrint(n * m / (n + m)), std::max(result.statistic - unknown, 0.0));
  } else if (std::max(reference.count(), current.count()) <= kMostForExact) {
    result.p_value = ExactTwoSampleTail(reference.count(), current.count(), distances.largest);
  } else {
    result.p_value = KolmogorovTail(std::llrint(n * m / (n + m)), result.statistic);
  }
  return result;
}

CountPair SturgesCounts(const Distribution& reference, const Distribution& current, double size,
                        bool whole_numbers) {
  const double low = std::min(reference.values.front(), current.values.front());
  const double high = std::max(reference.values.back(), current.values.back());
  size_t bins = 1;
  if (low < high) {
    double width = (high - low) / (std::log2(size) + 1);
    if (whole_numbers) width = std::max(width, 1.0);
    bins = static_cast<size_t>(std::ceil((high - low) / width));
  }
  return {CountsIn(reference, low, high, bins), CountsIn(current, low, high, bins)};
}

CountPair CountsByValue(const Distribution& reference, const Distribution& current) {
  CountPair counts;
  int64_t before = 0, after = 0;
  const auto add = [&](double left, double right) {
    counts.first.push_back(static_cast<int64_t>(left) - before);
    counts.second.push_back(static_cast<int64_t>(right) - after);
    before = static_cast<int64_t>(left);
    after = static_cast<int64_t>(right);
  };
  ForEachGap(reference, current, [&](double, double, double i, double j) { add(i, j); });
  add(static_cast<double>(reference.count()), static_cast<double>(current.count()));
  return counts;
}

}  // namespace slipway::data
