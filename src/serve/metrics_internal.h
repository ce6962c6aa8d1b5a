// The counters of one loop: which are kept, where a latency is counted, how another thread reads.
//
// Only the loop's thread writes, so that counting needs no locked instruction: an atomic is read
// and stored, which on x86 costs what a plain one does. All stores release and all loads acquire;
// what a reader may rely on is told at each of them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/counting.h"
#include "serve/metrics.h"

namespace slipway::serve {

// Upper bounds of the histogram that Prometheus sees, in nanoseconds; "+Inf" follows.
inline constexpr std::array<int64_t, 16> kPrometheusBounds = {
    100'000,       250'000,       500'000,       1'000'000,     2'500'000,   5'000'000,
    10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000, 500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

// 2xx, 3xx, 4xx and 5xx.
inline constexpr size_t kStatusClasses = 4;
inline constexpr size_t kClientErrors = 2, kServerErrors = 3;

// What a window held, added up over slots and loops.
struct WindowSum {
  int64_t errors = 0, client_errors = 0, rows = 0;
  std::array<int64_t, LatencyBuckets::kCount> latencies{};

  int64_t Requests() const;
  // In nanoseconds, by nearest rank: the least latency that at least `share` of the requests took
  // no longer than. 0 of none. `requests` as Requests tells.
  double Percentile(double share, int64_t requests) const;
};

// What was counted since the start.
struct TotalSum {
  std::array<int64_t, kStatusClasses> answers{};
  int64_t rows = 0, nanoseconds = 0;
  std::array<int64_t, kPrometheusBounds.size() + 1> latencies{};  // Not cumulative.
};

// One second of a loop. A slot is used again for a later second, maybe while another thread reads
// it; the reader must not take half of one second and half of another. So the writer first sets
// `second` to kRecycled, then clears the counters, then sets the new second. The reader looks at
// `second`, reads the counters, and looks again: had it read a counter that was cleared already, it
// would acquire what was stored before that and see another `second`. Then it drops what it read,
// which loses nothing: a slot is recycled only when its second has left the window. Seconds only
// grow, so the same one does not come back.
class alignas(kApart) SecondSlot {
 public:
  static constexpr int64_t kRecycled = -1;

  int64_t second() const { return second_.value(); }
  void Recycle(int64_t second);
  void Count(size_t status_class, int64_t rows, size_t bucket);
  // Adds all to `sum` where the slot is of one of the seconds `first` to `last`.
  void AddTo(int64_t first, int64_t last, WindowSum* sum) const;

 private:
  Counter second_;
  Counter errors_, client_errors_, rows_;
  // At most 2^32 answers a second, by far.
  std::array<std::atomic<uint32_t>, LatencyBuckets::kCount> latencies_{};
};

// A loop's counters, on cache lines of their own.
class alignas(kApart) MetricsShard {
 public:
  explicit MetricsShard(int window_seconds);

  // By the loop's thread alone. Times of one steady clock; a time before that of an earlier call
  // counts in the same second as that one.
  void Count(int status, int64_t rows, int64_t begun_ns, int64_t ended_ns);
  // By any thread: adds the seconds of the window that ends with that of `now_ns`.
  void AddWindow(int64_t now_ns, WindowSum* sum) const;
  void AddTotals(TotalSum* sum) const;

 private:
  void BeginSecond(int64_t now_ns);

  const int window_seconds_;
  // One more than the window has: the one that is recycled has left it.
  const size_t slot_count_;
  const std::unique_ptr<SecondSlot[]> slots_;
  SecondSlot* current_ = nullptr;  // The writer's alone, as the next.
  int64_t current_end_ns_;

  std::array<Counter, kStatusClasses> answers_;
  Counter rows_, nanoseconds_;
  std::array<Counter, kPrometheusBounds.size() + 1> latencies_;
};

std::string PrometheusText(const TotalSum& totals, double uptime_seconds, int64_t in_flight,
                           std::span<const ModelLabels> models);

}  // namespace slipway::serve
