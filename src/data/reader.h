// Files into tables: CSV, TSV and Parquet through Arrow, on several threads, in memory bounded by
// the result.
//
// Every value is read as the file has it and typed by us, so that a column of numbers with a word
// in it is told by row and never fails a reader half-way. Numbers take blanks around them; a column
// is numeric when at least 90 % of its present values are numbers (the rest are
// `unreadable_value`s), a timestamp when at least 90 % are ISO 8601, else a category. Unreadable
// values are missing in the table; infinite numbers are unreadable. A category of which at least
// half are numbers, or timestamps, has `mixed_values`, unless it was asked for.
//
// CSV as RFC 4180 has it, in UTF-8 with or without a byte order mark: a header line with a distinct
// name for each column, quotes around values with separators or line ends (a quote inside doubled),
// any line end. Blank lines are no rows, except in a file of one column, where they are missing
// values. Blanks around a value or a name are dropped, quoted or
// not. A file without any comma in its header is read with the separator that it has: semicolon,
// tab or bar.
//
// Parquet keeps its own types: numbers and decimals are numeric, dates and timestamps are
// timestamps, text is a category.
//
// Booleans are the categories "True" and "False" in both: in CSV either word in any case, in
// Parquet its own type (1 and 0 where a numeric column is asked for).
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

struct ReadOptions {
  std::string format =
      "auto";  // "auto" goes by the file's ending and first bytes; "csv", "tsv", "parquet".
  // After trimming blanks; "" always is. One that is a number is missing in every spelling, and in
  // Parquet's numbers.
  std::vector<std::string> missing_values = {"", "NA", "NaN", "null", "?"};
  std::vector<std::string> columns;  // Only these, in this order; empty for all.
  // The first list that names a column decides; names that the file lacks are passed over.
  std::vector<std::string> categorical_columns;  // Kept as text, whatever they hold.
  std::vector<std::string> numeric_columns;  // Numbers, whatever they hold: the rest is unreadable.
  std::vector<std::string> timestamp_columns;  // ISO 8601, or seconds since the epoch.
  bool decimal_comma = false;                  // Text has "1.234,5" for 1234.5.
  int threads = 0;                             // 0 for all available cores.
};

struct ReadResult {
  Table table;
  // `unreadable_value`, `mixed_values` and `invalid_utf8` (errors), `decimal_comma` (warning),
  // `precision_loss` (warning: whole numbers past 2^53 that a double can't hold): one a column and
  // kind, with count and the first ten rows.
  std::vector<Issue> issues;
  int64_t bytes = 0;  // Of the file.
};

// Fails with kInvalidInput and file, row and column for a ragged row, an empty file, a directory,
// binary garbage, a truncated Parquet, duplicate column names; kNotFound for a missing file (naming
// near ones); kConflict if the file changes while it is read. The result does not depend on the
// number of threads.
Result<ReadResult> ReadTable(const std::string& path, const ReadOptions& options,
                             ProgressSink& progress = SilentProgress());

}  // namespace slipway::data
