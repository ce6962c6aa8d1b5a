// How much larger the canary's mean is at least and at most, of a number of 0 or more that each
// trial brings, as the size of an error: an asymptotic confidence sequence, which holds at all
// looks at once.
//
// Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and asymptotic
// confidence sequences (arXiv 2103.06476), theorem 2.2, for the difference of two means. With t
// trials of both together and the estimated variance V of the difference it is
//   difference ± sqrt(2 V (t rho² + 1) / (t rho²) · ln(sqrt(t rho² + 1) / alpha)),
// narrowest about `tuned_for` trials (rho² of the paper's appendix B.2). As with the central limit
// theorem, of which it is the form for all looks, nothing is asked of the numbers' distribution but
// moments, and what it promises holds the better the more trials there are: there is no interval
// before `least_trials` of each stream. Nor is there where few of many numbers make up the mean, as
// one large error among zeros does: of n numbers that are alike and others that are 0 the square of
// the sum is n times the sum of the squares, and that ratio, the effective sample size of weights
// (Kish: Survey Sampling, 1965, 11.7), must be kLeastEffective of each stream, times the cluster
// size. Where all are alike there is no variance to estimate, and no interval.
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/types.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

inline constexpr double kLeastEffective = 10;

// Numbers by their count, their sum and the sum of their squares.
struct NumberSums {
  int64_t count = 0;
  double sum = 0;
  double squares = 0;

  double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
  friend bool operator==(const NumberSums&, const NumberSums&) = default;
};

struct MeanOptions {
  double alpha = 0.05;  // Of both sides together.
  int64_t tuned_for = 2000;
  int64_t least_trials = 50;  // Of each stream; at least 2.
  double cluster_size = 1;    // Trials in a row that may be one: they count for so much less.
  // What is observed at once is a stratum. Then the level of both may change with time, and the
  // shares of the two as well, where all together would compare the canary's late trials with the
  // stable one's early ones (Simpson's paradox): the difference is the mean of those of the strata,
  // weighted by the canary's trials, its variance that of a weighted sum.
  bool by_stratum = false;
};

// Of each stream, in a stratum.
inline constexpr int64_t kLeastOfStratum = 20;

// A value; any thread's own.
class MeanDifference {
 public:
  // kInvalidInput for options outside their ranges.
  static Result<MeanDifference> Make(const MeanOptions& options);

  // Takes what came since the last look. kInvalidInput, and nothing taken, for counts and sums
  // below 0, numbers that are not finite and, by stratum, less than kLeastOfStratum of one.
  Status Observe(const NumberSums& stable, const NumberSums& canary);

  const NumberSums& stable() const { return stable_; }
  const NumberSums& canary() const { return canary_; }
  // Of the canary's mean minus the stable one's.
  double difference() const;
  // "nullopt" before there are enough trials, and numbers that differ.
  std::optional<Interval> bounds() const;

  // The whole state. What is read back goes on with the same bits.
  Json ToJson() const;
  static Result<MeanDifference> FromJson(const Json& json);

 private:
  explicit MeanDifference(const MeanOptions& options) : options_(options) {}
  bool TellsEnough(const NumberSums& sums) const;
  double VarianceOfDifference() const;

  MeanOptions options_;
  NumberSums stable_, canary_;
  // Over strata: the canary's trials times the difference of the means, and the square of these
  // times its variance.
  double weighted_difference_ = 0, weighted_variance_ = 0;
};

}  // namespace slipway::analysis
