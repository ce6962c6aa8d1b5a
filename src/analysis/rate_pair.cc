#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/rate_pair_internal.h"

namespace slipway::analysis {
namespace {

// So many trials that the prior is lost in rounding must not make a rate 0 or 1.
constexpr double kLowestRate = 1e-12;

// A sum that rounds to 0 or 1 stays inside.
double Open(double rate) {
  constexpr double kUlp = std::numeric_limits<double>::epsilon();
  return std::clamp(rate, std::numeric_limits<double>::min(), 1 - kUlp);
}

// (rate - mean) / (variance at rate): the derivative of the divergence by `rate`.
double Slope(double rate, double mean) { return (rate - mean) / (rate * (1 - rate)); }

// Twice the sum must fit too: both streams' are added elsewhere.
bool Fits(int64_t a, int64_t b, int64_t& sum) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 2;
  if (a > kMost || b > kMost) return false;
  sum = a + b;
  return sum <= kMost;
}

}  // namespace

RatePair ProjectOnMargin(RatePair alternative, double stable_trials, double canary_trials,
                         double margin) {
  // The stable rate of the projection lies between the alternative's and the one at which the
  // canary's would be the alternative's; there the derivative of a convex function changes sign.
  double low = std::max(alternative.stable, -margin);
  double high = std::min(alternative.canary - margin, 1.0);
  double middle = std::midpoint(low, high);
  while (low < middle && middle < high) {
    const double slope = stable_trials * Slope(middle, alternative.stable) +
                         canary_trials * Slope(middle + margin, alternative.canary);
    (slope < 0 ? low : high) = middle;
    middle = std::midpoint(low, high);
  }
  return {Open(middle), Open(middle + margin)};
}

double LogLikelihoodRatio(double alternative, double null, int64_t events, int64_t trials) {
  const auto hits = static_cast<double>(events);
  const auto misses = static_cast<double>(trials - events);
  return hits * std::log(alternative / null) + misses * std::log((1 - alternative) / (1 - null));
}

double LogBatchE(RatePair alternative, const RateCounts& counts, double margin) {
  const bool empty = counts.stable_trials == 0 || counts.canary_trials == 0;
  if (empty || alternative.canary - alternative.stable <= margin) return 0;
  const RatePair null = ProjectOnMargin(alternative, static_cast<double>(counts.stable_trials),
                                        static_cast<double>(counts.canary_trials), margin);
  return LogLikelihoodRatio(alternative.stable, null.stable, counts.stable_events,
                            counts.stable_trials) +
         LogLikelihoodRatio(alternative.canary, null.canary, counts.canary_events,
                            counts.canary_trials);
}

double ExpectedRate(int64_t events, int64_t trials, double prior_rate, double prior_trials) {
  const double rate = (static_cast<double>(events) + prior_rate * prior_trials) /
                      (static_cast<double>(trials) + prior_trials);
  return std::clamp(rate, kLowestRate, 1 - kLowestRate);
}

RatePair ExpectedRates(const RateCounts& counts, double prior_rate, double prior_trials) {
  return {ExpectedRate(counts.stable_events, counts.stable_trials, prior_rate, prior_trials),
          ExpectedRate(counts.canary_events, counts.canary_trials, prior_rate, prior_trials)};
}

bool AreCounts(const RateCounts& counts) {
  return counts.stable_events >= 0 && counts.stable_events <= counts.stable_trials &&
         counts.canary_events >= 0 && counts.canary_events <= counts.canary_trials;
}

Status AddBatch(const RateCounts& batch, RateCounts& totals) {
  RateCounts sums;
  if (AreCounts(batch) && Fits(totals.stable_trials, batch.stable_trials, sums.stable_trials) &&
      Fits(totals.stable_events, batch.stable_events, sums.stable_events) &&
      Fits(totals.canary_trials, batch.canary_trials, sums.canary_trials) &&
      Fits(totals.canary_events, batch.canary_events, sums.canary_events)) {
    totals = sums;
    return {};
  }
  return Error(
             ErrorCode::kInvalidInput,
             fmt::format("{} events of {} trials (stable), {} of {} (canary)", batch.stable_events,
                         batch.stable_trials, batch.canary_events, batch.canary_trials))
      .Expected("0 ≤ events ≤ trials");
}

}  // namespace slipway::analysis
