#include "analysis/distribution_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "analysis/category_set_internal.h"
#include "analysis/histogram_internal.h"
#include "analysis/log_math_internal.h"
#include "analysis/rate_comparison.h"
#include "analysis/rate_pair_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

constexpr size_t kMostCategories = 10000;

Status Check(size_t categories, const DistributionOptions& options) {
  if (categories < 2 || categories > kMostCategories) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} categories", categories))
        .Expected("2 to 10000");
  }
  if (!(options.limit > 0 && options.limit < 1)) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("a total variation of {:g} as limit", options.limit))
        .Expected("above 0 and below 1");
  }
  SLIPWAY_RETURN_IF_ERROR(
      RateComparison::Make({.margin = 0, .cluster_size = options.cluster_size}));
  return {};
}

Json OptionsToJson(const DistributionOptions& options) {
  return Json{{"limit", options.limit},
              {"ordered", options.ordered},
              {"cluster_size", options.cluster_size}};
}

Result<DistributionOptions> ReadOptions(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* stored, ReadMember(json, "options"));
  DistributionOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.limit, ReadNumber(*stored, "limit"));
  SLIPWAY_ASSIGN_OR_RETURN(options.cluster_size, ReadNumber(*stored, "cluster_size"));
  const auto ordered = stored->find("ordered");
  if (ordered == stored->end() || !ordered->is_boolean()) return BadState("ordered");
  options.ordered = ordered->get<bool>();
  return options;
}

// A set's shares may round to 0 or 1, which no bet may be on.
RatePair Inside(double stable, double canary) {
  constexpr double kEdge = 1e-9;
  return {std::clamp(stable, kEdge, 1 - kEdge), std::clamp(canary, kEdge, 1 - kEdge)};
}

double LogE(const DistributionOptions& options, const MarginProcess& by_set,
            const MarginProcess& by_tail) {
  if (!options.ordered) return by_set.LogE();
  return LogMeanExp(std::array{by_set.LogE(), by_tail.LogE()});
}

std::vector<double> Scaled(std::span<const double> shares, double sum) {
  std::vector<double> scaled(shares.begin(), shares.end());
  for (double& share : scaled) share /= sum;
  return scaled;
}

}  // namespace

Result<DistributionComparison> DistributionComparison::Make(size_t categories,
                                                            const DistributionOptions& options) {
  SLIPWAY_RETURN_IF_ERROR(Check(categories, options));
  return DistributionComparison(categories, options);
}

Status DistributionComparison::Observe(std::span<const int64_t> stable,
                                       std::span<const int64_t> canary) {
  std::vector<int64_t> stable_totals = stable_;
  std::vector<int64_t> canary_totals = canary_;
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(stable, stable_totals));
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(canary, canary_totals));
  const std::vector<double> stable_shares = ExpectedShares(stable_);
  const std::vector<double> canary_shares = ExpectedShares(canary_);
  const auto bet = [&](const CategorySet& set, MarginProcess& process) {
    process.Add(Inside(ShareOf(set, stable_shares), ShareOf(set, canary_shares)),
                {Total(stable), CountOf(set, stable), Total(canary), CountOf(set, canary)},
                options_.limit, options_.cluster_size);
  };
  bet(LargerIn(canary_shares, stable_shares), by_set_);
  if (options_.ordered) bet(LargerTail(canary_shares, stable_shares), by_tail_);
  evidence_.Move(LogE(options_, by_set_, by_tail_));
  stable_ = std::move(stable_totals);
  canary_ = std::move(canary_totals);
  return {};
}

double DistributionComparison::EstimatedTotalVariation() const {
  if (Total(stable_) == 0 || Total(canary_) == 0) return 0;
  return TotalVariation(ObservedShares(stable_), ObservedShares(canary_));
}

Json DistributionComparison::ToJson() const {
  return Json{{"options", OptionsToJson(options_)},
              {"stable", stable_},
              {"canary", canary_},
              {"by_set", ProcessToJson(by_set_)},
              {"by_tail", ProcessToJson(by_tail_)},
              {"evidence", evidence_.ToJson()}};
}

Result<DistributionComparison> DistributionComparison::FromJson(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const DistributionOptions options, ReadOptions(json));
  SLIPWAY_ASSIGN_OR_RETURN(const Json* stable, ReadMember(json, "stable"));
  const size_t categories = stable->size();
  SLIPWAY_ASSIGN_OR_RETURN(DistributionComparison comparison, Make(categories, options));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.stable_, ReadCounts(json, "stable", categories));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.canary_, ReadCounts(json, "canary", categories));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.by_set_, ReadProcessIn(json, "by_set"));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.by_tail_, ReadProcessIn(json, "by_tail"));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.evidence_, ReadEvidence(json));
  return comparison;
}

Result<DriftComparison> DriftComparison::Make(std::span<const double> reference,
                                              const DistributionOptions& options) {
  SLIPWAY_RETURN_IF_ERROR(Check(reference.size(), options));
  constexpr double kTolerance = 1e-6;
  const double sum = std::accumulate(reference.begin(), reference.end(), 0.0);
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  if (!std::ranges::all_of(reference, is_share) || !(std::fabs(sum - 1) <= kTolerance)) {
    return Error(ErrorCode::kInvalidInput, "the reference's shares can't be used")
        .Expected("shares from 0 to 1 with a sum of 1");
  }
  return DriftComparison(Scaled(reference, sum), options);
}

Status DriftComparison::Observe(std::span<const int64_t> live) {
  std::vector<int64_t> totals = live_;
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(live, totals));
  const std::vector<double> shares = ExpectedShares(live_);
  const auto bet = [&](const CategorySet& set, MarginProcess& process) {
    process.AddAgainstKnown(Inside(ShareOf(set, reference_), ShareOf(set, shares)),
                            {0, 0, Total(live), CountOf(set, live)}, options_.limit,
                            options_.cluster_size);
  };
  bet(LargerIn(shares, reference_), by_set_);
  if (options_.ordered) bet(LargerTail(shares, reference_), by_tail_);
  evidence_.Move(LogE(options_, by_set_, by_tail_));
  live_ = std::move(totals);
  return {};
}

double DriftComparison::EstimatedTotalVariation() const {
  return Total(live_) == 0 ? 0 : TotalVariation(ObservedShares(live_), reference_);
}

Json DriftComparison::ToJson() const {
  return Json{{"options", OptionsToJson(options_)},
              {"reference", reference_},
              {"live", live_},
              {"by_set", ProcessToJson(by_set_)},
              {"by_tail", ProcessToJson(by_tail_)},
              {"evidence", evidence_.ToJson()}};
}

Result<DriftComparison> DriftComparison::FromJson(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const DistributionOptions options, ReadOptions(json));
  SLIPWAY_ASSIGN_OR_RETURN(const Json* stored, ReadMember(json, "reference"));
  const size_t categories = stored->size();
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<double> reference,
                           ReadNumbers(json, "reference", categories));
  SLIPWAY_ASSIGN_OR_RETURN(DriftComparison comparison, Make(reference, options));
  // As stored: scaling again could change the last bit.
  comparison.reference_ = std::move(reference);
  SLIPWAY_ASSIGN_OR_RETURN(comparison.live_, ReadCounts(json, "live", categories));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.by_set_, ReadProcessIn(json, "by_set"));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.by_tail_, ReadProcessIn(json, "by_tail"));
  SLIPWAY_ASSIGN_OR_RETURN(comparison.evidence_, ReadEvidence(json));
  return comparison;
}

}  // namespace slipway::analysis
