// Where the label of two classes turns to the positive one (docs/models.md, "Decision threshold").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::train {

// What the labels are worth where they turn at `threshold`.
struct ThresholdPoint {
  double threshold = 0;
  double value = 0;
};

struct ThresholdResult {
  float least = 0.5F;     // From which probability on a row is positive.
  std::string positive;   // The class's label.
  std::string maximize;   // "" where the threshold was given; the rest is then empty.
  std::string chosen_on;  // "cross-validation", "validation"
  int64_t rows = 0;
  double false_positive = 1, false_negative = 1;  // Prices, under "cost".
  double value = 0;                               // Of the goal; "cost" is a mean a row.
  double value_at_half = 0;                       // With a threshold of 0.5.
  std::vector<ThresholdPoint> curve;              // By rising threshold, at most 200.
};

// The threshold that is best by the goal on rows with these probabilities of the positive class, of
// which `events` are 1. Every cut between two different probabilities is tried and, of equally good
// ones, that nearest to 0.5 is taken; it lies in the middle of its gap, so that rounding turns no
// label. There are rows of both classes.
ThresholdResult ChooseThreshold(const config::DecisionThresholdConfig& goal,
                                std::span<const float> scores, std::span<const uint8_t> events);

Json ToJson(const ThresholdResult& result);
Result<ThresholdResult> ThresholdResultFromJson(const Json& json);

}  // namespace slipway::train
