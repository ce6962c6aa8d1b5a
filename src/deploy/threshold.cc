#include "deploy/threshold.h"

#include "analysis/confidence.h"

namespace slipway::deploy {

EventCounts EventsOf(const std::string& metric, const SetCounts& counts) {
  return {counts.requests, metric == "error_rate" ? counts.errors : counts.client_errors};
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
  return analysis::RateInterval(events.events, events.trials, {.alpha = alpha}).lower > limit;
}

bool LatencyExceeds(const std::vector<int64_t>& latencies, double quantile, double limit_ms,
                    double alpha) {
  constexpr double kNanoseconds = 1e6;
  if (latencies.empty()) return false;
  const analysis::Interval interval =
      analysis::QuantileInterval(LatencyBounds(), latencies, quantile, {.alpha = alpha});
  return interval.lower > limit_ms * kNanoseconds;
}

bool Exceeds(const std::string& metric, const SetCounts& counts, double limit, double alpha) {
  const double quantile = QuantileOf(metric);
  return quantile > 0 ? LatencyExceeds(counts.latencies, quantile, limit, alpha)
                      : RateExceeds(EventsOf(metric, counts), limit, alpha);
}

}  // namespace slipway::deploy
