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

double Milliseconds(double ns) { return ns / kNanosecondsAMillisecond; }

Json LatencyToJson(const VersionSnapshot& version) {
  Json buckets = Json::array();
  for (size_t i = 0; i < version.latencies.size(); ++i) {
    if (version.latencies[i] != 0)
      buckets.push_back({LatencyBuckets::LowOf(i), version.latencies[i]});
  }
  return {{"sum_ms", Milliseconds(static_cast<double>(version.nanoseconds))},
          {"p50_ms", version.Percentile(0.5)},
          {"p95_ms", version.Percentile(0.95)},
          {"p99_ms", version.Percentile(0.99)},
          {"buckets", std::move(buckets)}};
}

Json MirrorToJson(const MirrorSnapshot& mirror) {
  return {{"sent", mirror.sent},
          {"equal", mirror.equal},
          {"status_differs", mirror.status_differs},
          {"prediction_differs", mirror.prediction_differs},
          {"failed", mirror.failed},
          {"skipped", mirror.skipped}};
}

Json ReplicaToJson(const ReplicaSnapshot& replica) {
  return {{"host", replica.host},
          {"port", replica.port},
          {"routed", replica.routed},
          {"left_out", replica.left_out},
          {"in_flight", replica.in_flight}};
}

Json VersionToJson(const VersionSnapshot& version) {
  Json replicas = Json::array();
  for (const ReplicaSnapshot& replica : version.replicas)
    replicas.push_back(ReplicaToJson(replica));
  return {{"id", version.id},
          {"weight", version.weight},
          {"routed", version.routed},
          {"drained", version.drained},
          {"in_flight", version.in_flight},
          {"requests", version.requests},
          {"answers",
           {{"2xx", version.answers[0]},
            {"3xx", version.answers[1]},
            {"4xx", version.answers[2]},
            {"5xx", version.answers[3]}}},
          {"errors", version.errors()},
          {"failed", version.failed},
          {"retried", version.retried},
          {"abandoned", version.abandoned},
          {"latency", LatencyToJson(version)},
          {"mirror", MirrorToJson(version.mirror)},
          {"replicas", std::move(replicas)}};
}

}  // namespace

void VersionLane::CountAnswer(int status, int64_t ns) {
  const int of_class = std::clamp(status / kStatusesAClass, kFirstClass, kLastClass) - kFirstClass;
  ns = std::max<int64_t>(ns, 0);
  // First what requests are counted by; it is read last, so that no share goes above 1.
  latencies[LatencyBuckets::IndexOf(ns)].Add(1);
  nanoseconds.Add(ns);
  answers[static_cast<size_t>(of_class)].Add(1);
}

VersionSnapshot SnapshotLanes(const Version& version, int loops) {
  VersionSnapshot snapshot;
  snapshot.id = version.id;
  snapshot.latencies.resize(LatencyBuckets::kCount);
  for (int loop = 0; loop < loops; ++loop) {
    const VersionLane& lane = version.lanes[static_cast<size_t>(loop)];
    snapshot.failed += lane.failed.value();
    snapshot.retried += lane.retried.value();
    snapshot.abandoned += lane.abandoned.value();
    snapshot.in_flight += lane.in_flight.value();
    for (size_t i = 0; i < kStatusClasses; ++i) snapshot.answers[i] += lane.answers[i].value();
    snapshot.nanoseconds += lane.nanoseconds.value();
    for (size_t i = 0; i < LatencyBuckets::kCount; ++i)
      snapshot.latencies[i] += lane.latencies[i].value();
  }
  for (const int64_t count : snapshot.latencies) snapshot.requests += count;
  const MirrorCounts& mirror = version.mirror;
  snapshot.mirror = {mirror.sent.load(),           mirror.equal.load(),
                     mirror.status_differs.load(), mirror.prediction_differs.load(),
                     mirror.failed.load(),         mirror.skipped.load()};
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

Json ToJson(const SplitterSnapshot& snapshot) {
  Json versions = Json::array();
  for (const VersionSnapshot& version : snapshot.versions)
    versions.push_back(VersionToJson(version));
  return {{"connections", snapshot.connections},
          {"in_flight", snapshot.in_flight},
          {"refused", snapshot.refused},
          {"unrouted", snapshot.unrouted},
          {"versions", std::move(versions)}};
}

}  // namespace slipway::splitter
