// The e-process that the tests of this folder are made of: two Bernoulli streams against "the
// canary's rate is above the stable one's by no more than a margin". The reader wants
// rate_comparison.h; the proof is in rate_pair_internal.h.
#pragma once

#include <array>
#include <cstddef>

#include "analysis/types.h"

namespace slipway::analysis {

// Rates of the two streams, each strictly between 0 and 1.
struct RatePair {
  double stable = 0;
  double canary = 0;
};

// An e-process against "canary - stable ≤ margin": half of it bets on what earlier looks showed,
// half on fixed lifts over the stable rate, so that a canary that fails outright is known at the
// first look. Both choices are made before the batch is seen, so each part is an e-process, and so
// is their mean. For 0 ≤ margin < 1. A value.
//
// Good looks cost a bet nearly all that it holds, which has to be won back where harm begins late.
// So a share c of the money is kept back at first, and goes to the bets b little by little:
//   look t: w = c(t-1) - c(t), b(t) = (b(t-1) + w) e(t), where w follows from the batch's size
//   alone
// and e(t) is its e-value. As E e(t) ≤ 1 given what came before, E b(t) + c(t) ≤ b(t-1) + c(t-1):
// the sum, 1 at first, is an e-process. It is a mixture over the look at which one begins to bet, w
// being that look's weight (Ville, as in evidence.h). With half kept back, harm from the first look
// on costs log 2 more evidence at most; harm that begins behind n of the canary's trials, and that
// takes m to be found, some log(2 (n + kHorizon)^2 / (m kHorizon)), whatever was lost before.
class MarginProcess {
 public:
  static constexpr size_t kLifts = 8;
  static constexpr size_t kParts = kLifts + 1;
  static constexpr double kHalf = 0.5;
  // Of half the money as much again is kept behind so many trials of the canary, by clusters.
  static constexpr double kHorizon = 1000;

  // `kept` is the share that is kept back at first, at most kHalf.
  explicit MarginProcess(double kept = 0);

  // Takes a batch. `expected` is the alternative by earlier looks. `cluster_size` trials in a row
  // may depend on each other in any way (see RateOptions).
  void Add(RatePair expected, const RateCounts& batch, double margin, double cluster_size);
  // The same where the stable rate is not sampled but known: only the canary's
  // counts are looked at. margin > 0.
  void AddAgainstKnown(RatePair expected, const RateCounts& batch, double margin,
                       double cluster_size);

  double LogE() const;

  // What the parts hold, as logs: the plug-in first, then the lifts from small to large.
  const std::array<double, kParts>& parts() const { return parts_; }
  double kept() const { return kept_; }
  // As it was, from what was stored; 0 ≤ kept ≤ kHalf.
  static MarginProcess Of(const std::array<double, kParts>& parts, double kept);

 private:
  // Before a batch of so many trials of the canary.
  void Stake(double trials);

  std::array<double, kParts> parts_{};
  double kept_ = 0;
};

}  // namespace slipway::analysis
