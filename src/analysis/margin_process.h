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
class MarginProcess {
 public:
  static constexpr size_t kLifts = 8;
  static constexpr size_t kParts = kLifts + 1;

  // Takes a batch. `expected` is the alternative by earlier looks. `cluster_size` trials in a row
  // may depend on each other in any way (see RateOptions).
  void Add(RatePair expected, const RateCounts& batch, double margin, double cluster_size);
  // The same where the stable rate is not sampled but known: only the canary's
  // counts are looked at. margin > 0.
  void AddAgainstKnown(RatePair expected, const RateCounts& batch, double margin,
                       double cluster_size);

  double LogE() const;

  // The parts' log e-values, to be kept: the plug-in first, then the lifts from small to large.
  const std::array<double, kParts>& parts() const { return parts_; }
  void set_parts(const std::array<double, kParts>& parts) { parts_ = parts; }

 private:
  std::array<double, kParts> parts_{};
};

}  // namespace slipway::analysis
