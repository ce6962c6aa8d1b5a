#include "data/two_sample.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace slipway::data {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Evidently's for a share of 0: far below the least one, where that is small itself.
constexpr double kShareOfNone = 0.0001;

double Sum(std::span<const int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

double ChiSquareTail(double statistic, int64_t degrees) {
  if (std::isinf(statistic)) return 0;
  const boost::math::chi_squared distribution(static_cast<double>(degrees));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
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

double ShareOfNone(std::span<const int64_t> counts) {
  int64_t least = 0;
  for (const int64_t count : counts) {
    if (count > 0 && (least == 0 || count < least)) least = count;
  }
  const double share = static_cast<double>(least) / Sum(counts);
  return share <= kShareOfNone ? share / 1e6 : kShareOfNone;
}

}  // namespace

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
  const double none_of_reference = ShareOfNone(reference), none_of_current = ShareOfNone(current);
  return SumOverShares(reference, current, [&](double p, double q) {
    if (p == 0) p = none_of_reference;
    if (q == 0) q = none_of_current;
    return (q - p) * std::log(q / p);
  });
}

double StudentTail(double t, double degrees) {
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), t));
}

TestResult WelchTest(const SampleMoments& left, const SampleMoments& right) {
  if (left.count < 2 || right.count < 2) return {0, 1};
  const double a = left.variance / left.count, b = right.variance / right.count;
  const double difference = left.mean - right.mean;
  if (a + b <= 0) {
    if (difference == 0) return {0, 1};
    return {std::copysign(std::numeric_limits<double>::infinity(), difference), 0};
  }
  const double t = difference / std::sqrt(a + b);
  // Welch and Satterthwaite.
  const double degrees = (a + b) * (a + b) / (a * a / (left.count - 1) + b * b / (right.count - 1));
  return {t, 2 * StudentTail(std::abs(t), degrees)};
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
