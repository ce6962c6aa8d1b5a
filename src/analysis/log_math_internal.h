// Sums and gamma functions in the log domain, where likelihoods of millions of trials still fit.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace slipway::analysis {

// std::lgamma writes the global `signgam`, which is a data race between threads.
inline double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

// log(exp(a) + exp(b)).
inline double LogAddExp(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
}

// log of the mean of exp(x).
inline double LogMeanExp(std::span<const double> logs) {
  const double largest = *std::ranges::max_element(logs);
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - largest);
  return largest + std::log(sum / static_cast<double>(logs.size()));
}

}  // namespace slipway::analysis
