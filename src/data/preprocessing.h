// The preprocessing plan: what happens to each feature before the model, fitted on training rows
// only.
//
// The plan is exactly what the ONNX graph computes. Numbers, in double: take the part of a time,
// fill missing, subtract shift, divide by scale; then cast to float32. Categories become one-hot
// columns, in the order of `categories`, or numbers that are looked up (docs/preprocessing.md has
// the formulas).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/calendar.h"
#include "data/target.h"
#include "data/types.h"

namespace slipway::data {

// What the step `encode` says where it is not told otherwise.
inline constexpr int64_t kMaxOneHot = 64;

enum class Encoding {
  kNumeric,
  // One column a category; one more for `infrequent` if there are any.
  kOneHot,
  // One column: the category's rank by training frequency (1 = most frequent, 0 = unknown or
  // missing).
  kRank,
  // The columns of `lookups`.
  kLookup,
};

// A number for each category: one output column.
struct CategoryLookup {
  std::string label;          // "frequency", "target Yes".
  std::vector<float> values;  // By category.
  float unknown = 0;
};

struct FeaturePlan {
  std::string name;  // The input column. The parts of one time stand next to each other.
  ColumnType type = ColumnType::kNumeric;
  TimeFeature time;  // What of a timestamp; of a number always its value.
  Encoding encoding = Encoding::kNumeric;
  double fill = 0;  // Replaces NaN, before shift and scale.
  double shift = 0;
  double scale = 1;  // Never 0.
  // Different texts, "" is missing. One-hot: one output column each, in byte order. Rank: by rank,
  // from 1. Lookups: in byte order.
  std::vector<std::string> categories;
  // One-hot: rarer categories, in byte order, that share the last column.
  std::vector<std::string> infrequent;
  // One-hot: a category that training did not have is taken for an infrequent one, else all its
  // columns are 0.
  bool unknown_is_infrequent = false;
  // Categories: what a missing value becomes before it is encoded, "" to leave it missing. One of
  // `categories` or `infrequent`.
  std::string fill_category;
  std::vector<CategoryLookup> lookups;

  int64_t width() const;  // Output columns.
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
  int64_t outlier_rows = 0;  // Training rows that outlier_removal left out.

  int64_t output_columns() const;
  // "age", "created (hour)", "workclass=Private", "city (rank)": one an output column.
  std::vector<std::string> OutputNames() const;
  // For each output column the index into `features` that it comes from.
  std::vector<int> OutputSources() const;
  // For each input column the index of the first feature that is made of it.
  std::vector<size_t> InputFeatures() const;
};

// kInvalidInput for an unknown step or option, a wrong value, or a step listed twice: all that can
// be said of the steps without the data.
Status CheckPreprocessingSteps(const std::vector<config::PreprocessingStep>& steps);

// `rows` are the training rows. Steps act in the order listed (docs/preprocessing.md has their
// options and formulas); numbers still missing after the last one get their mean. Means and
// variances are summed in row order, so the result does not depend on threads. Normalising divides
// by the population standard deviation (scikit-learn's StandardScaler), 1 for constant columns.
// `target` is for the methods that look at it, and is by row of the table.
// kInvalidInput for an unknown step or option, a feature that is not there, an infinite value, one
// that float32 can't hold after its scaling, or a method that lacks its target.
Result<PreprocessingPlan> FitPreprocessing(const Table& table,
                                           const std::vector<std::string>& features,
                                           const std::vector<config::PreprocessingStep>& steps,
                                           std::span<const int64_t> rows,
                                           const Target* target = nullptr, int threads = 0);

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

struct PreparedTraining {
  PreprocessingPlan plan;
  Matrix matrix;  // A row for each training row.
};

// FitPreprocessing, and the matrix to train on. It is what ApplyPreprocessing gives but for target
// encoding: there a row's value comes from the other folds of the training rows only, so that no
// row tells the model its own label. `seed` deals the rows out.
Result<PreparedTraining> PrepareTraining(const Table& table,
                                         const std::vector<std::string>& features,
                                         const std::vector<config::PreprocessingStep>& steps,
                                         std::span<const int64_t> rows, const Target& target,
                                         uint64_t seed, int threads = 0);

Json ToJson(const PreprocessingPlan& plan);
Result<PreprocessingPlan> PreprocessingPlanFromJson(const Json& json);

}  // namespace slipway::data
