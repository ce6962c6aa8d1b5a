// Intervals that hold at all sizes of the sample at once: the chance that the true value is ever
// outside is at most alpha, however often one looks. Pure functions of what was counted since the
// start of the sequence; they may be asked in any order.
//
// Trials are independent of each other but for clusters, and of one rate (or one distribution),
// which is the condition that fails first in practice: for two versions side by side,
// difference_bounds.h does without it.
#pragma once

#include <cstdint>
#include <span>

#include "analysis/types.h"

namespace slipway::analysis {

// How an interval is made: its chance to ever miss, and the number of trials at which it is to be
// narrowest (it is valid at all others).
struct Confidence {
  double alpha = 0.05;           // Between 0 and 1.
  double planned_trials = 1000;  // More than 0.
  // How many trials in a row may share their fate (see RateOptions); at least 1.
  double cluster_size = 1;
};

// For the rate of Bernoulli trials: the two-sided beta-binomial mixture, inverted (Howard, Ramdas,
// McAuliffe, Sekhon: Time-uniform, nonparametric, nonasymptotic confidence sequences, arXiv
// 1810.08240; `bernoulli_confidence_interval` of confseq). [0, 1] without trials.
// 0 ≤ events ≤ trials.
Interval RateInterval(int64_t events, int64_t trials, const Confidence& confidence);

// The shares of a sample of `trials` that may lie at or below the `quantile` of its distribution,
// 0 < quantile < 1: the same mixture around a known rate (Howard, Ramdas: Sequential estimation of
// quantiles with applications to A/B testing and best-arm identification, arXiv 1906.09712, for one
// quantile; `beta_binomial_mixture_bound` of confseq).
Interval QuantileShares(double quantile, int64_t trials, const Confidence& confidence);

// For one quantile of what a histogram counts: `bounds` ascend, and counts[i] counts what lies
// between bounds[i - 1] and bounds[i]; the last count has no upper bound, the first no lower one.
// The interval's ends are bounds, rounded outwards; an end beyond them is 0 (of latencies) or
// infinite. counts.size() = bounds.size() + 1.
Interval QuantileInterval(std::span<const double> bounds, std::span<const int64_t> counts,
                          double quantile, const Confidence& confidence);

// How far an empirical distribution function ever lies from the true one, at all points and all
// sizes from `first_trials` on (arXiv 1906.09712, theorem 2, with A = 0.85;
// `empirical_process_lil_bound` of confseq). Infinite for fewer trials.
double DistributionRadius(int64_t trials, double alpha, int64_t first_trials);

}  // namespace slipway::analysis
