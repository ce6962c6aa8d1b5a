#include "analysis/latency_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "analysis/histogram_internal.h"
#include "analysis/log_math_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

constexpr double kLargestMargin = 100;
// A threshold's share of longer requests is known roughly when it is set.
constexpr double kPriorTrials = 20;

bool Ascend(const std::vector<double>& numbers, double above, double below) {
  const auto within = [=](double number) { return number > above && number < below; };
  return !numbers.empty() && std::ranges::all_of(numbers, within) &&
         std::ranges::adjacent_find(numbers, std::greater_equal()) == numbers.end();
}

Status Check(const std::vector<double>& bounds, const LatencyOptions& options) {
  if (!Ascend(bounds, 0, std::numeric_limits<double>::infinity())) {
    return Error(ErrorCode::kInvalidInput, "the bounds of the latency buckets can't be used")
        .Expected("positive numbers that ascend");
  }
  if (!Ascend(options.quantiles, 0, 1)) {
    return Error(ErrorCode::kInvalidInput, "the quantiles of the latency comparison can't be used")
        .Expected("numbers between 0 and 1 that ascend");
  }
  if (!(options.slack >= 0 && std::isfinite(options.slack))) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a slack of {:g}", options.slack))
        .Expected("0 or more, in the unit of the bounds");
  }
  if (!(options.margin >= 0 && options.margin <= kLargestMargin) ||
      options.calibration_trials < 1) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("a latency margin of {:g}, calibrated by {} trials", options.margin,
                             options.calibration_trials))
        .Expected("a margin of 0 to 100 and at least 1 trial");
  }
  SLIPWAY_RETURN_IF_ERROR(
      RateComparison::Make({.margin = 0, .cluster_size = options.cluster_size}));
  return {};
}

// Histograms are mostly zeros: pairs of bucket and count.
Json Sparse(const std::vector<int64_t>& counts) {
  Json json = Json::array();
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) json.push_back({{"bucket", i}, {"count", counts[i]}});
  }
  return json;
}

Status ReadSparse(const Json& json, const char* key, std::vector<int64_t>& counts) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* pairs, ReadMember(json, key));
  std::vector<int64_t> read(counts.size());
  for (const Json& pair : *pairs) {
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t bucket, ReadCount(pair, "bucket"));
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t count, ReadCount(pair, "count"));
    if (std::cmp_greater_equal(bucket, read.size())) return BadState(key);
    read[static_cast<size_t>(bucket)] = count;
  }
  return AddHistogram(read, counts);
}

Result<LatencyOptions> ReadOptions(const Json& json) {
  LatencyOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.margin, ReadNumber(json, "margin"));
  SLIPWAY_ASSIGN_OR_RETURN(options.slack, ReadNumber(json, "slack"));
  SLIPWAY_ASSIGN_OR_RETURN(const Json* quantiles, ReadMember(json, "quantiles"));
  SLIPWAY_ASSIGN_OR_RETURN(options.quantiles, ReadNumbers(json, "quantiles", quantiles->size()));
  SLIPWAY_ASSIGN_OR_RETURN(options.calibration_trials, ReadCount(json, "calibration_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(options.cluster_size, ReadNumber(json, "cluster_size"));
  return options;
}

}  // namespace

LatencyComparison::LatencyComparison(std::vector<double> bounds, LatencyOptions options)
    : bounds_(std::move(bounds)),
      options_(std::move(options)),
      stable_(bounds_.size() + 1),
      canary_(bounds_.size() + 1) {}

Result<LatencyComparison> LatencyComparison::Make(std::vector<double> bounds,
                                                  LatencyOptions options) {
  SLIPWAY_RETURN_IF_ERROR(Check(bounds, options));
  return LatencyComparison(std::move(bounds), std::move(options));
}

Status LatencyComparison::Observe(std::span<const int64_t> stable,
                                  std::span<const int64_t> canary) {
  if (thresholds_.empty()) return Calibrate(stable, canary);
  // Checked before anything is taken, as each threshold sees only sums.
  std::vector<int64_t> zeros(bounds_.size() + 1);
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(stable, zeros));
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(canary, zeros));
  std::vector<LatencyThreshold> next = thresholds_;
  std::vector<double> log_es;
  for (LatencyThreshold& threshold : next) {
    SLIPWAY_RETURN_IF_ERROR(threshold.comparison.Observe(CountAbove(threshold, stable, canary)));
    log_es.push_back(threshold.comparison.evidence().log_e());
  }
  thresholds_ = std::move(next);
  evidence_.Move(LogMeanExp(log_es));
  return {};
}

Status LatencyComparison::Calibrate(std::span<const int64_t> stable,
                                    std::span<const int64_t> canary) {
  std::vector<int64_t> stable_totals = stable_;
  std::vector<int64_t> canary_totals = canary_;
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(stable, stable_totals));
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(canary, canary_totals));
  stable_ = std::move(stable_totals);
  canary_ = std::move(canary_totals);
  return Total(stable_) >= options_.calibration_trials ? SetThresholds() : Status();
}

Status LatencyComparison::SetThresholds() {
  const auto trials = static_cast<double>(Total(stable_));
  std::vector<LatencyThreshold> thresholds;
  size_t bucket = 0;
  auto within = static_cast<double>(stable_[0]);
  std::optional<size_t> last;
  for (const double quantile : options_.quantiles) {
    while (within < quantile * trials && bucket < bounds_.size()) {
      within += static_cast<double>(stable_[++bucket]);
    }
    if (bucket == bounds_.size()) break;
    if (last == bucket) continue;
    last = bucket;
    // A product that rounding lifts above the bound that it is equal to stays at that bound.
    constexpr double kRounding = 1e-12;
    const double least =
        std::max(bounds_[bucket] * (1 + options_.margin), bounds_[bucket] + options_.slack) *
        (1 - kRounding);
    const auto canary_bound = std::ranges::lower_bound(bounds_, least);
    // Beyond the last bound nothing can be told apart.
    if (canary_bound == bounds_.end()) break;
    const auto canary_bucket = static_cast<size_t>(canary_bound - bounds_.begin());
    SLIPWAY_ASSIGN_OR_RETURN(const LatencyThreshold threshold,
                             MakeThreshold(quantile, bucket, canary_bucket));
    thresholds.push_back(threshold);
  }
  if (thresholds.empty()) return {};
  thresholds_ = std::move(thresholds);
  stable_.clear();
  canary_.clear();
  return {};
}

Result<LatencyThreshold> LatencyComparison::MakeThreshold(double quantile, size_t bucket,
                                                          size_t canary_bucket) {
  SLIPWAY_ASSIGN_OR_RETURN(RateComparison comparison,
                           RateComparison::Make({.margin = 0,
                                                 .prior_rate = 1 - quantile,
                                                 .prior_trials = kPriorTrials,
                                                 .cluster_size = options_.cluster_size}));
  LatencyThreshold threshold{quantile, bounds_[bucket], bounds_[canary_bucket], comparison};
  SLIPWAY_RETURN_IF_ERROR(threshold.comparison.Learn(CountAbove(threshold, stable_, canary_)));
  return threshold;
}

size_t LatencyComparison::BucketOf(double bound) const {
  const auto found = std::ranges::lower_bound(bounds_, bound);
  if (found == bounds_.end() || *found != bound) return bounds_.size();
  return static_cast<size_t>(found - bounds_.begin());
}

RateCounts LatencyComparison::CountAbove(const LatencyThreshold& threshold,
                                         std::span<const int64_t> stable,
                                         std::span<const int64_t> canary) const {
  return {Total(stable), TotalAfter(stable, BucketOf(threshold.stable_bound)), Total(canary),
          TotalAfter(canary, BucketOf(threshold.canary_bound))};
}

Json LatencyComparison::ToJson() const {
  Json thresholds = Json::array();
  for (const LatencyThreshold& threshold : thresholds_) {
    thresholds.push_back({{"quantile", threshold.quantile},
                          {"stable_bound", threshold.stable_bound},
                          {"canary_bound", threshold.canary_bound},
                          {"comparison", threshold.comparison.ToJson()}});
  }
  return Json{{"margin", options_.margin},
              {"slack", options_.slack},
              {"quantiles", options_.quantiles},
              {"calibration_trials", options_.calibration_trials},
              {"cluster_size", options_.cluster_size},
              {"buckets", bounds_.size() + 1},
              {"stable", Sparse(stable_)},
              {"canary", Sparse(canary_)},
              {"thresholds", std::move(thresholds)},
              {"evidence", evidence_.ToJson()}};
}

Result<LatencyComparison> LatencyComparison::FromJson(const Json& json,
                                                      std::vector<double> bounds) {
  SLIPWAY_ASSIGN_OR_RETURN(LatencyOptions options, ReadOptions(json));
  SLIPWAY_ASSIGN_OR_RETURN(LatencyComparison comparison,
                           Make(std::move(bounds), std::move(options)));
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t buckets, ReadCount(json, "buckets"));
  if (std::cmp_not_equal(buckets, comparison.bounds_.size() + 1)) return BadState("buckets");
  SLIPWAY_RETURN_IF_ERROR(ReadSparse(json, "stable", comparison.stable_));
  SLIPWAY_RETURN_IF_ERROR(ReadSparse(json, "canary", comparison.canary_));
  SLIPWAY_RETURN_IF_ERROR(comparison.ReadThresholds(json));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.evidence_, ReadEvidence(json));
  return comparison;
}

Status LatencyComparison::ReadThresholds(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* thresholds, ReadMember(json, "thresholds"));
  for (const Json& item : *thresholds) {
    SLIPWAY_ASSIGN_OR_RETURN(const double quantile, ReadNumber(item, "quantile"));
    SLIPWAY_ASSIGN_OR_RETURN(const double stable_bound, ReadNumber(item, "stable_bound"));
    SLIPWAY_ASSIGN_OR_RETURN(const double canary_bound, ReadNumber(item, "canary_bound"));
    if (BucketOf(stable_bound) == bounds_.size()) return BadState("stable_bound");
    if (BucketOf(canary_bound) == bounds_.size()) return BadState("canary_bound");
    SLIPWAY_ASSIGN_OR_RETURN(const Json* state, ReadMember(item, "comparison"));
    SLIPWAY_ASSIGN_OR_RETURN(RateComparison comparison, RateComparison::FromJson(*state));
    thresholds_.push_back({quantile, stable_bound, canary_bound, comparison});
  }
  if (!thresholds_.empty()) {
    stable_.clear();
    canary_.clear();
  }
  return {};
}

}  // namespace slipway::analysis
