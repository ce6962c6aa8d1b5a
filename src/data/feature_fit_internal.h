// What is known of one feature while a plan is being fitted: only for the files that fit one.
#pragma once

#include <cstdint>
#include <memory>
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
  std::shared_ptr<const Column> derived;  // Owns `column` where it is a part of a time.
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
  // What stands for a missing number now: the fill, or the mean that it would get at the end.
  double stand_in() const { return filled ? plan.fill : mean; }
};

// The training rows and, for methods that look at it, their target.
struct TrainingRows {
  std::span<const int64_t> rows;
  const Target* target = nullptr;
};

// kInvalidInput for an infinite value, with its row.
Result<FeatureFit> MeasureFeature(const Column& column, std::span<const int64_t> rows);

// `fit` as one of the features that its timestamp becomes, in place of the seconds.
Result<FeatureFit> DeriveFeature(const Column& column, TimeFeature feature,
                                 std::span<const int64_t> rows);

// Drops features by setting `dropped`, by each method of the step in turn. kInvalidInput where a
// method needs a target that is not there.
Status SelectFeatures(const FeatureSelection& step, const TrainingRows& training, int threads,
                      std::vector<FeatureFit>* features);

// The methods. Each leaves alone what is dropped already.
void SelectByVariance(const FeatureSelection& step, std::span<const int64_t> rows,
                      std::vector<FeatureFit>* features);
Status SelectByCorrelation(const FeatureSelection& step, std::span<const int64_t> rows, int threads,
                           std::vector<FeatureFit>* features);
Status SelectByScore(const FeatureSelection& step, SelectionMethod method,
                     const TrainingRows& training, int threads, std::vector<FeatureFit>* features);

// One-way analysis of variance between classes, or the F of a linear regression on one feature
// (scikit-learn's f_classif and f_regression): 0 for a constant feature, infinity for one that
// tells the target without error. Missing values count as what stands for them.
double FScore(const FeatureFit& fit, const TrainingRows& training);
// In nats, between the feature's and the target's bins (docs/preprocessing.md); at least 0.
double MutualInformation(const FeatureFit& fit, const TrainingRows& training);

}  // namespace slipway::data
