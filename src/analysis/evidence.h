// Evidence against a hypothesis, in the form that may be looked at any number of times.
//
// An e-process is a statistic that starts at 1 and, while the hypothesis holds, has an expectation
// of at most 1 at every stopping time. By Ville's inequality it then ever reaches 1/alpha with a
// probability of at most alpha, whoever looks how often (Ramdas, Gruenwald, Vovk, Shafer:
// Game-theoretic statistics and safe anytime-valid inference, Statistical Science 2023).
#pragma once

#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

// The log e-value at which a hypothesis is rejected; 0 < alpha < 1.
double LogThreshold(double alpha);

// A value; any thread's own.
class Evidence {
 public:
  // The process stands at `log_e` now. What is no number is a defect of the caller and counts as no
  // change.
  void Move(double log_e);

  double log_e() const { return log_e_; }
  double max_log_e() const { return max_log_e_; }
  // min(1, 1 / the largest e-value so far): a p-value under any number of looks, which never rises.
  double p_value() const;
  // The threshold was reached at this look or an earlier one: evidence that has been enough stays
  // enough.
  bool Rejects(double alpha) const { return max_log_e_ >= LogThreshold(alpha); }

  Json ToJson() const;
  static Result<Evidence> FromJson(const Json& json);

  friend bool operator==(const Evidence&, const Evidence&) = default;

 private:
  double log_e_ = 0;
  double max_log_e_ = 0;
};

}  // namespace slipway::analysis
