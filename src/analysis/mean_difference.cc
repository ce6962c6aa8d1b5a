#include "analysis/mean_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

// Of the mean; 0 where it is none that rounding could not have made of numbers that are alike.
double VarianceOfMean(const NumberSums& sums) {
  constexpr double kRounding = 1e-10;  // Of the squares, for sums of a million numbers.
  const auto count = static_cast<double>(sums.count);
  const double deviations = sums.squares - sums.sum * sums.mean();
  return deviations > kRounding * sums.squares ? deviations / (count - 1) / count : 0;
}

bool CanBe(const NumberSums& sums) {
  return sums.count >= 0 && std::isfinite(sums.sum) && std::isfinite(sums.squares) &&
         sums.sum >= 0 && sums.squares >= 0;
}

void Add(const NumberSums& more, NumberSums* total) {
  total->count += more.count;
  total->sum += more.sum;
  total->squares += more.squares;
}

// Where the sequence is narrowest at `trials` (appendix B.2).
double RhoSquared(double alpha, double trials) {
  const double log = -2 * std::log(alpha);
  return (log + std::log(log + 1)) / trials;
}

Json SumsToJson(const NumberSums& sums) {
  return {{"count", sums.count}, {"sum", sums.sum}, {"squares", sums.squares}};
}

Result<NumberSums> ReadSums(const Json& json, const char* key) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* sums, ReadMember(json, key));
  NumberSums read;
  SLIPWAY_ASSIGN_OR_RETURN(read.count, ReadCount(*sums, "count"));
  SLIPWAY_ASSIGN_OR_RETURN(read.sum, ReadNumber(*sums, "sum"));
  SLIPWAY_ASSIGN_OR_RETURN(read.squares, ReadNumber(*sums, "squares"));
  if (!CanBe(read)) return BadState(key);
  return read;
}

}  // namespace

Result<MeanDifference> MeanDifference::Make(const MeanOptions& options) {
  const bool can_be = options.alpha > 0 && options.alpha < 1 && options.tuned_for >= 1 &&
                      options.least_trials >= 2 && options.cluster_size >= 1 &&
                      std::isfinite(options.cluster_size);
  if (can_be) return MeanDifference(options);
  return Error(ErrorCode::kInvalidInput,
               fmt::format("means can't be compared with alpha {:g}, tuned for {} trials, {} at "
                           "least, in clusters of {:g}",
                           options.alpha, options.tuned_for, options.least_trials,
                           options.cluster_size))
      .Expected("0 < alpha < 1, 1 trial or more, at least 2 of each, clusters of 1 or more");
}

Status MeanDifference::Observe(const NumberSums& stable, const NumberSums& canary) {
  if (!CanBe(stable) || !CanBe(canary))
    return Error(ErrorCode::kInvalidInput, "sums of numbers that can't be")
        .Expected("a count of 0 or more, a finite sum and a finite sum of squares, 0 or more");
  if (options_.by_stratum) {
    if (std::min(stable.count, canary.count) < kLeastOfStratum)
      return Error(ErrorCode::kInvalidInput, "a stratum of too few trials")
          .Expected(fmt::format("{} or more of each stream", kLeastOfStratum));
    const auto weight = static_cast<double>(canary.count);
    const double variance = VarianceOfMean(stable) + VarianceOfMean(canary);
    weighted_difference_ += weight * (canary.mean() - stable.mean());
    weighted_variance_ += weight * weight * variance;
  }
  Add(stable, &stable_);
  Add(canary, &canary_);
  return {};
}

double MeanDifference::difference() const {
  if (!options_.by_stratum) return canary_.mean() - stable_.mean();
  return canary_.count == 0 ? 0 : weighted_difference_ / static_cast<double>(canary_.count);
}

double MeanDifference::VarianceOfDifference() const {
  if (!options_.by_stratum) return VarianceOfMean(stable_) + VarianceOfMean(canary_);
  const auto weights = static_cast<double>(canary_.count);
  return weighted_variance_ / weights / weights;
}

// Divided where products might be no numbers any more.
bool MeanDifference::TellsEnough(const NumberSums& sums) const {
  if (sums.count < options_.least_trials || !(VarianceOfMean(sums) > 0)) return false;
  return sums.sum * (sums.sum / sums.squares) >= kLeastEffective * options_.cluster_size;
}

std::optional<Interval> MeanDifference::bounds() const {
  if (!TellsEnough(stable_) || !TellsEnough(canary_)) return std::nullopt;
  const double trials = static_cast<double>(stable_.count + canary_.count) / options_.cluster_size;
  const double variance = VarianceOfDifference() * options_.cluster_size;
  if (!(variance > 0) || !std::isfinite(variance)) return std::nullopt;
  const double scaled =
      trials * RhoSquared(options_.alpha, static_cast<double>(options_.tuned_for));
  const double half = std::sqrt(2 * variance * (scaled + 1) / scaled *
                                std::log(std::sqrt(scaled + 1) / options_.alpha));
  return Interval{difference() - half, difference() + half};
}

Json MeanDifference::ToJson() const {
  return {{"alpha", options_.alpha},
          {"tuned_for", options_.tuned_for},
          {"least_trials", options_.least_trials},
          {"cluster_size", options_.cluster_size},
          {"by_stratum", options_.by_stratum},
          {"weighted_difference", weighted_difference_},
          {"weighted_variance", weighted_variance_},
          {"stable", SumsToJson(stable_)},
          {"canary", SumsToJson(canary_)}};
}

Result<MeanDifference> MeanDifference::FromJson(const Json& json) {
  MeanOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.alpha, ReadNumber(json, "alpha"));
  SLIPWAY_ASSIGN_OR_RETURN(options.tuned_for, ReadCount(json, "tuned_for"));
  SLIPWAY_ASSIGN_OR_RETURN(options.least_trials, ReadCount(json, "least_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(options.cluster_size, ReadNumber(json, "cluster_size"));
  SLIPWAY_ASSIGN_OR_RETURN(options.by_stratum, ReadBool(json, "by_stratum"));
  SLIPWAY_ASSIGN_OR_RETURN(MeanDifference difference, Make(options));
  SLIPWAY_ASSIGN_OR_RETURN(difference.weighted_difference_,
                           ReadNumber(json, "weighted_difference"));
  SLIPWAY_ASSIGN_OR_RETURN(difference.weighted_variance_, ReadNumber(json, "weighted_variance"));
  SLIPWAY_ASSIGN_OR_RETURN(difference.stable_, ReadSums(json, "stable"));
  SLIPWAY_ASSIGN_OR_RETURN(difference.canary_, ReadSums(json, "canary"));
  return difference;
}

}  // namespace slipway::analysis
