#include <algorithm>
#include <cmath>

#include "analysis/category_set_internal.h"
#include "analysis/histogram_internal.h"

namespace slipway::analysis {

std::vector<double> ExpectedShares(std::span<const int64_t> counts) {
  constexpr double kPriorTrials = 2;
  const double trials = static_cast<double>(Total(counts)) + kPriorTrials;
  const double prior = kPriorTrials / static_cast<double>(counts.size());
  std::vector<double> shares;
  shares.reserve(counts.size());
  for (const int64_t count : counts) {
    shares.push_back((static_cast<double>(count) + prior) / trials);
  }
  return shares;
}

std::vector<double> ObservedShares(std::span<const int64_t> counts) {
  const double trials = std::max(1.0, static_cast<double>(Total(counts)));
  std::vector<double> shares;
  shares.reserve(counts.size());
  for (const int64_t count : counts) shares.push_back(static_cast<double>(count) / trials);
  return shares;
}

CategorySet LargerIn(std::span<const double> canary, std::span<const double> stable) {
  CategorySet set(canary.size());
  for (size_t i = 0; i < canary.size(); ++i) set[i] = canary[i] > stable[i];
  return set;
}

CategorySet LargerTail(std::span<const double> canary, std::span<const double> stable) {
  size_t cut = 0;
  double largest = 0;
  double sum = 0;
  for (size_t i = 0; i + 1 < canary.size(); ++i) {
    sum += canary[i] - stable[i];
    if (std::fabs(sum) > std::fabs(largest)) {
      largest = sum;
      cut = i + 1;
    }
  }
  CategorySet set(canary.size());
  for (size_t i = 0; i < set.size(); ++i) set[i] = (i < cut) == (largest > 0);
  return set;
}

double ShareOf(const CategorySet& set, std::span<const double> shares) {
  double sum = 0;
  for (size_t i = 0; i < set.size(); ++i) sum += set[i] ? shares[i] : 0;
  return sum;
}

int64_t CountOf(const CategorySet& set, std::span<const int64_t> counts) {
  int64_t sum = 0;
  for (size_t i = 0; i < set.size(); ++i) sum += set[i] ? counts[i] : 0;
  return sum;
}

double TotalVariation(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::fabs(a[i] - b[i]);
  return sum / 2;
}

}  // namespace slipway::analysis
