// The steps of preprocessing with their options read and checked.
#pragma once

#include <variant>
#include <vector>

#include "config/types.h"
#include "core/result.h"

namespace slipway::data {

struct HandleMissing {
  enum class Fill { kMean, kMedian, kConstant };
  Fill numeric = Fill::kMean;
  double fill_value = 0;       // Of kConstant, in the unit that earlier steps left.
  bool most_frequent = false;  // Categories; else missing is a category of its own.
};

struct Normalize {
  bool min_max = false;  // To [0, 1]; else to mean 0 and standard deviation 1.
};

struct FeatureSelection {
  double min_variance = 0;  // Numeric features at or below it are dropped.
};

struct OutlierRemoval {
  double factor = 3;  // Of the interquartile range.
};

using PreprocessingAction =
    std::variant<HandleMissing, Normalize, FeatureSelection, OutlierRemoval>;

// In the order listed. kInvalidInput for an unknown step or option, a wrong value, or a step listed
// twice.
Result<std::vector<PreprocessingAction>> ParseSteps(
    const std::vector<config::PreprocessingStep>& steps);

}  // namespace slipway::data
