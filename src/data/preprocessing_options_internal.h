// The steps of preprocessing with their options read and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/calendar.h"

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

enum class SelectionMethod { kVariance, kCorrelation, kFTest, kMutualInformation };

struct FeatureSelection {
  std::vector<SelectionMethod> methods = {SelectionMethod::kVariance};  // In the order listed.
  double min_variance = 0;  // Numeric features at or below it are dropped.
  double max_correlation = 0.95;
  // Of the scoring methods kFTest and kMutualInformation: at least one of the two.
  std::optional<int64_t> k;
  std::optional<double> min_score;
};

struct OutlierRemoval {
  double factor = 3;  // Of the interquartile range.
};

struct TimestampFeatures {
  // Of each timestamp that `columns` does not name; without the step its seconds.
  std::vector<TimeFeature> features = {TimeFeature{}};
  std::vector<std::pair<std::string, std::vector<TimeFeature>>> columns;
};

enum class EncodeMethod { kAuto, kOneHot, kRank, kFrequency, kTarget };

struct Encode {
  EncodeMethod method = EncodeMethod::kAuto;
  EncodeMethod high_cardinality = EncodeMethod::kRank;  // Of kAuto past `max_one_hot`.
  int64_t max_one_hot = 64;
  double min_frequency = 0;  // In rows from 1 on, below as a share of them.
  bool unknown_is_infrequent = false;
  std::optional<double> smoothing;  // Empirical Bayes where absent.
  int64_t folds = 5;
  std::vector<std::pair<std::string, EncodeMethod>> columns;
};

using PreprocessingAction = std::variant<HandleMissing, Normalize, FeatureSelection, OutlierRemoval,
                                         TimestampFeatures, Encode>;

// In the order listed. kInvalidInput for an unknown step or option, a wrong value, or a step listed
// twice.
Result<std::vector<PreprocessingAction>> ParseSteps(
    const std::vector<config::PreprocessingStep>& steps);

// The step of this kind, or one with all defaults.
template <typename Step>
Step FindStep(const std::vector<PreprocessingAction>& actions) {
  for (const PreprocessingAction& action : actions) {
    if (const Step* step = std::get_if<Step>(&action)) return *step;
  }
  return {};
}

}  // namespace slipway::data
