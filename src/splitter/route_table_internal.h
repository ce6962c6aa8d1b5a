// Routes as loops follow them: immutable, with what each loop keeps of versions and replicas.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/counting.h"
#include "core/event_run.h"
#include "splitter/routes.h"
#include "splitter/types.h"

namespace slipway::splitter {

class Upstream;

// One loop's part of a version: counters that its thread writes and all read.
struct alignas(kApart) VersionLane {
  Counter in_flight;
  std::array<Counter, kStatusClasses> answers;
  Counter other_requests, other_errors;
  Counter unanswered, failed, retried, abandoned, nanoseconds, error_run_squares;
  std::array<Counter, LatencyBuckets::kCount> latencies;
  // Of the loop's thread alone.
  bool routed = false;
  size_t turn = 0;  // Which replica is asked first among equals.
  EventRun error_run;

  void CountPrediction(int status, int64_t ns);
  void CountOther(int status);
};

// One loop's part of a replica.
struct alignas(kApart) ReplicaLane {
  Counter in_flight;
  Counter left_out_until_ns;
  // Of the loop's thread alone.
  bool routed = false;
  std::vector<Upstream*> idle;  // Connections; the last one was used last.
};

struct MirrorCounts {
  std::atomic<int64_t> sent{0}, equal{0}, status_differs{0}, prediction_differs{0}, failed{0},
      skipped{0};
};

struct CopyCounts {
  std::atomic<int64_t> sent{0}, failed{0}, dropped{0};
};

struct Version {
  Version(std::string its_id, int loops)
      : id(std::move(its_id)), lanes(std::make_unique<VersionLane[]>(static_cast<size_t>(loops))) {}

  const std::string id;
  const std::unique_ptr<VersionLane[]> lanes;
  MirrorCounts mirror;
  CopyCounts feedback;
};

// What all loops have counted, by any thread.
VersionSnapshot SnapshotLanes(const Version& version, int loops);

struct Replica {
  Replica(ReplicaAddress its_name, int loops)
      : name(std::move(its_name)),
        lanes(std::make_unique<ReplicaLane[]>(static_cast<size_t>(loops))) {}

  const ReplicaAddress name;
  sockaddr_storage address{};  // Set before any loop sees it.
  socklen_t address_size = 0;
  const std::unique_ptr<ReplicaLane[]> lanes;
};

struct TableVersion {
  std::shared_ptr<Version> version;
  double share = 0;  // Of all weights.
  std::vector<std::shared_ptr<Replica>> replicas;
};

// Of the places of keys in [0, 1): from the end of the part before.
struct KeyPart {
  double end = 0;
  size_t version = 0;
};

struct RouteTable {
  uint64_t generation = 0;
  Routes routes;
  std::vector<TableVersion> versions;  // As the routes have them.
  std::vector<size_t> by_share;        // Those with a weight, the greatest first.
  std::vector<KeyPart> key_parts;      // In their order; none where no version has a weight.
  std::vector<size_t> header_targets;  // Of routes.header_routes.
  std::ptrdiff_t mirror = -1;          // A version; -1 for none.
};

}  // namespace slipway::splitter
