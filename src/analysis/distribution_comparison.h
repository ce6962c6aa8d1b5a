// Do two versions' predictions differ by more than a limit: the shares of classes, or of buckets of
// a score?
//
// The hypothesis of a DistributionComparison is TV(stable, canary) ≤ limit, where the total
// variation TV is the largest difference of the two probabilities of any set of categories. So
// under it, the canary's probability of each set exceeds the stable version's by no more than the
// limit, and the e-process of rate_comparison.h with the limit as margin holds for any set that is
// chosen before the batch is seen: here the categories that the canary got more often at earlier
// looks, which is the set at which TV is reached. Of scores, whose buckets have an order, the other
// half bets on the tail by which earlier looks differ most (the Kolmogorov-Smirnov distance, which
// is at most TV).
//
// A DriftComparison is the same of live predictions, or of a feature, against shares that are
// known, as those of the training data are by a profile. That they were estimated is not
// considered: the limit has to be well above their error.
//
// The chance of a rejection is at most alpha, at any number of looks, under the conditions of
// rate_comparison.h: each category's trials are those of one distribution per batch on average.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/evidence.h"
#include "analysis/margin_process.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

struct DistributionOptions {
  double limit = 0.1;       // Of the total variation; above 0, below 1.
  bool ordered = false;     // The categories are buckets of a number, from small to large.
  double cluster_size = 1;  // See RateOptions; the rows of one request are a cluster.
};

// A value; any thread's own.
class DistributionComparison {
 public:
  // For `categories` of them, at least 2 and at most 10,000; what is rare or new is one of them, as
  // "other", since their number is fixed. kInvalidInput otherwise or for options outside their
  // ranges.
  static Result<DistributionComparison> Make(size_t categories, const DistributionOptions& options);

  // Takes the counts since the last look, one a category. kInvalidInput for other counts, and
  // nothing taken.
  Status Observe(std::span<const int64_t> stable, std::span<const int64_t> canary);

  const Evidence& evidence() const { return evidence_; }
  // The total variation of all that was observed: an estimate, too large where little was. 0
  // without any.
  double EstimatedTotalVariation() const;

  Json ToJson() const;
  static Result<DistributionComparison> FromJson(const Json& json);

 private:
  DistributionComparison(size_t categories, const DistributionOptions& options)
      : options_(options), stable_(categories), canary_(categories) {}

  DistributionOptions options_;
  std::vector<int64_t> stable_;
  std::vector<int64_t> canary_;
  MarginProcess by_set_{MarginProcess::kHalf};
  // Only where the categories are ordered.
  MarginProcess by_tail_{MarginProcess::kHalf};
  Evidence evidence_;
};

// A value; any thread's own.
class DriftComparison {
 public:
  // `reference` are the known shares, which sum up to 1 (to 1e-6; they are scaled).
  static Result<DriftComparison> Make(std::span<const double> reference,
                                      const DistributionOptions& options);

  // Takes the counts since the last look, one a category.
  Status Observe(std::span<const int64_t> live);

  const Evidence& evidence() const { return evidence_; }
  double EstimatedTotalVariation() const;

  Json ToJson() const;
  static Result<DriftComparison> FromJson(const Json& json);

 private:
  DriftComparison(std::vector<double> reference, const DistributionOptions& options)
      : options_(options), reference_(std::move(reference)), live_(reference_.size()) {}

  DistributionOptions options_;
  std::vector<double> reference_;
  std::vector<int64_t> live_;
  MarginProcess by_set_;
  MarginProcess by_tail_;
  Evidence evidence_;
};

}  // namespace slipway::analysis
