// How categories become numbers: only for the files that fit a plan.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/feature_fit_internal.h"

namespace slipway::data {

// The categories of one feature, rare ones taken together, as the training rows have them.
struct CategoryGroups {
  // By code of the column, shifted by one so that the first is a missing value; -1 for codes that
  // the training rows do not have.
  std::vector<int32_t> by_code;
  int32_t count = 0;  // Groups.

  // Of each training row.
  std::vector<int32_t> OfRows(const Column& column, std::span<const int64_t> rows) const;
};

// A category feature, encoded: its plan is complete. `groups` are there for target encoding only.
struct EncodedCategories {
  bool by_target = false;
  CategoryGroups groups;
};

// kInvalidInput where one-hot would make too many columns, or target encoding has no target.
Result<EncodedCategories> EncodeCategories(const Encode& step, EncodeMethod method,
                                           const TrainingRows& training, FeatureFit* fit);

// The target as series of numbers to average: its values, or 1 for rows of a class and 0 for
// others; of two classes the second's.
int TargetSeriesCount(const Target& target);
// "target", "target Yes".
std::string TargetSeriesLabel(const Target& target, int series);
std::vector<double> TargetSeries(const TrainingRows& training, int series);

struct SmoothedMeans {
  std::vector<double> by_group;
  double overall = 0;  // Also of a group without rows.
};

// The mean of `values` by group, drawn to the mean of all: by `smoothing` rows of that, or, where
// it is absent, by how much the groups differ (empirical Bayes, Micci-Barreca 2001), as
// scikit-learn's TargetEncoder computes both. With `folds`, the rows of fold `left_out` do not
// count.
SmoothedMeans SmoothMeans(std::span<const int32_t> groups, int32_t group_count,
                          std::span<const double> values, std::optional<double> smoothing,
                          std::span<const int32_t> folds = {}, int32_t left_out = -1);

// A fold for each training row: each class (or all rows of a regression) shuffled and dealt out.
std::vector<int32_t> DealFolds(const TrainingRows& training, int32_t folds, uint64_t seed);

}  // namespace slipway::data
