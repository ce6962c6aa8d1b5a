// The segments of a service's prediction log that came since the last look, and what their rows
// count. docs/serving.md says where segments are and what their columns mean.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/object_store.h"
#include "monitor/drift_bins.h"
#include "monitor/drift_evidence.h"

namespace slipway::monitor {

struct ReadSegments {
  // In the order in which the rows came, a segment or a part of one each: a test learns from one
  // what it bets on in the next.
  std::vector<DriftBatch> batches;
  int64_t rows = 0;
  int64_t segments = 0;  // Of the version, as the service serves it.
  int64_t others = 0;    // Of other versions, or by others.
  bool more = false;     // There are others to be read at the next look.
  std::string trouble;   // Of the first one that can't be read, and is passed over.
};

// Whose rows are read.
struct SegmentSubject {
  std::string service;  // As SLIPWAY_SERVICE tells it to its replicas.
  std::string model;
  std::string digest;  // Of the version.
};

// A value; any thread's own. Segments are told by their names, which begin with the time of their
// first row: one that is published more than an hour behind that time is passed over, as are those
// of more than a week ago. Where the clock was set back, what was logged by then counts as read.
class SegmentReader {
 public:
  // Segments that were begun at `since_ms` or later.
  SegmentReader(SegmentSubject subject, int64_t since_ms);

  // At most 32 of them at a time, oldest first. `place` is that of the log: a folder or s3://….
  // A segment that is gone by then is passed over. kUnavailable, kPermission and the like where the
  // place can't be read: then nothing is lost.
  Result<ReadSegments> Read(const std::string& place, const std::vector<FeatureBins>& bins,
                            int64_t now_ms);

  Json ToJson() const;
  static Result<SegmentReader> FromJson(const Json& json);

 private:
  SegmentReader() = default;
  Result<std::vector<std::string>> Pending(data::ObjectStore& store, int64_t now_ms) const;
  void Forget(int64_t now_ms);
  Status BeginAnew(data::ObjectStore& store, int64_t now_ms);

  SegmentSubject subject_;
  std::string horizon_;         // Segments that began before it are known: "20261123T064107.123Z".
  std::set<std::string> seen_;  // Names of those behind it that were read.
  int64_t read_ms_ = 0;         // The last look; 0 before.
};

}  // namespace slipway::monitor
