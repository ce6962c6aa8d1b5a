// How many events in a row share their fate, measured by the runs that they come in. Pure
// functions.
#pragma once

#include <cstdint>

#include "core/event_run.h"

namespace slipway::analysis {

// Trials in the order in which their outcomes were known. Counts only grow, and add up over looks;
// a run that a look cuts through counts as what it has become since the look before.
struct EventRuns {
  int64_t trials = 0;
  int64_t events = 0;
  int64_t squares = 0;  // Of the lengths of EventRun's runs, added up; `events` if each is alone.
};

// The mean length of a run seen from one of its events, E l^2 / E l, over that of independent
// trials of the same rate p, whose runs are geometric: (1 + q) / (1 - q), where a run goes on with
// the chance q = 1 - (1 - p)^(kGap + 1). It is the variance of the number of events over that of
// independent ones (a compound Poisson process's index of dispersion: Cox, Isham, Point Processes,
// 1980). From 1 to kLargestMeasured; 1 where all trials are events.
double MeasuredClusterSize(const EventRuns& runs);

// A version that fails altogether is one endless run, and has to be found out as well: each cluster
// that is one too many in the hypothesis makes that as many times slower. At 7, of good canaries
// whose errors come in twenties 1 to 4 % are rolled back; at 5 it is 2 to 5 %, at 10 at most 1 %,
// and where a canary answers 5 requests a second its outage is found after 10, 9 and 13 seconds.
inline constexpr double kLargestMeasured = 7;

}  // namespace slipway::analysis
