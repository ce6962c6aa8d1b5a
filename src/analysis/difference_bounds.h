// How much worse the canary is at least and at most: bounds on its rate of events minus the stable
// version's that hold at all looks at once.
//
// For each difference of a fixed grid two e-processes run, one against "the difference is this or
// more", one against "this or less" (rate_pair_internal.h; Turner, Gruenwald: Exact anytime-valid
// confidence intervals for contingency tables and beyond, 2023). A bound is the outermost
// difference that is not left behind: all beyond it are rejected, too. Each side holds with
// probability 1 - alpha, both with 1 - 2 alpha, under the conditions of rate_comparison.h. Where
// the difference is not the same at all looks, the upper bound is at least its smallest, the lower
// at most its largest.
#pragma once

#include <array>
#include <vector>

#include "analysis/types.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

struct DifferenceOptions {
  double alpha = 0.05;  // Of each side.
  double prior_rate = 0.01;
  double prior_trials = 50;
  double cluster_size = 1;  // See RateOptions.
  // The differences that may become bounds: ascending, strictly between -1 and 1, not empty. A
  // limit that harm is compared with should be among them.
  std::vector<double> grid = DefaultGrid();

  // From -0.8 to 0.8, in steps of a fifth to a third of their size, down to 0.0005.
  static std::vector<double> DefaultGrid();
};

// A value; any thread's own. A look costs some microseconds a difference of the grid.
class DifferenceBounds {
 public:
  // kInvalidInput for options outside their ranges.
  static Result<DifferenceBounds> Make(DifferenceOptions options);

  // Takes what was counted since the last look, as RateComparison::Observe does.
  Status Observe(const RateCounts& batch);

  // The bounds so far; they only move inwards. "Harm is at most bounds().upper." [-1, 1] at first.
  Interval bounds() const;
  const RateCounts& totals() const { return totals_; }

  Json ToJson() const;
  static Result<DifferenceBounds> FromJson(const Json& json);

 private:
  // One difference's log e-values: half bets on the posterior means, half on equal rates.
  using Bets = std::array<double, 2>;

  explicit DifferenceBounds(DifferenceOptions options);
  void MoveBounds();

  DifferenceOptions options_;
  RateCounts totals_;
  std::vector<Bets> or_more_;  // Against "the difference is grid[i] or more".
  std::vector<Bets> or_less_;
  size_t upper_;      // grid[upper_] and all above are rejected as "or more".
  size_t lower_ = 0;  // The first `lower_` of the grid are rejected as "or less".
};

}  // namespace slipway::analysis
