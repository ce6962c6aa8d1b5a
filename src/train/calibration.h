// Probabilities that say how often: curves over a classifier's raw scores, fitted on rows that it
// did not learn from (docs/models.md, "Calibration").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "model/types.h"
#include "train/metrics.h"

namespace slipway::train {

// The name that a method is kept by: "sigmoid" for "platt", "" for "none".
std::string CanonicalCalibration(const std::string& name);

// The curve with the highest likelihood of `events` (0 or 1, one a score), whose targets are
// smoothed as Platt 1999, *Probabilistic outputs for support vector machines*, 2.2; found by Newton
// steps (Lin, Lin and Weng 2007).
model::SigmoidCurve FitSigmoid(std::span<const double> scores, std::span<const uint8_t> events);

// The rising curve with the least squared distance to `events`, by pooling adjacent violators
// (Barlow et al. 1972). Scores within 1e-8 of the largest count as one: steeper steps would differ
// between engines.
model::IsotonicCurve FitIsotonic(std::span<const double> scores, std::span<const uint8_t> events);

// For a scorer whose raw scores (rows × outputs) of rows with these classes are `raw`; a curve for
// the second of two classes, else one a class against the rest. `method` is canonical.
model::Calibration FitCalibration(const std::string& method, const model::Scorer& scorer,
                                  std::span<const double> raw, std::span<const int32_t> classes);

// How a model was calibrated, and what that did on the test part.
struct CalibrationResult {
  std::string method;
  std::string fitted_on;  // "cross-validation", "validation"
  int64_t rows = 0;       // That it was fitted on.
  std::vector<ReliabilityBin> before, after;
  Metrics metrics_before, metrics_after;  // calibration_error, brier and log_loss.
};

Json ToJson(const CalibrationResult& result);
Result<CalibrationResult> CalibrationResultFromJson(const Json& json);

}  // namespace slipway::train
