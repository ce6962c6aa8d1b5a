#include "analysis/rate_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include "analysis/rate_pair_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

constexpr double kMostPriorTrials = 1e9;
constexpr double kLargestCluster = 1e9;

Status CheckOptions(const RateOptions& options) {
  // Written so that what is no number fails.
  if (!(options.margin >= 0 && options.margin < 1)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a margin of {:g}", options.margin))
        .Expected("at least 0 and below 1");
  }
  if (!(options.prior_rate > 0 && options.prior_rate < 1 && options.prior_trials > 0 &&
        options.prior_trials <= kMostPriorTrials)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a prior rate of {:g} by {:g} trials",
                                                       options.prior_rate, options.prior_trials))
        .Expected("a rate between 0 and 1 and more than 0 trials, at most 1e9");
  }
  if (!(options.cluster_size >= 1 && options.cluster_size <= kLargestCluster)) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("clusters of {:g} trials", options.cluster_size))
        .Expected("at least 1 and at most 1e9");
  }
  return {};
}

Result<RateOptions> ReadOptions(const Json& json) {
  RateOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.margin, ReadNumber(json, "margin"));
  SLIPWAY_ASSIGN_OR_RETURN(options.prior_rate, ReadNumber(json, "prior_rate"));
  SLIPWAY_ASSIGN_OR_RETURN(options.prior_trials, ReadNumber(json, "prior_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(options.cluster_size, ReadNumber(json, "cluster_size"));
  SLIPWAY_ASSIGN_OR_RETURN(options.measures_clusters, ReadBool(json, "measures_clusters"));
  SLIPWAY_RETURN_IF_ERROR(CheckOptions(options));
  return options;
}

// What clusters are taken for, if they are measured as no smaller: between two of them evidence
// grows at most 1.7 times slower than it might.
constexpr std::array kSizes = {1.5, 2.0, 3.0, 5.0, kLargestMeasured};

}  // namespace

RateComparison::RateComparison(const RateOptions& options)
    : options_(options), sizes_{options.cluster_size} {
  if (options.measures_clusters) {
    std::ranges::copy_if(kSizes, std::back_inserter(sizes_),
                         [&](double size) { return size > options.cluster_size; });
  }
  processes_.assign(sizes_.size(), MarginProcess(MarginProcess::kHalf));
}

Result<RateComparison> RateComparison::Make(const RateOptions& options) {
  SLIPWAY_RETURN_IF_ERROR(CheckOptions(options));
  return RateComparison(options);
}

Status RateComparison::Observe(const RateCounts& batch, int64_t run_squares) {
  const RateCounts before = totals_;
  SLIPWAY_RETURN_IF_ERROR(Learn(batch, run_squares));
  const RatePair expected = ExpectedRates(before, options_.prior_rate, options_.prior_trials);
  const double measured = measured_cluster_size();
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < sizes_.size(); ++i) {
    processes_[i].Add(expected, batch, options_.margin, sizes_[i]);
    if (i == 0 || sizes_[i] <= measured) least = std::min(least, processes_[i].LogE());
  }
  evidence_.Move(least);
  return {};
}

Status RateComparison::Learn(const RateCounts& batch, int64_t run_squares) {
  if (run_squares < batch.canary_events) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("runs of events whose squares add up to {}", run_squares))
        .Expected(fmt::format("at least as many as events, {}", batch.canary_events));
  }
  SLIPWAY_RETURN_IF_ERROR(AddBatch(batch, totals_));
  run_squares_ += run_squares;
  return {};
}

Json RateComparison::ToJson() const {
  Json processes = Json::array();
  for (const MarginProcess& process : processes_) processes.push_back(ProcessToJson(process));
  return Json{{"margin", options_.margin},
              {"prior_rate", options_.prior_rate},
              {"prior_trials", options_.prior_trials},
              {"cluster_size", options_.cluster_size},
              {"totals", CountsToJson(totals_)},
              {"run_squares", run_squares_},
              {"measures_clusters", options_.measures_clusters},
              {"processes", std::move(processes)},
              {"evidence", evidence_.ToJson()}};
}

Result<RateComparison> RateComparison::FromJson(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const RateOptions options, ReadOptions(json));
  RateComparison comparison(options);
  SLIPWAY_ASSIGN_OR_RETURN(comparison.totals_, ReadRateCounts(json, "totals"));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.run_squares_, ReadCount(json, "run_squares"));
  if (comparison.run_squares_ < comparison.totals_.canary_events) return BadState("run_squares");
  SLIPWAY_ASSIGN_OR_RETURN(const Json* processes, ReadMember(json, "processes"));
  if (!processes->is_array() || processes->size() != comparison.processes_.size())
    return BadState("processes");
  for (size_t i = 0; i < processes->size(); ++i) {
    SLIPWAY_ASSIGN_OR_RETURN(comparison.processes_[i], ReadProcess((*processes)[i], "processes"));
  }
  SLIPWAY_ASSIGN_OR_RETURN(comparison.evidence_, ReadEvidence(json));
  return comparison;
}

}  // namespace slipway::analysis
