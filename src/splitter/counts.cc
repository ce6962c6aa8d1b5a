#include <algorithm>
#include <cmath>
#include <utility>

#include "splitter/route_table_internal.h"
#include "splitter/types.h"

namespace slipway::splitter {
namespace {

constexpr double kNanosecondsAMillisecond = 1e6;
constexpr int kStatusesAClass = 100;
constexpr int kFirstClass = 2, kLastClass = 5;

constexpr size_t kErrors = kStatusClasses - 1;

double Milliseconds(double ns) { return ns / kNanosecondsAMillisecond; }

size_t ClassOf(int status) {
  const int of_class = std::clamp(status / kStatusesAClass, kFirstClass, kLastClass);
  return static_cast<size_t>(of_class - kFirstClass);
}

}  // namespace

void VersionLane::CountPrediction(int status, int64_t ns) {
  const size_t of_class = ClassOf(status);
  ns = std::max<int64_t>(ns, 0);
  // First what requests are counted by; it is read last, so that no share goes above 1.
  latencies[LatencyBuckets::IndexOf(ns)].Add(1);
  nanoseconds.Add(ns);
  error_run_squares.Add(error_run.Add(of_class == kErrors));
  answers[of_class].Add(1);
}

void VersionLane::CountOther(int status) {
  other_requests.Add(1);
  if (ClassOf(status) == kErrors) other_errors.Add(1);
}

VersionSnapshot SnapshotLanes(const Version& version, int loops) {
  VersionSnapshot snapshot;
  snapshot.id = version.id;
  snapshot.latencies.resize(LatencyBuckets::kCount);
  for (int loop = 0; loop < loops; ++loop) {
    const VersionLane& lane = version.lanes[static_cast<size_t>(loop)];
    snapshot.others.errors += lane.other_errors.value();
    snapshot.others.requests += lane.other_requests.value();
    snapshot.unanswered += lane.unanswered.value();
    snapshot.failed += lane.failed.value();
    snapshot.retried += lane.retried.value();
    snapshot.abandoned += lane.abandoned.value();
    snapshot.in_flight += lane.in_flight.value();
    for (size_t i = 0; i < kStatusClasses; ++i) snapshot.answers[i] += lane.answers[i].value();
    snapshot.nanoseconds += lane.nanoseconds.value();
    snapshot.error_run_squares += lane.error_run_squares.value();
    for (size_t i = 0; i < LatencyBuckets::kCount; ++i)
      snapshot.latencies[i] += lane.latencies[i].value();
  }
  for (const int64_t count : snapshot.latencies) snapshot.requests += count;
  const MirrorCounts& mirror = version.mirror;
  snapshot.mirror = {mirror.sent.load(),           mirror.equal.load(),
                     mirror.status_differs.load(), mirror.prediction_differs.load(),
                     mirror.failed.load(),         mirror.skipped.load()};
  const CopyCounts& feedback = version.feedback;
  snapshot.feedback = {feedback.sent.load(), feedback.failed.load(), feedback.dropped.load()};
  return snapshot;
}

double VersionSnapshot::Percentile(double share) const {
  int64_t all = 0;
  for (const int64_t count : latencies) all += count;
  if (all == 0) return 0;
  const auto rank =
      std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(all))));
  int64_t before = 0;
  size_t bucket = 0;
  while (bucket + 1 < latencies.size() && before + latencies[bucket] < rank)
    before += latencies[bucket++];
  return Milliseconds(LatencyBuckets::MiddleOf(bucket));
}

}  // namespace slipway::splitter
