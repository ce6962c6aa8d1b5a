#include "serve/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "core/testing.h"
#include "serve/metrics_internal.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int64_t kMillisecond = 1'000'000;

class MetricsTest : public ::testing::Test {
 protected:
  int64_t NowNs() const { return nanoseconds(clock_.SteadyNow().time_since_epoch()).count(); }
  // An answer that ends now.
  void Count(int status, int64_t took_ns = kMillisecond, int64_t rows = 1, int loop = 0) {
    metrics_->Count(loop, status, rows, NowNs() - took_ns, NowNs());
  }

  testing::FakeClock clock_{Clock::WallTime(seconds(1'000'000))};
  std::unique_ptr<Metrics> metrics_ = Metrics::Make(2, 60, clock_);
};

// The same rank as Percentile's, of all values.
double ExactPercentile(std::vector<int64_t> values, double share) {
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return static_cast<double>(values[std::max<size_t>(rank, 1) - 1]);
}

TEST_F(MetricsTest, NothingIsCountedAtTheStart) {
  clock_.Advance(milliseconds(2500));
  const MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_EQ(snapshot.request_count, 0);
  EXPECT_EQ(snapshot.error_rate, 0);
  EXPECT_EQ(snapshot.latency_p99, 0);
  EXPECT_EQ(snapshot.window_seconds, 60);
  EXPECT_DOUBLE_EQ(snapshot.uptime_seconds, 2.5);
}

TEST_F(MetricsTest, AnswersOfAllLoopsAreCountedByTheirStatus) {
  for (const int status : {200, 204, 304, 400, 404, 429, 500, 503}) {
    Count(status, kMillisecond, 10, status % 2);
    Count(status, kMillisecond, 0, 1);
  }
  const MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_EQ(snapshot.request_count, 16);
  EXPECT_EQ(snapshot.error_count, 4);
  EXPECT_EQ(snapshot.client_error_count, 6);
  EXPECT_EQ(snapshot.prediction_rows, 80);
  EXPECT_DOUBLE_EQ(snapshot.error_rate, 0.25);
  EXPECT_DOUBLE_EQ(snapshot.client_error_rate, 0.375);
  EXPECT_EQ(snapshot.total_requests, 16);
  EXPECT_EQ(snapshot.total_errors, 4);
  EXPECT_EQ(snapshot.total_client_errors, 6);
  EXPECT_EQ(snapshot.total_rows, 80);
}

TEST_F(MetricsTest, WhatTheWindowHasLeftIsInTheTotalsAlone) {
  Count(500, kMillisecond, 3);
  clock_.Advance(seconds(30));
  Count(200, 2 * kMillisecond, 4);
  clock_.Advance(seconds(29));
  EXPECT_EQ(metrics_->Snapshot().request_count, 2);
  clock_.Advance(seconds(1));
  MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_EQ(snapshot.request_count, 1);
  EXPECT_EQ(snapshot.error_count, 0);
  EXPECT_EQ(snapshot.prediction_rows, 4);
  EXPECT_NEAR(snapshot.latency_p50, 2, 0.032);
  clock_.Advance(seconds(30));
  snapshot = metrics_->Snapshot();
  EXPECT_EQ(snapshot.request_count, 0);
  EXPECT_EQ(snapshot.total_requests, 2);
  EXPECT_EQ(snapshot.total_errors, 1);
  EXPECT_EQ(snapshot.total_rows, 7);
}

TEST_F(MetricsTest, ASteadyLoadFillsTheWindowAndNoMore) {
  for (int second = 0; second < 200; ++second) {
    for (int request = 0; request < 7; ++request) Count(request == 0 ? 500 : 200);
    const MetricsSnapshot snapshot = metrics_->Snapshot();
    ASSERT_EQ(snapshot.request_count, 7 * std::min(second + 1, 60));
    ASSERT_EQ(snapshot.error_count, std::min(second + 1, 60));
    clock_.Advance(seconds(1));
  }
}

TEST_F(MetricsTest, ALoopThatWasIdleForLongBeginsAnew) {
  Count(200);
  // The same slot of the ring: 61 of them.
  clock_.Advance(seconds(61 * 100));
  EXPECT_EQ(metrics_->Snapshot().request_count, 0);
  Count(404);
  const MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_EQ(snapshot.request_count, 1);
  EXPECT_EQ(snapshot.client_error_count, 1);
}

TEST_F(MetricsTest, AnAnswerThatEndedBeforeTheLastOneKeepsTheWindow) {
  clock_.Advance(seconds(100));
  Count(200);
  metrics_->Count(0, 200, 1, NowNs() - seconds(5) / nanoseconds(1), NowNs() - 2'000 * kMillisecond);
  EXPECT_EQ(metrics_->Snapshot().request_count, 2);
}

TEST_F(MetricsTest, PercentilesAreWithin16PerMilleOfTheTrueOnes) {
  std::mt19937_64 random(7);
  for (const double widest : {1e4, 1e7, 1e11}) {
    metrics_ = Metrics::Make(2, 60, clock_);
    std::uniform_real_distribution<double> exponent(std::log(1e3), std::log(widest));
    std::vector<int64_t> values;
    for (int number = 0; number < 20'000; ++number) {
      values.push_back(static_cast<int64_t>(std::exp(exponent(random))));
      Count(200, values.back(), 1, number % 2);
    }
    const MetricsSnapshot snapshot = metrics_->Snapshot();
    for (const auto& [share, told] : {std::pair{0.50, snapshot.latency_p50},
                                      {0.95, snapshot.latency_p95},
                                      {0.99, snapshot.latency_p99}}) {
      const double exact = ExactPercentile(values, share) / 1e6;
      EXPECT_NEAR(told / exact, 1, 0.016) << share << " of values up to " << widest;
    }
  }
}

TEST_F(MetricsTest, APercentileIsTheLeastThatEnoughRequestsStayWithin) {
  for (int number = 0; number < 95; ++number) Count(200, kMillisecond);
  for (int number = 0; number < 4; ++number) Count(200, 10 * kMillisecond);
  Count(200, 100 * kMillisecond);
  const MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_NEAR(snapshot.latency_p50, 1, 0.016);
  EXPECT_NEAR(snapshot.latency_p95, 1, 0.016);
  EXPECT_NEAR(snapshot.latency_p99, 10, 0.16);
}

TEST_F(MetricsTest, ThePercentilesOfAFewRequestsAreTheirOwnLatencies) {
  for (const int64_t ms : {100, 1, 10}) Count(200, ms * kMillisecond);
  const MetricsSnapshot snapshot = metrics_->Snapshot();
  EXPECT_NEAR(snapshot.latency_p50, 10, 0.16);
  EXPECT_NEAR(snapshot.latency_p95, 100, 1.6);
}

TEST_F(MetricsTest, AsJsonTheNamesAreTheContracts) {
  Count(200, kMillisecond);
  Count(500, kMillisecond);
  const Json json = Metrics::ToJson(metrics_->Snapshot());
  EXPECT_EQ(json["request_count"], 2);
  EXPECT_EQ(json["error_count"], 1);
  EXPECT_EQ(json["error_rate"], 0.5);
  EXPECT_EQ(json["client_error_rate"], 0.0);
  for (const char* name : {"latency_p50", "latency_p95", "latency_p99"}) {
    EXPECT_NEAR(json[name].get<double>(), 1, 0.016) << name;
  }
  EXPECT_EQ(json["window_seconds"], 60);
  EXPECT_EQ(json["uptime_seconds"], 0.0);
}

constexpr const char* kExpectedText =
    R"(# HELP slipway_requests_total Answered requests, by class of status.
# TYPE slipway_requests_total counter
slipway_requests_total{code="2xx"} 2
slipway_requests_total{code="3xx"} 0
slipway_requests_total{code="4xx"} 1
slipway_requests_total{code="5xx"} 1
# HELP slipway_rows_total Predicted rows.
# TYPE slipway_rows_total counter
slipway_rows_total 3
# HELP slipway_request_duration_seconds Time from a request's first byte to its answer's last.
# TYPE slipway_request_duration_seconds histogram
slipway_request_duration_seconds_bucket{le="0.0001"} 1
slipway_request_duration_seconds_bucket{le="0.00025"} 2
slipway_request_duration_seconds_bucket{le="0.0005"} 2
slipway_request_duration_seconds_bucket{le="0.001"} 2
slipway_request_duration_seconds_bucket{le="0.0025"} 2
slipway_request_duration_seconds_bucket{le="0.005"} 3
slipway_request_duration_seconds_bucket{le="0.01"} 3
slipway_request_duration_seconds_bucket{le="0.025"} 3
slipway_request_duration_seconds_bucket{le="0.05"} 3
slipway_request_duration_seconds_bucket{le="0.1"} 3
slipway_request_duration_seconds_bucket{le="0.25"} 3
slipway_request_duration_seconds_bucket{le="0.5"} 3
slipway_request_duration_seconds_bucket{le="1"} 3
slipway_request_duration_seconds_bucket{le="2.5"} 3
slipway_request_duration_seconds_bucket{le="5"} 3
slipway_request_duration_seconds_bucket{le="10"} 3
slipway_request_duration_seconds_bucket{le="+Inf"} 4
slipway_request_duration_seconds_sum 20.003200001
slipway_request_duration_seconds_count 4
# HELP slipway_in_flight_requests Requests begun and not answered yet.
# TYPE slipway_in_flight_requests gauge
slipway_in_flight_requests 3
# HELP slipway_uptime_seconds Seconds since the start.
# TYPE slipway_uptime_seconds gauge
slipway_uptime_seconds 1.500
# HELP slipway_model_info A model that answers; always 1.
# TYPE slipway_model_info gauge
slipway_model_info{model="a \"b\"\\c\nd",version="7",digest="sha256:ab"} 1
)";

TEST_F(MetricsTest, AsPrometheusText) {
  Count(200, 100'000, 2);     // A bound belongs to its own bucket,
  Count(200, 100'001, 1, 1);  // what is over it to the next.
  Count(404, 3 * kMillisecond, 0);
  Count(503, 20'000 * kMillisecond, 0);
  clock_.Advance(milliseconds(1500));
  const std::vector<ModelLabels> models = {{"a \"b\"\\c\nd", "7", "sha256:ab"}};
  EXPECT_EQ(metrics_->ToPrometheus(3, models), kExpectedText);
}

TEST_F(MetricsTest, DurationsBelongToTheBucketsThatPrometheusWouldChoose) {
  for (const int64_t bound : kPrometheusBounds) {
    for (const int64_t near : {bound - 1, bound, bound + 1}) {
      MetricsShard shard(60);
      shard.Count(200, 1, 0, near);
      TotalSum totals;
      shard.AddTotals(&totals);
      const size_t expected = static_cast<size_t>(
          std::ranges::lower_bound(kPrometheusBounds, near) - kPrometheusBounds.begin());
      EXPECT_EQ(totals.latencies[expected], 1) << near;
    }
  }
}

// Moved by one thread and read by others.
class SharedClock : public Clock {
 public:
  WallTime Now() const override { return WallTime(); }
  SteadyTime SteadyNow() const override { return SteadyTime(nanoseconds(now_ns_.load())); }
  void Set(int64_t now_ns) { now_ns_.store(now_ns); }

 private:
  std::atomic<int64_t> now_ns_ = 0;
};

// A window of one second, so that the writers recycle slots under the readers' eyes all the time.
// In every even second all answers are errors of 1 ms and two rows, in every odd one good ones of
// 100 ms and one row: a mixture of two seconds would show.
TEST(MetricsThreadsTest, ASlotThatIsRecycledWhileItIsReadIsNotHalfTaken) {
  constexpr int kLoops = 2, kPerSecond = 20;
  SharedClock clock;
  const auto metrics = Metrics::Make(kLoops, 1, clock);
  std::atomic<bool> stop = false;
  const auto write = [&](int loop) {
    for (int64_t second = 1; !stop; ++second) {
      const bool even = second % 2 == 0;
      const int64_t begun = second * 1000 * kMillisecond;
      if (loop == 0) clock.Set(begun);
      for (int number = 0; number < kPerSecond; ++number) {
        metrics->Count(loop, even ? 500 : 200, even ? 2 : 1, begun,
                       begun + (even ? 1 : 100) * kMillisecond);
      }
    }
  };
  std::vector<std::jthread> writers;
  for (int loop = 0; loop < kLoops; ++loop) writers.emplace_back(write, loop);
  int64_t seen = 0, last_total = 0;
  const auto end = std::chrono::steady_clock::now() + milliseconds(500);
  while (std::chrono::steady_clock::now() < end) {
    const MetricsSnapshot snapshot = metrics->Snapshot();
    seen += snapshot.request_count;
    EXPECT_LE(snapshot.request_count, kLoops * kPerSecond);
    EXPECT_LE(snapshot.error_count, snapshot.request_count);
    EXPECT_LE(snapshot.prediction_rows, 2 * snapshot.request_count);
    // Half of the requests from another second would show in one of the two.
    const double ms = snapshot.error_count > 0 ? 1 : snapshot.latency_p99;
    EXPECT_NEAR(snapshot.latency_p50, ms, 0.016 * ms);
    EXPECT_NEAR(snapshot.latency_p99, ms, 0.016 * ms);
    EXPECT_GE(snapshot.total_requests, last_total);
    EXPECT_LE(snapshot.total_errors, snapshot.total_requests);
    last_total = snapshot.total_requests;
    if (::testing::Test::HasFailure()) break;
  }
  stop = true;
  writers.clear();
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace slipway::serve
