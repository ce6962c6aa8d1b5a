#include "analysis/evidence.h"

#include <algorithm>
#include <cmath>

#include "analysis/state_internal.h"

namespace slipway::analysis {

double LogThreshold(double alpha) { return -std::log(alpha); }

void Evidence::Move(double log_e) {
  if (std::isnan(log_e)) return;
  log_e_ = log_e;
  max_log_e_ = std::max(max_log_e_, log_e);
}

double Evidence::p_value() const { return std::exp(-max_log_e_); }

Json Evidence::ToJson() const { return Json{{"log_e", log_e_}, {"max_log_e", max_log_e_}}; }

Result<Evidence> Evidence::FromJson(const Json& json) {
  Evidence evidence;
  SLIPWAY_ASSIGN_OR_RETURN(evidence.log_e_, ReadNumber(json, "log_e"));
  SLIPWAY_ASSIGN_OR_RETURN(evidence.max_log_e_, ReadNumber(json, "max_log_e"));
  if (evidence.max_log_e_ < std::max(0.0, evidence.log_e_)) return BadState("max_log_e");
  return evidence;
}

}  // namespace slipway::analysis
