#include "analysis/share_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/histogram_internal.h"
#include "analysis/log_math_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

constexpr size_t kMostCategories = 10000;
constexpr double kMostConcentration = 1e9;

Status CheckShares(std::span<const double> expected, size_t categories) {
  constexpr double kTolerance = 1e-6;
  const auto positive = [](double share) { return share > 0 && share <= 1; };
  const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
  if (expected.size() == categories && std::ranges::all_of(expected, positive) &&
      std::fabs(sum - 1) <= kTolerance) {
    return {};
  }
  return Error(ErrorCode::kInvalidInput, "the expected shares can't be used")
      .Expected(fmt::format("{} positive shares with a sum of 1", categories));
}

std::vector<double> Scaled(std::span<const double> shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::vector<double> scaled(shares.begin(), shares.end());
  for (double& share : scaled) share /= sum;
  return scaled;
}

}  // namespace

double LogShareBayesFactor(std::span<const int64_t> counts, std::span<const double> expected,
                           double concentration) {
  double trials = 0;
  double log_factor = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    const double prior = concentration * expected[i];
    trials += count;
    log_factor += LogGamma(prior + count) - LogGamma(prior) - count * std::log(expected[i]);
  }
  return log_factor + LogGamma(concentration) - LogGamma(concentration + trials);
}

Result<ShareCheck> ShareCheck::Make(size_t categories, double concentration) {
  if (categories < 2 || categories > kMostCategories || !(concentration > 0) ||
      concentration > kMostConcentration) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} categories and a concentration of {:g}",
                                                       categories, concentration))
        .Expected("2 to 10000 categories and a concentration above 0, at most 1e9");
  }
  return ShareCheck(categories, concentration);
}

Status ShareCheck::Observe(std::span<const int64_t> counts, std::span<const double> expected) {
  SLIPWAY_RETURN_IF_ERROR(CheckShares(expected, totals_.size()));
  std::vector<int64_t> totals = totals_;
  SLIPWAY_RETURN_IF_ERROR(AddHistogram(counts, totals));
  totals_ = std::move(totals);
  std::vector<double> shares = Scaled(expected);
  if (shares != expected_) {
    earlier_log_e_ = evidence_.log_e();
    expected_ = std::move(shares);
    std::ranges::fill(counts_, 0);
  }
  for (size_t i = 0; i < counts.size(); ++i) counts_[i] += counts[i];
  evidence_.Move(earlier_log_e_ + LogShareBayesFactor(counts_, expected_, concentration_));
  return {};
}

Json ShareCheck::ToJson() const {
  return Json{{"categories", totals_.size()},
              {"concentration", concentration_},
              {"totals", totals_},
              {"counts", counts_},
              {"expected", expected_},
              {"earlier_log_e", earlier_log_e_},
              {"evidence", evidence_.ToJson()}};
}

Result<ShareCheck> ShareCheck::FromJson(const Json& json) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* totals, ReadMember(json, "totals"));
  const size_t categories = totals->size();
  SLIPWAY_ASSIGN_OR_RETURN(const double concentration, ReadNumber(json, "concentration"));
  SLIPWAY_ASSIGN_OR_RETURN(ShareCheck check, Make(categories, concentration));
  SLIPWAY_ASSIGN_OR_RETURN(check.totals_, ReadCounts(json, "totals", categories));
  SLIPWAY_ASSIGN_OR_RETURN(check.counts_, ReadCounts(json, "counts", categories));
  SLIPWAY_ASSIGN_OR_RETURN(const Json* expected, ReadMember(json, "expected"));
  if (!expected->empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(check.expected_, ReadNumbers(json, "expected", categories));
    SLIPWAY_RETURN_IF_ERROR(CheckShares(check.expected_, categories));
  }
  SLIPWAY_ASSIGN_OR_RETURN(check.earlier_log_e_, ReadNumber(json, "earlier_log_e"));
  SLIPWAY_ASSIGN_OR_RETURN(check.evidence_, ReadEvidence(json));
  return check;
}

}  // namespace slipway::analysis
