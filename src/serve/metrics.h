// What the server counts: requests, their answers and how long they took.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/clock.h"
#include "core/json.h"

namespace slipway::serve {

struct MetricsSnapshot {
  // Over the window: the second of the clock that is not over yet, and those before it.
  int64_t request_count = 0, error_count = 0, client_error_count = 0, prediction_rows = 0;
  double error_rate = 0, client_error_rate = 0;              // Shares of the requests.
  double latency_p50 = 0, latency_p95 = 0, latency_p99 = 0;  // ms; within 1.6 % of the true one.
  int window_seconds = 60;
  // Since the start.
  int64_t total_requests = 0, total_errors = 0, total_client_errors = 0, total_rows = 0;
  double uptime_seconds = 0;
};

// Who a model is, for slipway_model_info.
struct ModelLabels {
  std::string model, version, digest;
};

// Counted without locks, a shard a loop; read at any time from any thread.
class Metrics {
 public:
  virtual ~Metrics() = default;
  static std::unique_ptr<Metrics> Make(int loops, int window_seconds, const Clock& clock);

  // One answered request: 5xx is an error (503 too), 4xx a client's. Of one loop only one thread
  // may count at a time. `begun_ns` and `ended_ns` are of CLOCK_MONOTONIC, as the clock's SteadyNow
  // is: the window goes by `ended_ns`, so that counting reads no clock.
  virtual void Count(int loop, int status, int64_t rows, int64_t begun_ns, int64_t ended_ns) = 0;
  virtual MetricsSnapshot Snapshot() const = 0;
  // The contract's JSON of GET /metrics, without model, version and in_flight.
  static Json ToJson(const MetricsSnapshot& snapshot);
  // Prometheus text format 0.0.4: slipway_requests_total{code="2xx"}, slipway_rows_total,
  // slipway_request_duration_seconds as a histogram since the start (buckets 100 µs to 10 s),
  // slipway_in_flight_requests, slipway_uptime_seconds, slipway_model_info{model,version,digest} 1.
  virtual std::string ToPrometheus(int64_t in_flight,
                                   std::span<const ModelLabels> models) const = 0;
};

}  // namespace slipway::serve
