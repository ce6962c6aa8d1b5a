// Tables in memory and what the data stage says of them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/distinct_sketch.h"
#include "data/frequent_values.h"
#include "data/quantile_sketch.h"

namespace slipway::data {

enum class ColumnType { kNumeric, kCategory, kTimestamp };

// "numeric", "category", "timestamp".
const char* ToString(ColumnType type);

inline constexpr double kMissingNumber = std::numeric_limits<double>::quiet_NaN();
inline constexpr int32_t kMissingCode = -1;

// Whether a double stands for one whole number only (±2^53).
bool IsWholeNumber(double value);

// One column, by type: `numbers` for numeric and timestamp columns (epoch seconds, NaN for
// missing), `codes` into `categories` for category columns (kMissingCode for missing). Categories
// stand in byte order, each used.
struct Column {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
  bool integral = false;  // Numeric, and every value is a whole number (±2^53).
  std::vector<double> numbers;
  std::vector<int32_t> codes;
  std::vector<std::string> categories;

  int64_t size() const {
    return static_cast<int64_t>(type == ColumnType::kCategory ? codes.size() : numbers.size());
  }
  bool IsMissing(int64_t row) const;
  int64_t CountMissing() const;
  // The value as the file would write it: "" for missing, shortest form for numbers (1, 0.5), the
  // category's text.
  std::string TextAt(int64_t row) const;
};

struct Table {
  std::vector<Column> columns;
  int64_t rows = 0;

  // `near` is where the column is likely to be: looked at first, for who goes through all in order.
  const Column* Find(const std::string& name, size_t near = 0) const;
  Column* Find(const std::string& name);
};

enum class Severity { kWarning, kError };

// A value that shows an issue: its row (from 1, without the header) and its text, "" for missing.
struct Example {
  int64_t row = 0;
  std::string value;
  bool missing = false;
};

// One finding of validation, as the contract prints it.
struct Issue {
  std::string
      kind;  // "too_few_rows", "high_missing_values", "missing_columns", "unreadable_value", …
  Severity severity = Severity::kError;
  std::string column;  // "" for the whole table.
  double value = 0;
  double limit = 0;
  int64_t count = 0;
  std::string message;
  std::vector<Example> examples;  // At most ten.
};

// Equal-width histogram of [low, high].
struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<int64_t> counts;
};

using CategoryCount = FrequentValue;

// What a profile can be merged and compared by; kept apart, as it is some tens of kilobytes.
struct ColumnSketches {
  QuantileSketch values;    // Finite numbers.
  DistinctSketch distinct;  // Present values.
  FrequentValues frequent;  // Present categories; numbers as text while they are few.
};

// Of texts, in code points.
struct TextLengths {
  int64_t min = 0, max = 0;
  double mean = 0;
};

// Statistics of one column; numeric ones in the column's own unit. Means and moments merge by Chan
// et al. 1979.
struct ColumnProfile {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
  bool integral = false;
  int64_t count = 0;  // All rows.
  int64_t missing = 0;
  int64_t infinite = 0;  // Present, and part of nothing below.
  int64_t distinct = 0;
  double distinct_error = 0;  // Relative standard error; 0 where `distinct` is exact.
  double min = 0, max = 0, mean = 0;
  double m2 = 0;  // Sum of squared differences from the mean: variance = m2 / (count - missing).
  std::vector<double>
      quantiles;          // At 0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1; linear interpolation.
  double rank_error = 0;  // Of quantiles and histogram, as a share of rows; 0 where they are exact.
  Histogram histogram;
  // Most frequent first, ties in byte order; at most 100. Of numbers only where they are few.
  std::vector<CategoryCount> top;
  int64_t top_error = 0;  // The most by which a count of `top` may be too low.
  TextLengths lengths;    // Of categories.
  // Share of what is unknown of the target that the column alone tells, in [0, 1]; NaN where it was
  // not asked for.
  double association = std::numeric_limits<double>::quiet_NaN();
  std::shared_ptr<const ColumnSketches> sketches;  // Null in reports.
};

// What the data stage ends in.
struct DatasetReport {
  bool passed = true;
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<Issue> issues;
  std::vector<ColumnProfile> profiles;  // One a column, in file order.
};

Json ToJson(const Issue& issue);
Json ToJson(const ColumnProfile& profile);
Json ToJson(const DatasetReport& report);
Result<ColumnProfile> ColumnProfileFromJson(const Json& json);
Result<DatasetReport> DatasetReportFromJson(const Json& json);

enum class Part : uint8_t { kTrain, kValidation, kTest };
const char* ToString(Part part);  // "train", "validation", "test"

// Which part each row belongs to, and the cross-validation fold that it is scored in, from 0: -1
// outside training, and for the oldest training rows of a split by time, which no fold scores.
struct Split {
  std::vector<Part> parts;
  std::vector<int32_t> folds;

  std::vector<int64_t> RowsOf(Part part) const;
  // Folds go forward in time: each learns from the training rows of earlier ones, and from those
  // that none scores. Else each learns from all others.
  bool forward() const;
};

// Prepared features, float32, column-major: values[column * rows + row].
struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;

  const float* Column(int64_t column) const { return values.data() + column * rows; }
  float* Column(int64_t column) { return values.data() + column * rows; }
};

}  // namespace slipway::data
