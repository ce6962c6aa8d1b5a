// What a table must look like: types, ranges, categories and rules between columns, in a YAML file
// that people edit. docs/data.md documents the format.
//
// What a schema does not say is not checked, but that its columns are there. Plain values;
// expressions are kept as text, because only the data stage knows columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace slipway::config {

enum class SchemaType { kInteger, kNumber, kText, kCategory, kTimestamp, kBoolean };
// "integer", "number", "text", "category", "timestamp", "boolean".
const char* ToString(SchemaType type);

enum class SchemaSeverity { kWarning, kError };

// An end of a range: a number, of timestamps seconds since the epoch, or the time of the check.
struct SchemaBound {
  double value = 0;
  bool now = false;

  bool operator==(const SchemaBound&) const = default;
};

// Both ends included.
struct CountRange {
  std::optional<int64_t> min;
  std::optional<int64_t> max;

  bool operator==(const CountRange&) const = default;
};

struct ColumnSchema {
  std::string name = {};
  SchemaType type = SchemaType::kText;
  bool required = true;
  // The share of all rows that may be missing: 0 for `nullable: false`, 1 for `nullable: true`.
  double max_missing = 1;
  // Numbers and timestamps.
  std::optional<SchemaBound> min = {};
  std::optional<SchemaBound> max = {};
  std::optional<double> max_age =
      {};  // Seconds: of the newest timestamp, at the time of the check.
  std::vector<std::string> categories = {};  // Empty where any will do.
  std::string pattern = {};                  // Pattern::Make takes it; "" where any will do.
  CountRange length = {};                    // Code points.
  bool unique = false;
  // The share of present values that may break min, max, categories, pattern or length.
  double max_unexpected = 0;
  SchemaSeverity severity = SchemaSeverity::kError;
  // What was seen when the schema was inferred: a comment in the file, which is not read back.
  std::string note = {};
  Location at = {};  // Of its key in the file.
};

// An expression that each row must fulfil, or be unknown in.
struct RowCheck {
  std::string name = {};  // The expression itself where the file gives none.
  std::string expression = {};
  double max_failing = 0;  // The share of all rows that may fail.
  SchemaSeverity severity = SchemaSeverity::kError;
  Location at = {};  // Of the expression.
};

struct TableSchema {
  bool allow_extra_columns = true;
  bool ordered = false;  // The columns stand in the order of `columns`.
  CountRange rows;
  // Of rules on the whole table, and of columns and checks that do not say their own.
  SchemaSeverity severity = SchemaSeverity::kError;
  std::vector<ColumnSchema> columns;  // In file order, names distinct.
  std::vector<RowCheck> checks;
};

// All mistakes at once, in file order, as one Error with others(). Reads at most 64 MB.
Result<TableSchema> LoadTableSchema(const std::string& path);
// `file` is what errors name.
Result<TableSchema> ParseTableSchema(const std::string& text, const std::string& file);

// Commented YAML, columns and checks in their order; parsing it gives the same schema.
std::string WriteTableSchema(const TableSchema& schema);

}  // namespace slipway::config
