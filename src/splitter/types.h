// What a splitter has counted, version by version.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::splitter {

// 2xx, 3xx, 4xx and 5xx.
inline constexpr size_t kStatusClasses = 4;

struct ReplicaSnapshot {
  std::string host;
  int port = 0;
  bool routed = true;     // Of the routes that count now; else it ends what it has begun.
  bool left_out = false;  // It refused a connection less than a moment ago.
  int64_t in_flight = 0;
};

// Predictions that were also asked of this version, and how its answers compared with those that
// counted.
struct MirrorSnapshot {
  int64_t sent = 0;
  int64_t equal = 0;
  int64_t status_differs = 0;
  int64_t prediction_differs = 0;  // Or one of the two holds none.
  int64_t failed = 0;              // No answer, or no whole one.
  // Were to go and did not, or were not compared: too large, too many at once, no prediction in
  // either answer.
  int64_t skipped = 0;
};

// Copies of what clients told of predictions, for replicas that did not answer it.
struct FeedbackSnapshot {
  int64_t sent = 0;
  int64_t failed = 0;   // Of these: no whole answer, or a status of 500 and above.
  int64_t dropped = 0;  // Not sent: too large, too many at once, or its replica takes none.
};

// Requests that ask for no prediction: health, metrics, feedback, paths that there are not.
struct OtherSnapshot {
  int64_t requests = 0;
  int64_t errors = 0;
};

// `requests`, `answers`, `error_run_squares`, `nanoseconds` and `latencies` are of requests for
// predictions, by which versions are compared.
struct VersionSnapshot {
  std::string id;
  double weight = 0;
  bool routed = true;
  bool drained = false;  // It is routed no more, and no request is in flight on it.
  int64_t in_flight = 0;
  // Answered, by the version or for it by the splitter, and each attempt at one that the version
  // left without an answer, whoever answered in the end.
  int64_t requests = 0;
  std::array<int64_t, kStatusClasses> answers{};
  int64_t errors() const { return answers.back(); }
  // The squared lengths of runs of errors (core/event_run.h), added up: `errors()` if each came
  // alone. By loops, which each see runs of their own.
  int64_t error_run_squares = 0;
  OtherSnapshot others;
  // Of predictions and others. Attempts that brought no whole answer: refused, broken off, silent,
  // nonsense. Each is among the requests and errors.
  int64_t unanswered = 0;
  int64_t failed = 0;     // The splitter answered (502, 503, 504) or broke off.
  int64_t retried = 0;    // Attempts that failed here and were made again, here or elsewhere.
  int64_t abandoned = 0;  // The client went before its answer was whole; not among the requests.
  // From when this version had its turn, with a request that had come whole, to the last byte of
  // the answer from the replica, tries of the version that failed included.
  int64_t nanoseconds = 0;
  std::vector<int64_t> latencies;  // By slipway::LatencyBuckets.
  MirrorSnapshot mirror;
  FeedbackSnapshot feedback;
  std::vector<ReplicaSnapshot> replicas;

  // In milliseconds, by nearest rank; within 1.6 %. 0 of none.
  double Percentile(double share) const;
};

struct SplitterSnapshot {
  std::vector<VersionSnapshot> versions;
  int64_t connections = 0;
  int64_t in_flight = 0;
  int64_t refused = 0;   // What was no request (400, 408, 414, 431, 501, 505), or came too much.
  int64_t unrouted = 0;  // No version had a weight: 503.
};

// Latencies as [from_ns, count] of buckets that hold any; each is at most 1/32 of its start wide.
Json ToJson(const SplitterSnapshot& snapshot);
// What ToJson made, by this version of Slipway or an older one; members that are not known are left
// out. kInvalidInput for what is none. `source` names the text in errors.
Result<SplitterSnapshot> SplitterSnapshotFromJson(const Json& json,
                                                  const std::string& source = "snapshot");

}  // namespace slipway::splitter
