#include "deploy/threshold.h"

#include <algorithm>

#include "analysis/confidence.h"
#include "analysis/event_runs.h"

namespace slipway::deploy {

EventCounts EventsOf(const std::string& metric, const SetCounts& counts) {
  if (metric != "error_rate") return {counts.requests, counts.client_errors};
  return {counts.requests, counts.errors,
          analysis::MeasuredClusterSize(
              {counts.requests, counts.errors, std::max(counts.errors, counts.error_run_squares)})};
}

double QuantileOf(const std::string& metric) {
  if (metric == "latency_p50") return 0.50;
  if (metric == "latency_p95") return 0.95;
  return metric == "latency_p99" ? 0.99 : 0;
}

bool IsRequestMetric(const std::string& metric) {
  return metric == "error_rate" || metric == "client_error_rate" || QuantileOf(metric) > 0;
}

double ValueOf(const std::string& metric, const SetCounts& counts) {
  const double quantile = QuantileOf(metric);
  return quantile > 0 ? Percentile(counts.latencies, quantile) : EventsOf(metric, counts).rate();
}

bool RateExceeds(const EventCounts& events, double limit, double alpha) {
  const analysis::Confidence confidence{.alpha = alpha, .cluster_size = events.cluster_size};
  return analysis::RateInterval(events.events, events.trials, confidence).lower > limit;
}

bool LatencyExceeds(const std::vector<int64_t>& latencies, double quantile, double limit_ms,
                    double alpha, double cluster_size) {
  constexpr double kNanoseconds = 1e6;
  if (latencies.empty()) return false;
  const analysis::Interval interval = analysis::QuantileInterval(
      LatencyBounds(), latencies, quantile, {.alpha = alpha, .cluster_size = cluster_size});
  return interval.lower > limit_ms * kNanoseconds;
}

bool Exceeds(const std::string& metric, const SetCounts& counts, double limit, double alpha) {
  const double quantile = QuantileOf(metric);
  return quantile > 0 ? LatencyExceeds(counts.latencies, quantile, limit, alpha)
                      : RateExceeds(EventsOf(metric, counts), limit, alpha);
}

}  // namespace slipway::deploy
