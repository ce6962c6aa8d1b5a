// More than one question at a time: which of many hypotheses to reject, and what each metric of a
// rollout may cost. Pure functions and a value.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace slipway::analysis {

// e-BH at level alpha (Wang, Ramdas: False discovery rate control with e-values, Journal of the
// Royal Statistical Society B, 2022): of K hypotheses those with the k largest e-values are
// rejected, where k is the largest number such that the k-th largest is at least K / (k alpha). The
// expected share of true ones among the rejected is at most alpha whatever the e-values have to do
// with each other, and, of e-processes, whenever one stops; Benjamini and Hochberg's procedure
// promises neither. A flag for each of `log_e`, in its order; no number is never rejected.
//
// What is promised is for one stopping time: a hypothesis counts as rejected while it is among
// them, so current e-values belong here, not the largest so far.
std::vector<bool> RejectedByEbh(std::span<const double> log_e, double alpha);

// How alpha is shared over the metrics of a rollout, so that the chance that any of them ever
// rejects wrongly is at most alpha (Bonferroni). Immutable.
class AlphaShares {
 public:
  // Equal shares. kInvalidInput unless 0 < alpha < 1, or for no metrics or one named twice.
  static Result<AlphaShares> Equal(double alpha, const std::vector<std::string>& metrics);
  // Shares in proportion to positive weights.
  static Result<AlphaShares> Weighted(double alpha,
                                      const std::vector<std::pair<std::string, double>>& weights);

  // The metric's own alpha. kNotFound for a name that has none: it must not be decided by.
  Result<double> Of(std::string_view metric) const;
  double alpha() const { return alpha_; }
  // In the order given.
  const std::vector<std::pair<std::string, double>>& shares() const { return shares_; }

 private:
  AlphaShares(double alpha, std::vector<std::pair<std::string, double>> shares)
      : alpha_(alpha), shares_(std::move(shares)) {}

  double alpha_;
  std::vector<std::pair<std::string, double>> shares_;
};

}  // namespace slipway::analysis
