// The preprocessing plan: what happens to each feature before the model, fitted on training rows
// only.
//
// The plan is exactly what the ONNX graph computes: in double, fill missing, subtract shift, divide
// by scale; then cast to float32. Categories become one-hot columns, in the order of `categories`;
// a value that training did not have gives all zeros; missing is a category of its own ("") where
// training had some, else all zeros. More than `kMaxOneHot` categories: one column with the
// category's rank by training frequency (1 = most frequent, 0 = unknown or missing).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

inline constexpr int64_t kMaxOneHot = 64;

enum class Encoding { kNumeric, kOneHot, kRank };

struct FeaturePlan {
  std::string name;  // The input column.
  ColumnType type = ColumnType::kNumeric;
  Encoding encoding = Encoding::kNumeric;
  double fill = 0;  // Replaces NaN, before shift and scale.
  double shift = 0;
  double scale = 1;  // Never 0.
  // One-hot: one output column each, in byte order ("" is missing). Rank: by rank, from 1.
  std::vector<std::string> categories;
  // Categories: what a missing value becomes before it is encoded, "" to leave it missing. One of
  // `categories`.
  std::string fill_category;
};

// A feature that feature_selection left out, and why: "constant", "the same as 'age'".
struct DroppedFeature {
  std::string name;
  std::string reason;
};

struct PreprocessingPlan {
  // In the order of the input columns; outputs stand numeric ones first, then the categories'
  // columns, each in this order.
  std::vector<FeaturePlan> features;
  std::vector<DroppedFeature> dropped;

  int64_t output_columns() const;
  // "age", "workclass=Private", "city (rank)": one an output column.
  std::vector<std::string> OutputNames() const;
  // For each output column the index into `features` that it comes from.
  std::vector<int> OutputSources() const;
};

// `rows` are the training rows. Steps act in the order listed (docs/preprocessing.md has their
// options and formulas); numbers still missing after the last one get their mean. Means and
// variances are summed in row order, so the result does not depend on threads. Normalising divides
// by the population standard deviation (scikit-learn's StandardScaler), 1 for constant columns.
// kInvalidInput for an unknown step or option, a feature that is not there, an infinite value, or
// one that float32 can't hold after its scaling.
Result<PreprocessingPlan> FitPreprocessing(const Table& table,
                                           const std::vector<std::string>& features,
                                           const std::vector<config::PreprocessingStep>& steps,
                                           std::span<const int64_t> rows, int threads = 0);

// The rows that `outlier_removal` keeps, in their order; all of them without that step. A row goes
// when one of its numeric features lies beyond Tukey's fences, first quartile - factor × IQR and
// third quartile + factor × IQR of the present values in `rows` (Tukey 1977); factor is 3 by
// default. A feature whose quartiles are equal has no fences. Call it before FitPreprocessing, with
// training rows only, and fit on what it returns.
Result<std::vector<int64_t>> RemoveOutliers(const Table& table,
                                            const std::vector<std::string>& features,
                                            const std::vector<config::PreprocessingStep>& steps,
                                            std::span<const int64_t> rows);

// Applies the plan to `rows` of `table`. kInvalidInput names a feature that the table lacks or
// whose type is wrong.
Result<Matrix> ApplyPreprocessing(const PreprocessingPlan& plan, const Table& table,
                                  std::span<const int64_t> rows, int threads = 0);

Json ToJson(const PreprocessingPlan& plan);
Result<PreprocessingPlan> PreprocessingPlanFromJson(const Json& json);

}  // namespace slipway::data
