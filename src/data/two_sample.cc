#include "data/two_sample.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "data/kolmogorov_internal.h"

namespace slipway::data {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Beyond this many rows the exact test costs more than it tells.
constexpr size_t kMostForExact = 10'000;
// Evidently's: a deviation below this, and a share of 0.
constexpr double kLeastDeviation = 0.001;
constexpr double kShareOfNone = 0.0001;

// Calls visit(value, next value, rows of left ≤ value, rows of right ≤ value) for each distinct
// value of both but the last.
template <typename Visit>
void ForEachGap(std::span<const double> left, std::span<const double> right, const Visit& visit) {
  size_t i = 0, j = 0;
  while (true) {
    const double value =
        j == right.size() || (i < left.size() && left[i] < right[j]) ? left[i] : right[j];
    while (i < left.size() && left[i] == value) ++i;
    while (j < right.size() && right[j] == value) ++j;
    if (i == left.size() && j == right.size()) return;
    const double next =
        j == right.size() || (i < left.size() && left[i] < right[j]) ? left[i] : right[j];
    visit(value, next, i, j);
  }
}

double Share(size_t part, size_t all) {
  return static_cast<double>(part) / static_cast<double>(all);
}

double Sum(std::span<const int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

double ChiSquareTail(double statistic, int64_t degrees) {
  if (std::isinf(statistic)) return 0;
  const boost::math::chi_squared distribution(static_cast<double>(degrees));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
}

// Population standard deviation, with Evidently's floor.
double DeviationOf(std::span<const double> values) {
  const auto rows = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / rows;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::max(std::sqrt(squares / rows), kLeastDeviation);
}

// Adds up term(share of left, share of right) over the categories.
template <typename Term>
double SumOverShares(std::span<const int64_t> left, std::span<const int64_t> right,
                     const Term& term) {
  const double left_total = Sum(left), right_total = Sum(right);
  if (left_total <= 0 || right_total <= 0) return kNaN;
  double sum = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    sum += term(static_cast<double>(left[i]) / left_total,
                static_cast<double>(right[i]) / right_total);
  }
  return sum;
}

}  // namespace

TestResult KolmogorovSmirnov(std::span<const double> left, std::span<const double> right) {
  const auto n = static_cast<double>(left.size()), m = static_cast<double>(right.size());
  // In units of 1/(n·m), which are whole: equal distances must not differ by rounding.
  double distance = 0;
  ForEachGap(left, right, [&](double, double, size_t i, size_t j) {
    const double apart = static_cast<double>(i) * m - static_cast<double>(j) * n;
    distance = std::max(distance, std::abs(apart));
  });
  TestResult result;
  result.statistic = distance / (n * m);
  result.p_value = std::max(left.size(), right.size()) <= kMostForExact
                       ? ExactTwoSampleTail(static_cast<int64_t>(left.size()),
                                            static_cast<int64_t>(right.size()), distance)
                       : KolmogorovTail(std::llrint(n * m / (n + m)), result.statistic);
  return result;
}

TestResult ChiSquareTwoWay(std::span<const int64_t> left, std::span<const int64_t> right) {
  const double left_total = Sum(left), right_total = Sum(right);
  int64_t categories = 0;
  for (size_t i = 0; i < left.size(); ++i) categories += left[i] + right[i] > 0 ? 1 : 0;
  if (categories < 2 || left_total <= 0 || right_total <= 0) return {0, 1};
  double statistic = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const auto both = static_cast<double>(left[i] + right[i]);
    if (both == 0) continue;
    for (const auto& [count, total] : {std::pair{left[i], left_total}, {right[i], right_total}}) {
      const double expected = both * total / (left_total + right_total);
      double off = std::abs(static_cast<double>(count) - expected);
      // Yates (1934), as far as there is a difference to correct.
      if (categories == 2) off -= std::min(0.5, off);
      statistic += off * off / expected;
    }
  }
  return {statistic, ChiSquareTail(statistic, categories - 1)};
}

TestResult ChiSquareOneWay(std::span<const int64_t> reference, std::span<const int64_t> observed) {
  const double scale = Sum(observed) / Sum(reference);
  int64_t categories = 0;
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] + observed[i] == 0) continue;
    ++categories;
    const double expected = static_cast<double>(reference[i]) * scale;
    const double off = static_cast<double>(observed[i]) - expected;
    statistic += expected > 0 ? off * off / expected : std::numeric_limits<double>::infinity();
  }
  if (categories < 2 || !(scale > 0) || std::isinf(scale)) return {0, 1};
  return {statistic, ChiSquareTail(statistic, categories - 1)};
}

double Wasserstein(std::span<const double> left, std::span<const double> right) {
  double distance = 0;
  ForEachGap(left, right, [&](double value, double next, size_t i, size_t j) {
    distance += std::abs(Share(i, left.size()) - Share(j, right.size())) * (next - value);
  });
  return distance;
}

double NormedWasserstein(std::span<const double> reference, std::span<const double> current) {
  return Wasserstein(reference, current) / DeviationOf(reference);
}

double NoiseOfWasserstein(std::span<const double> reference, std::span<const double> current) {
  const auto n = static_cast<double>(reference.size()), m = static_cast<double>(current.size());
  double integral = 0;
  ForEachGap(reference, current, [&](double value, double next, size_t i, size_t j) {
    const double below = static_cast<double>(i + j) / (n + m);
    integral += std::sqrt(below * (1 - below)) * (next - value);
  });
  return std::sqrt(2 / std::numbers::pi * (1 / n + 1 / m)) * integral / DeviationOf(reference);
}

double JensenShannon(std::span<const int64_t> left, std::span<const int64_t> right) {
  const auto entropy = [](double share, double mean) {
    return share > 0 ? share * std::log(share / mean) : 0;
  };
  const double divergence = SumOverShares(left, right, [&](double p, double q) {
    const double mean = (p + q) / 2;
    return (entropy(p, mean) + entropy(q, mean)) / 2;
  });
  return std::isnan(divergence) ? divergence : std::sqrt(std::max(divergence, 0.0));
}

double Hellinger(std::span<const int64_t> left, std::span<const int64_t> right) {
  return std::sqrt(SumOverShares(left, right, [](double p, double q) {
    const double apart = std::sqrt(p) - std::sqrt(q);
    return apart * apart / 2;
  }));
}

double PopulationStability(std::span<const int64_t> reference, std::span<const int64_t> current) {
  return SumOverShares(reference, current, [](double p, double q) {
    if (p == 0) p = kShareOfNone;
    if (q == 0) q = kShareOfNone;
    return (q - p) * std::log(q / p);
  });
}

std::vector<double> FalseDiscoveryAdjusted(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::ranges::greater{}, [&](size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  double least = 1;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto rank = static_cast<double>(order.size() - i);
    least = std::min(least, p_values[order[i]] * static_cast<double>(order.size()) / rank);
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace slipway::data
