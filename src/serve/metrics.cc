#include "serve/metrics.h"

#include <chrono>
#include <cmath>
#include <vector>

#include "serve/metrics_internal.h"

namespace slipway::serve {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

class ShardedMetrics : public Metrics {
 public:
  ShardedMetrics(int loops, int window_seconds, const Clock& clock)
      : window_seconds_(std::max(window_seconds, 1)), clock_(clock), started_(clock.SteadyNow()) {
    for (int loop = 0; loop < std::max(loops, 1); ++loop) {
      shards_.push_back(std::make_unique<MetricsShard>(window_seconds_));
    }
  }

  void Count(int loop, int status, int64_t rows, int64_t begun_ns, int64_t ended_ns) override {
    shards_[static_cast<size_t>(loop)]->Count(status, rows, begun_ns, ended_ns);
  }

  MetricsSnapshot Snapshot() const override {
    MetricsSnapshot snapshot;
    snapshot.window_seconds = window_seconds_;
    snapshot.uptime_seconds = Uptime();
    AddWindow(&snapshot);
    AddTotals(Totals(), &snapshot);
    return snapshot;
  }

  std::string ToPrometheus(int64_t in_flight, std::span<const ModelLabels> models) const override {
    return PrometheusText(Totals(), Uptime(), in_flight, models);
  }

 private:
  double Uptime() const {
    return std::chrono::duration<double>(clock_.SteadyNow() - started_).count();
  }

  void AddWindow(MetricsSnapshot* snapshot) const {
    // What libstdc++ calls steady_clock is CLOCK_MONOTONIC, whose times Count is given.
    const int64_t now_ns = std::chrono::nanoseconds(clock_.SteadyNow().time_since_epoch()).count();
    WindowSum sum;
    for (const auto& shard : shards_) shard->AddWindow(now_ns, &sum);
    const int64_t requests = sum.Requests();
    snapshot->request_count = requests;
    snapshot->error_count = sum.errors;
    snapshot->client_error_count = sum.client_errors;
    snapshot->prediction_rows = sum.rows;
    if (requests == 0) return;
    snapshot->error_rate = static_cast<double>(sum.errors) / static_cast<double>(requests);
    snapshot->client_error_rate =
        static_cast<double>(sum.client_errors) / static_cast<double>(requests);
    snapshot->latency_p50 = sum.Percentile(0.50, requests) / kNanosecondsPerMillisecond;
    snapshot->latency_p95 = sum.Percentile(0.95, requests) / kNanosecondsPerMillisecond;
    snapshot->latency_p99 = sum.Percentile(0.99, requests) / kNanosecondsPerMillisecond;
  }

  TotalSum Totals() const {
    TotalSum totals;
    for (const auto& shard : shards_) shard->AddTotals(&totals);
    return totals;
  }

  static void AddTotals(const TotalSum& totals, MetricsSnapshot* snapshot) {
    for (const int64_t answers : totals.answers) snapshot->total_requests += answers;
    snapshot->total_errors = totals.answers[kServerErrors];
    snapshot->total_client_errors = totals.answers[kClientErrors];
    snapshot->total_rows = totals.rows;
  }

  const int window_seconds_;
  const Clock& clock_;
  const Clock::SteadyTime started_;
  std::vector<std::unique_ptr<MetricsShard>> shards_;
};

}  // namespace

std::unique_ptr<Metrics> Metrics::Make(int loops, int window_seconds, const Clock& clock) {
  return std::make_unique<ShardedMetrics>(loops, window_seconds, clock);
}

Json Metrics::ToJson(const MetricsSnapshot& snapshot) {
  return Json{{"request_count", snapshot.request_count},
              {"error_count", snapshot.error_count},
              {"error_rate", snapshot.error_rate},
              {"client_error_count", snapshot.client_error_count},
              {"client_error_rate", snapshot.client_error_rate},
              {"prediction_rows", snapshot.prediction_rows},
              {"latency_p50", snapshot.latency_p50},
              {"latency_p95", snapshot.latency_p95},
              {"latency_p99", snapshot.latency_p99},
              {"window_seconds", snapshot.window_seconds},
              {"uptime_seconds", std::round(snapshot.uptime_seconds * 1000) / 1000},
              {"total_requests", snapshot.total_requests},
              {"total_errors", snapshot.total_errors},
              {"total_client_errors", snapshot.total_client_errors},
              {"total_rows", snapshot.total_rows}};
}

}  // namespace slipway::serve
