// Plain data of the tests by which two versions are compared while both serve.
//
// "Stable" is the version that serves already, "canary" the one that is to take over. A trial is
// whatever is counted, mostly a request; an event is what may happen in one, mostly an error.
#pragma once

#include <cstdint>

namespace slipway::analysis {

// What was counted since the last look, or altogether.
struct RateCounts {
  int64_t stable_trials = 0;
  int64_t stable_events = 0;
  int64_t canary_trials = 0;
  int64_t canary_events = 0;

  friend bool operator==(const RateCounts&, const RateCounts&) = default;
};

// A closed interval; `lower` ≤ `upper`.
struct Interval {
  double lower = 0;
  double upper = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

}  // namespace slipway::analysis
