#include "analysis/margin_process.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/log_math_internal.h"
#include "analysis/rate_pair_internal.h"

namespace slipway::analysis {
namespace {

constexpr double kFirstLift = 0.005;
// Lifts beyond it are cut, so that every alternative stays strictly below 1.
constexpr double kHighestRate = 0.995;

// What is bet on, part by part: the expected pair, then the lifts over its stable rate.
RatePair Alternative(RatePair expected, double margin, size_t part) {
  if (part == 0) return expected;
  const double lift = std::ldexp(kFirstLift, static_cast<int>(part) - 1);
  return {expected.stable, std::min(kHighestRate, expected.stable + margin + lift)};
}

}  // namespace

MarginProcess::MarginProcess(double kept) : kept_(kept) { parts_.fill(std::log1p(-kept)); }

MarginProcess MarginProcess::Of(const std::array<double, kParts>& parts, double kept) {
  MarginProcess process;
  process.parts_ = parts;
  process.kept_ = kept;
  return process;
}

// 1 / kept grows by 1 / (kHalf * kHorizon) a trial.
void MarginProcess::Stake(double trials) {
  const double left = kept_ / (1 + trials * kept_ / (kHalf * kHorizon));
  const double staked = kept_ - left;
  if (!(staked > 0)) return;
  kept_ = left;
  for (double& part : parts_) part = LogAddExp(part, std::log(staked));
}

void MarginProcess::Add(RatePair expected, const RateCounts& batch, double margin,
                        double cluster_size) {
  Stake(static_cast<double>(batch.canary_trials) / cluster_size);
  for (size_t part = 0; part < kParts; ++part) {
    parts_[part] += LogBatchE(Alternative(expected, margin, part), batch, margin) / cluster_size;
  }
}

void MarginProcess::AddAgainstKnown(RatePair expected, const RateCounts& batch, double margin,
                                    double cluster_size) {
  const double limit = expected.stable + margin;
  Stake(static_cast<double>(batch.canary_trials) / cluster_size);
  for (size_t part = 0; part < kParts; ++part) {
    const RatePair alternative = Alternative(expected, margin, part);
    if (alternative.canary <= limit) continue;
    // The stable rate is the same on both sides, so its part of the ratio is 1.
    parts_[part] +=
        LogLikelihoodRatio(alternative.canary, limit, batch.canary_events, batch.canary_trials) /
        cluster_size;
  }
}

double MarginProcess::LogE() const {
  const std::array halves{parts_[0], LogMeanExp(std::span(parts_).subspan(1))};
  const double bets = LogMeanExp(halves);
  return kept_ > 0 ? LogAddExp(bets, std::log(kept_)) : bets;
}

}  // namespace slipway::analysis
