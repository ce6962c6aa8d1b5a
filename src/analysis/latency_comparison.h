// Are the canary's latencies longer than the stable version's by more than a margin?
//
// The hypothesis: the canary's latencies are stochastically no larger than (1 + margin) times the
// stable version's, P(canary > (1 + margin) t) ≤ P(stable > t) for every t. For each of a few
// thresholds t a RateComparison without margin looks at "stable > t" against "canary > (1 + margin)
// t"; each is an e-process, and so is their mean, whatever they have to do with each other. A whole
// distribution is compared, so a longer tail is found as a longer median is (the idea of Lindon,
// Sanden, Shirikian: Rapid regression detection in software deployments through sequential
// testing, KDD 2022, arXiv 2205.14762, with a margin).
//
// The chance of a rejection is at most alpha, at any number of looks, under the conditions of
// rate_comparison.h. Latencies of requests that wait for each other depend on each other; with
// weights drawn by request both versions share the waiting of one machine, and `cluster_size` is
// for the rest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/evidence.h"
#include "analysis/rate_comparison.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

struct LatencyOptions {
  double margin = 0.10;  // Of the stable version's latency; at least 0, at most 100.
  // What is longer by no more than this is no harm either, in the unit of the bounds: in place of
  // (1 + margin) t stands t + slack where that is more.
  double slack = 0;
  // Quantiles of the stable version's latencies at which the thresholds lie; ascending, between 0
  // and 1.
  std::vector<double> quantiles = {0.25, 0.5, 0.75, 0.9, 0.95, 0.99};
  // So many of the stable version's requests set the thresholds. They are learned from and are no
  // evidence, and so are the canary's of the same looks.
  int64_t calibration_trials = 50;
  double cluster_size = 1;  // See RateOptions.
};

// One threshold and its own evidence, to be shown.
struct LatencyThreshold {
  double quantile = 0;        // Of the stable version's latencies when it was set.
  double stable_bound = 0;    // t, in the unit of the bounds.
  double canary_bound = 0;    // The first bound at or above (1 + margin) t.
  RateComparison comparison;  // Its events are requests that took longer.
};

// A value; any thread's own.
class LatencyComparison {
 public:
  // `bounds` are the upper bounds of the histograms' buckets, which ascend and are positive, and
  // are the same for both versions; a last bucket holds what is above all. (1 + margin) t is
  // rounded up to a bound, which keeps the promise and widens the margin by up to one bucket:
  // buckets finer than a third of the margin lose little. kInvalidInput for other bounds or
  // options.
  static Result<LatencyComparison> Make(std::vector<double> bounds, LatencyOptions options);

  // Takes the requests since the last look, bounds.size() + 1 counts each. kInvalidInput for other
  // counts, and nothing taken.
  Status Observe(std::span<const int64_t> stable, std::span<const int64_t> canary);

  const Evidence& evidence() const { return evidence_; }
  // Empty until enough was seen to set them.
  const std::vector<LatencyThreshold>& thresholds() const { return thresholds_; }

  // The state without the bounds, which the program knows. kInvalidInput from FromJson where the
  // state was written for others.
  Json ToJson() const;
  static Result<LatencyComparison> FromJson(const Json& json, std::vector<double> bounds);

 private:
  LatencyComparison(std::vector<double> bounds, LatencyOptions options);

  Status Calibrate(std::span<const int64_t> stable, std::span<const int64_t> canary);
  Status SetThresholds();
  Result<LatencyThreshold> MakeThreshold(double quantile, size_t bucket, size_t canary_bucket);
  // The bucket whose upper bound is this very number; bounds.size() if there is none.
  size_t BucketOf(double bound) const;
  RateCounts CountAbove(const LatencyThreshold& threshold, std::span<const int64_t> stable,
                        std::span<const int64_t> canary) const;
  Status ReadThresholds(const Json& json);

  std::vector<double> bounds_;
  LatencyOptions options_;
  // What was seen before there were thresholds; empty afterwards.
  std::vector<int64_t> stable_;
  std::vector<int64_t> canary_;
  std::vector<LatencyThreshold> thresholds_;
  Evidence evidence_;
};

}  // namespace slipway::analysis
