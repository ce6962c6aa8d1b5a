// How many events in a row share their fate, measured by the runs that they come in. Pure
// functions.
#pragma once

#include <cstdint>

namespace slipway::analysis {

// Trials in the order in which their outcomes were known. Counts only grow, and add up over looks;
// a run that a look cuts through counts as what it has become since the look before.
struct EventRuns {
  int64_t trials = 0;
  int64_t events = 0;
  int64_t squares = 0;  // Of the lengths of runs of events, added up; `events` if each is alone.
};

// The mean length of a run seen from one of its events, E l^2 / E l, over that of independent
// trials of the same rate, whose runs are geometric: (1 + p) / (1 - p). It is the variance of the
// number of events over that of independent ones (a compound Poisson process's index of dispersion:
// Cox, Isham, Point Processes, 1980). From 1 to kLargestMeasured; 1 where all trials are events.
double MeasuredClusterSize(const EventRuns& runs);

// A version that fails altogether is one run. Beyond this length it is taken for that.
inline constexpr double kLargestMeasured = 10;

}  // namespace slipway::analysis
