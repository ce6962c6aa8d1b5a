// A fixed limit on what the splitter counts of requests, and whether it is exceeded beyond chance.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/counts.h"

namespace slipway::deploy {

struct EventCounts {
  int64_t trials = 0;
  int64_t events = 0;
  double cluster_size = 1;  // How many may share their fate, as measured; 1 where it is not.
  double rate() const {
    return trials == 0 ? 0 : static_cast<double>(events) / static_cast<double>(trials);
  }
};

// The errors that "error_rate" or "client_error_rate" is the rate of.
EventCounts EventsOf(const std::string& metric, const SetCounts& counts);

// The share that "latency_p95" names; 0 of a metric that is none.
double QuantileOf(const std::string& metric);

// A rate or a quantile of latencies, which are all that there is a limit on.
bool IsRequestMetric(const std::string& metric);

// As counted: a rate, or milliseconds; 0 of none.
double ValueOf(const std::string& metric, const SetCounts& counts);

// Whether the true value is above the limit, but for a chance of alpha over all sizes that the
// counts have had since they began: analysis/confidence.h.
bool RateExceeds(const EventCounts& events, double limit, double alpha);
bool LatencyExceeds(const std::vector<int64_t>& latencies, double quantile, double limit_ms,
                    double alpha, double cluster_size = 1);
bool Exceeds(const std::string& metric, const SetCounts& counts, double limit, double alpha);

}  // namespace slipway::deploy
