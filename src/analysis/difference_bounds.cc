#include "analysis/difference_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <utility>

#include "analysis/evidence.h"
#include "analysis/log_math_internal.h"
#include "analysis/rate_comparison.h"
#include "analysis/rate_pair_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

constexpr size_t kLargestGrid = 10000;

RateCounts Swapped(const RateCounts& counts) {
  return {counts.canary_trials, counts.canary_events, counts.stable_trials, counts.stable_events};
}

RatePair Swapped(RatePair pair) { return {pair.canary, pair.stable}; }

Status CheckOptions(const DifferenceOptions& options) {
  // The ranges that both share are RateComparison's.
  SLIPWAY_RETURN_IF_ERROR(RateComparison::Make({.margin = 0,
                                                .prior_rate = options.prior_rate,
                                                .prior_trials = options.prior_trials,
                                                .cluster_size = options.cluster_size}));
  if (!(options.alpha > 0 && options.alpha < 1)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("an alpha of {:g}", options.alpha))
        .Expected("between 0 and 1");
  }
  const auto within = [](double difference) { return difference > -1 && difference < 1; };
  if (options.grid.empty() || options.grid.size() > kLargestGrid ||
      !std::ranges::all_of(options.grid, within) ||
      std::ranges::adjacent_find(options.grid, std::greater_equal()) != options.grid.end()) {
    return Error(ErrorCode::kInvalidInput, "the grid of differences can't be used")
        .Expected("1 to 10000 ascending numbers between -1 and 1");
  }
  return {};
}

Json BetsToJson(const std::vector<std::array<double, 2>>& bets) {
  Json json = Json::array();
  for (const auto& [posterior, equal] : bets) {
    json.push_back(posterior);
    json.push_back(equal);
  }
  return json;
}

Status ReadBets(const Json& json, const char* key, std::vector<std::array<double, 2>>& bets) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> numbers,
                           ReadNumbers(json, key, 2 * bets.size()));
  for (size_t i = 0; i < bets.size(); ++i) bets[i] = {numbers[2 * i], numbers[2 * i + 1]};
  return {};
}

Result<DifferenceOptions> ReadOptions(const Json& json) {
  DifferenceOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.alpha, ReadNumber(json, "alpha"));
  SLIPWAY_ASSIGN_OR_RETURN(options.prior_rate, ReadNumber(json, "prior_rate"));
  SLIPWAY_ASSIGN_OR_RETURN(options.prior_trials, ReadNumber(json, "prior_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(options.cluster_size, ReadNumber(json, "cluster_size"));
  SLIPWAY_ASSIGN_OR_RETURN(const Json* grid, ReadMember(json, "grid"));
  SLIPWAY_ASSIGN_OR_RETURN(options.grid, ReadNumbers(json, "grid", grid->size()));
  return options;
}

}  // namespace

std::vector<double> DifferenceOptions::DefaultGrid() {
  std::vector<double> positive;
  // Divided, so that 3 / 10 is what a configuration's 0.3 is.
  for (const double parts : {1000.0, 100.0, 10.0}) {
    for (const double step : {1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
      positive.push_back(step / parts);
    }
  }
  std::vector<double> grid;
  for (const double difference : positive | std::views::reverse) grid.push_back(-difference);
  grid.insert(grid.end(), {-0.0005, 0, 0.0005});
  grid.insert(grid.end(), positive.begin(), positive.end());
  return grid;
}

DifferenceBounds::DifferenceBounds(DifferenceOptions options)
    : options_(std::move(options)),
      or_more_(options_.grid.size()),
      or_less_(options_.grid.size()),
      upper_(options_.grid.size()) {}

Result<DifferenceBounds> DifferenceBounds::Make(DifferenceOptions options) {
  SLIPWAY_RETURN_IF_ERROR(CheckOptions(options));
  return DifferenceBounds(std::move(options));
}

Status DifferenceBounds::Observe(const RateCounts& batch) {
  const RateCounts before = totals_;
  SLIPWAY_RETURN_IF_ERROR(AddBatch(batch, totals_));
  const RatePair expected = ExpectedRates(before, options_.prior_rate, options_.prior_trials);
  const double pooled = ExpectedRate(before.stable_events + before.canary_events,
                                     before.stable_trials + before.canary_trials,
                                     options_.prior_rate, options_.prior_trials);
  const std::array<RatePair, 2> bets{expected, RatePair{pooled, pooled}};
  for (size_t i = 0; i < options_.grid.size(); ++i) {
    const double difference = options_.grid[i];
    for (size_t bet = 0; bet < bets.size(); ++bet) {
      // "canary - stable ≥ d" is "stable - canary ≤ -d".
      or_more_[i][bet] +=
          LogBatchE(Swapped(bets[bet]), Swapped(batch), -difference) / options_.cluster_size;
      or_less_[i][bet] += LogBatchE(bets[bet], batch, difference) / options_.cluster_size;
    }
  }
  MoveBounds();
  return {};
}

void DifferenceBounds::MoveBounds() {
  const double threshold = LogThreshold(options_.alpha);
  while (upper_ > 0 && LogMeanExp(or_more_[upper_ - 1]) >= threshold) --upper_;
  while (lower_ < or_less_.size() && LogMeanExp(or_less_[lower_]) >= threshold) ++lower_;
}

Interval DifferenceBounds::bounds() const {
  return {lower_ == 0 ? -1.0 : options_.grid[lower_ - 1],
          upper_ == options_.grid.size() ? 1.0 : options_.grid[upper_]};
}

Json DifferenceBounds::ToJson() const {
  return Json{{"alpha", options_.alpha},
              {"prior_rate", options_.prior_rate},
              {"prior_trials", options_.prior_trials},
              {"cluster_size", options_.cluster_size},
              {"grid", options_.grid},
              {"totals", CountsToJson(totals_)},
              {"or_more", BetsToJson(or_more_)},
              {"or_less", BetsToJson(or_less_)},
              {"upper", upper_},
              {"lower", lower_}};
}

Result<DifferenceBounds> DifferenceBounds::FromJson(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(DifferenceOptions options, ReadOptions(json));
  SLIPWAY_ASSIGN_OR_RETURN(DifferenceBounds bounds, Make(std::move(options)));
  SLIPWAY_ASSIGN_OR_RETURN(bounds.totals_, ReadRateCounts(json, "totals"));
  SLIPWAY_RETURN_IF_ERROR(ReadBets(json, "or_more", bounds.or_more_));
  SLIPWAY_RETURN_IF_ERROR(ReadBets(json, "or_less", bounds.or_less_));
  const size_t size = bounds.options_.grid.size();
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t upper, ReadCount(json, "upper"));
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t lower, ReadCount(json, "lower"));
  if (std::cmp_greater(upper, size)) return BadState("upper");
  if (std::cmp_greater(lower, size)) return BadState("lower");
  bounds.upper_ = static_cast<size_t>(upper);
  bounds.lower_ = static_cast<size_t>(lower);
  return bounds;
}

}  // namespace slipway::analysis
