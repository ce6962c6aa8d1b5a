#include <cmath>
#include <limits>

#include "serve/metrics_internal.h"

namespace slipway::serve {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// For each bucket the first bound of Prometheus that is not below its least latency: a bucket holds
// at most one bound, so that one comparison says on which side a latency lies.
constexpr auto kFirstBound = [] {
  std::array<uint8_t, LatencyBuckets::kCount> first{};
  for (size_t bucket = 0; bucket < first.size(); ++bucket) {
    size_t bound = 0;
    while (bound < kPrometheusBounds.size() &&
           kPrometheusBounds[bound] < LatencyBuckets::LowOf(bucket)) {
      ++bound;
    }
    first[bucket] = static_cast<uint8_t>(bound);
  }
  return first;
}();

size_t BoundOf(int64_t ns, size_t bucket) {
  const size_t bound = kFirstBound[bucket];
  return bound + (bound < kPrometheusBounds.size() && ns > kPrometheusBounds[bound] ? 1 : 0);
}

size_t StatusClass(int status) { return static_cast<size_t>(std::clamp(status / 100, 2, 5) - 2); }

}  // namespace

int64_t WindowSum::Requests() const {
  int64_t requests = 0;
  for (const int64_t count : latencies) requests += count;
  return requests;
}

double WindowSum::Percentile(double share, int64_t requests) const {
  if (requests == 0) return 0;
  const auto rank =
      std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(requests))));
  int64_t before = 0;
  size_t bucket = 0;
  while (bucket + 1 < latencies.size() && before + latencies[bucket] < rank) {
    before += latencies[bucket++];
  }
  return LatencyBuckets::MiddleOf(bucket);
}

void SecondSlot::Recycle(int64_t second) {
  second_.Set(kRecycled);
  errors_.Set(0);
  client_errors_.Set(0);
  rows_.Set(0);
  for (auto& count : latencies_) count.store(0, std::memory_order_release);
  second_.Set(second);
}

void SecondSlot::Count(size_t status_class, int64_t rows, size_t bucket) {
  // First what the requests are counted by, and read in the other order: who sees an error sees
  // its request, and no share goes above 1.
  auto& latency = latencies_[bucket];
  latency.store(latency.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  if (status_class == kServerErrors) errors_.Add(1);
  if (status_class == kClientErrors) client_errors_.Add(1);
  rows_.Add(rows);
}

void SecondSlot::AddTo(int64_t first, int64_t last, WindowSum* sum) const {
  const int64_t before = second();
  if (before < first || before > last) return;
  const int64_t rows = rows_.value();
  const int64_t client_errors = client_errors_.value();
  const int64_t errors = errors_.value();
  std::array<uint32_t, LatencyBuckets::kCount> latencies;
  for (size_t bucket = 0; bucket < latencies.size(); ++bucket) {
    latencies[bucket] = latencies_[bucket].load(std::memory_order_acquire);
  }
  if (second() != before) return;
  sum->rows += rows;
  sum->client_errors += client_errors;
  sum->errors += errors;
  for (size_t bucket = 0; bucket < latencies.size(); ++bucket) {
    sum->latencies[bucket] += latencies[bucket];
  }
}

MetricsShard::MetricsShard(int window_seconds)
    : window_seconds_(std::max(window_seconds, 1)),
      slot_count_(static_cast<size_t>(window_seconds_) + 1),
      slots_(std::make_unique<SecondSlot[]>(slot_count_)),
      current_end_ns_(std::numeric_limits<int64_t>::min()) {
  for (size_t slot = 0; slot < slot_count_; ++slot) slots_[slot].Recycle(SecondSlot::kRecycled);
}

void MetricsShard::BeginSecond(int64_t now_ns) {
  const int64_t second = std::max<int64_t>(now_ns, 0) / kSecond;
  current_ = &slots_[static_cast<size_t>(second) % slot_count_];
  current_->Recycle(second);
  current_end_ns_ = (second + 1) * kSecond;
}

void MetricsShard::Count(int status, int64_t rows, int64_t begun_ns, int64_t ended_ns) {
  if (ended_ns >= current_end_ns_) BeginSecond(ended_ns);
  const int64_t ns = std::max<int64_t>(ended_ns - begun_ns, 0);
  const size_t bucket = LatencyBuckets::IndexOf(ns);
  const size_t status_class = StatusClass(status);
  current_->Count(status_class, rows, bucket);
  latencies_[BoundOf(ns, bucket)].Add(1);
  nanoseconds_.Add(ns);
  answers_[status_class].Add(1);
  rows_.Add(rows);
}

void MetricsShard::AddWindow(int64_t now_ns, WindowSum* sum) const {
  const int64_t last = std::max<int64_t>(now_ns, 0) / kSecond;
  const int64_t first = std::max<int64_t>(last - window_seconds_ + 1, 0);
  for (size_t slot = 0; slot < slot_count_; ++slot) slots_[slot].AddTo(first, last, sum);
}

void MetricsShard::AddTotals(TotalSum* sum) const {
  sum->rows += rows_.value();
  for (size_t group = 0; group < kStatusClasses; ++group) {
    sum->answers[group] += answers_[group].value();
  }
  sum->nanoseconds += nanoseconds_.value();
  for (size_t bound = 0; bound < latencies_.size(); ++bound) {
    sum->latencies[bound] += latencies_[bound].value();
  }
}

}  // namespace slipway::serve
