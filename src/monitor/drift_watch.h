// Whether live traffic still is what a version was trained on: the rows of the prediction log
// against the version's profile, feature by feature.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "monitor/alerts.h"
#include "monitor/drift_bins.h"
#include "monitor/drift_evidence.h"
#include "monitor/prediction_segments.h"

namespace slipway::monitor {

struct DriftSubject {
  std::string service;  // Rows of others are left out.
  std::string model;
  std::string digest;    // Of the version; likewise.
  int64_t since_ms = 0;  // Since when it is the stable one.
};

struct LiveDrift {
  std::vector<FeatureDrift> features;
  double share = 0;                     // Of the features, that drifted.
  int64_t rows = 0;                     // Of the window.
  int64_t read_rows = 0, segments = 0;  // At this look.
  std::string trouble;                  // Of a segment that was passed over.

  // "2 of 5 features drifted: age (total variation 0.31), city (0.22)".
  std::string Text() const;
  Json Evidence() const;
};

// A value; any thread's own. Memory is bounded by the bins and the segments of an hour.
class DriftWatch {
 public:
  // kInvalidInput for rules outside their ranges, or where no feature can be compared.
  static Result<DriftWatch> Make(const DriftSubject& subject, std::vector<FeatureBins> bins,
                                 const DriftRules& rules);

  // Reads what is new in `place`, the prediction log's. Errors as SegmentReader::Read; a look that
  // fails changes nothing.
  Result<LiveDrift> Look(const std::string& place, int64_t now_ms);
  // As it was at the last look.
  LiveDrift Current() const;

  Json ToJson() const;
  // With the bins and the rules that it was made with: of other ones kIntegrity.
  static Result<DriftWatch> FromJson(const Json& json, std::vector<FeatureBins> bins,
                                     const DriftRules& rules);

 private:
  DriftWatch(std::vector<FeatureBins> bins, SegmentReader reader, DriftEvidence evidence)
      : bins_(std::move(bins)), reader_(std::move(reader)), evidence_(std::move(evidence)) {}

  std::vector<FeatureBins> bins_;
  SegmentReader reader_;
  DriftEvidence evidence_;
};

}  // namespace slipway::monitor
