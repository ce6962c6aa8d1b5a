// What is known of one feature while a plan is being fitted: only for preprocessing_fit.cc and
// feature_selection.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/preprocessing.h"
#include "data/preprocessing_options_internal.h"

namespace slipway::data {

// Statistics are over the training rows, in the column's own unit, and of the values as the steps
// so far left them: missing ones do not count until they are filled.
struct FeatureFit {
  const Column* column = nullptr;
  FeaturePlan plan;
  int64_t present = 0;
  int64_t missing = 0;
  bool filled = false;
  std::string dropped;  // Why feature_selection left it out, "" if it is in.

  // Numbers.
  double min = 0, max = 0, mean = 0;
  // Sum of squared differences from the mean, in units of 4^exponent: the squares themselves would
  // overflow from 1e154 on and vanish below 1e-162. A power of two changes no digit.
  double m2 = 0;
  int exponent = 0;  // Of the largest difference.

  // Categories: rows by code. The text "" counts as missing.
  std::vector<int64_t> counts;

  bool numeric() const { return column->type != ColumnType::kCategory; }
};

// kInvalidInput for an infinite value, with its row.
Result<FeatureFit> MeasureFeature(const Column& column, std::span<const int64_t> rows);

// Drops features that are constant or repeat an earlier one, by setting `dropped`.
void SelectByVariance(const FeatureSelection& step, std::span<const int64_t> rows,
                      std::vector<FeatureFit>* features);

}  // namespace slipway::data
