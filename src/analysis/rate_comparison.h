// Is the canary's rate of events above the stable version's by more than a margin?
//
// The hypothesis is "canary - stable ≤ margin"; an e-process collects evidence against it, batch by
// batch. Method and proof: rate_pair_internal.h (Turner, Ly, Gruenwald, arXiv 2106.02693). A
// batch's alternative is the Beta posterior mean of each stream by earlier looks, and a mixture of
// lifts over the stable one; the null's member is its reverse information projection.
//
// The chance that Rejects(alpha) ever turns true is at most alpha, at any number of looks, if
// - the trials are independent of each other, or dependent within clusters of `cluster_size` only;
// - a batch's sizes may follow from earlier batches, but not from its own outcomes. A request is
//   counted once, when its outcome is known; where errors take much longer or shorter than
//   successes, the batches around a start are off, which is one reason to leave the warm-up out;
// - in every batch the mean rates lie in the hypothesis. Rates may change between and within
//   batches, so that a fault which hits both versions alike is no evidence against the canary. A
//   cold start of the canary alone is.
// Where each request's version is drawn at random, outcomes may depend on each other in any way
// that the version has no part in: enumerated, the expectation stays at most 1 in batches of 40
// requests and more with the default margin, half of them the canary's; in batches of a dozen it
// can be 1.3.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/event_runs.h"
#include "analysis/evidence.h"
#include "analysis/margin_process.h"
#include "analysis/types.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

struct RateOptions {
  double margin = 0.005;  // 0 ≤ margin < 1, in units of the rate.
  // What is expected before anything is seen, and how many trials it counts for. It moves when a
  // canary is found out, never how often a good one is rejected.
  double prior_rate = 0.01;
  double prior_trials = 50;
  // How many trials in a row may share their fate, as when a connection breaks with the requests
  // on it: evidence grows that many times slower (by Hoelder's inequality the expectation stays at
  // most 1 under any dependence within such clusters). At least 1.
  double cluster_size = 1;
  // Whether clusters are measured, too, by runs of the canary's events, in case they are larger.
  bool measures_clusters = false;
};

// A value; any thread's own.
class RateComparison {
 public:
  // kInvalidInput for options outside their ranges.
  static Result<RateComparison> Make(const RateOptions& options);

  // Takes what was counted since the last look. A batch in which one stream is empty is learned
  // from and is no evidence. kInvalidInput, and nothing taken, unless 0 ≤ events ≤ trials.
  Status Observe(const RateCounts& batch) { return Observe(batch, batch.canary_events); }
  // The same where the canary's events were seen in order: `run_squares` as in event_runs.h, at
  // least its events. Where clusters are measured, the evidence is the least of those by clusters
  // of `cluster_size` up to the measured size. It is at most what it would be without, so the
  // promise stands; it holds for bursts of one version only, too, as well as they can be measured.
  Status Observe(const RateCounts& batch, int64_t run_squares);
  // Takes counts that the next bets learn from and that are no evidence, as of a warm-up.
  Status Learn(const RateCounts& batch) { return Learn(batch, batch.canary_events); }
  Status Learn(const RateCounts& batch, int64_t run_squares);

  const Evidence& evidence() const { return evidence_; }
  // All that was observed or learned.
  const RateCounts& totals() const { return totals_; }
  // By all that was observed or learned.
  double measured_cluster_size() const {
    return MeasuredClusterSize({totals_.canary_trials, totals_.canary_events, run_squares_});
  }
  const RateOptions& options() const { return options_; }

  // The whole state. What is read back goes on with the same bits.
  Json ToJson() const;
  static Result<RateComparison> FromJson(const Json& json);

 private:
  explicit RateComparison(const RateOptions& options);
  RateOptions options_;
  RateCounts totals_;
  int64_t run_squares_ = 0;
  // By clusters of `sizes_`, which ascend from options_.cluster_size.
  std::vector<double> sizes_;
  std::vector<MarginProcess> processes_;
  Evidence evidence_;
};

}  // namespace slipway::analysis
