// Did each version get the share that it should: of requests, by the splitter's weights, or of
// errors, by the shares of requests?
//
// Lindon, Malek: Anytime-valid inference for multinomial count data, NeurIPS 2022 (arXiv
// 2011.03567): the Bayes factor of a Dirichlet-multinomial against the multinomial of
// the expected shares, which is a martingale under them. There is no margin: with enough traffic
// any deviation is found, so this is a check of the weights ("sample ratio mismatch") and a
// reference for the tests that have one, not what a rollout is decided by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/evidence.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

// A value; any thread's own.
class ShareCheck {
 public:
  // How many trials the prior around the expected shares counts for: smaller finds large deviations
  // sooner, larger finds small ones sooner.
  static constexpr double kConcentration = 100;

  // For `categories` versions, at least 2 and at most 10,000. kInvalidInput otherwise, and for a
  // concentration that is not above 0.
  static Result<ShareCheck> Make(size_t categories, double concentration = kConcentration);

  // Takes the counts since the last look and the shares that were expected meanwhile: positive,
  // with a sum of 1 (to 1e-6; they are scaled). They may differ from look to look, as when a stage
  // ends: the evidence of each stage is multiplied. Counts of a category that should get nothing
  // are left out by the caller: one such trial is proof and needs no test. kInvalidInput for other
  // shares or counts, and nothing taken.
  Status Observe(std::span<const int64_t> counts, std::span<const double> expected);

  const Evidence& evidence() const { return evidence_; }
  // All that was observed.
  const std::vector<int64_t>& totals() const { return totals_; }

  Json ToJson() const;
  static Result<ShareCheck> FromJson(const Json& json);

 private:
  ShareCheck(size_t categories, double concentration)
      : concentration_(concentration), totals_(categories), counts_(categories) {}

  double concentration_;
  std::vector<int64_t> totals_;
  std::vector<int64_t> counts_;   // Since the shares are as they are.
  std::vector<double> expected_;  // Empty before the first look.
  double earlier_log_e_ = 0;      // Of the shares before.
  Evidence evidence_;
};

// The closed form: the log Bayes factor of counts whose expected shares never changed.
double LogShareBayesFactor(std::span<const int64_t> counts, std::span<const double> expected,
                           double concentration);

}  // namespace slipway::analysis
