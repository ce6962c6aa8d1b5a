// The likelihood ratio of a batch of two Bernoulli streams against a difference of their rates.
//
// Why its expectation is at most 1 under "canary - stable ≤ margin" (Turner, Ly, Gruenwald: Generic
// E-variables for exact sequential k-sample tests that allow for optional stopping, arXiv
// 2106.02693; Turner, Gruenwald: Exact anytime-valid confidence intervals for
// contingency tables and beyond, 2023, for nulls that are convex sets of pairs of rates): let
// q = (q_s, q_c) be the alternative and r the pair of the null that minimises
// F(r) = n_s KL(q_s | r_s) + n_c KL(q_c | r_c). Under rates p the expectation of one trial's ratio
// is f_s(p_s) = 1 + (p_s - r_s)(q_s - r_s) / (r_s (1 - r_s)), linear in p_s, and likewise f_c. The
// batch's expectation is the product of n = n_s + n_c such factors, at most the n-th power of their
// mean, and that mean is 1 - <grad F(r), p - r> / n. As the null is convex and r its minimiser, the
// inner product is not negative. Nothing asks the trials of a batch to have one rate: by the same
// step only the mean rates of the batch have to lie in the null.
#pragma once

#include <cstdint>

#include "analysis/margin_process.h"
#include "analysis/types.h"
#include "core/result.h"

namespace slipway::analysis {

// The reverse information projection: the pair with canary - stable = margin that is nearest to
// `alternative` for batches of these sizes. For -1 < margin < 1, positive sizes and an alternative
// outside the null.
RatePair ProjectOnMargin(RatePair alternative, double stable_trials, double canary_trials,
                         double margin);

// log of the likelihood of one stream's counts under the rate `alternative` over that under `null`;
// both rates strictly between 0 and 1.
double LogLikelihoodRatio(double alternative, double null, int64_t events, int64_t trials);

// The log e-value of one batch; 0 where the alternative lies in the null or a stream is empty.
double LogBatchE(RatePair alternative, const RateCounts& counts, double margin);

// The rate that earlier looks let expect: the mean of a Beta posterior.
double ExpectedRate(int64_t events, int64_t trials, double prior_rate, double prior_trials);
RatePair ExpectedRates(const RateCounts& counts, double prior_rate, double prior_trials);

// True where 0 ≤ events ≤ trials in both streams.
bool AreCounts(const RateCounts& counts);

// Adds up. kInvalidInput, and nothing added, unless AreCounts and the sums fit.
Status AddBatch(const RateCounts& batch, RateCounts& totals);

}  // namespace slipway::analysis
