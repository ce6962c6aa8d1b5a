// Files and queries into tables, on several threads, in memory bounded by the result.
//
// What is named may be a file, a pattern or a folder (source_files.h), an object or several in S3,
// or the rows of a PostgreSQL database. Files are CSV, TSV, JSON Lines, Parquet or Arrow; text may
// be in gzip or zstd. All files of one table have the same columns, in any order, and are one
// format; types are those of all files together, and rows count over all of them.
//
// Every value of text is read as the file has it and typed by us, so that a column of numbers with
// a word in it is told by row and never fails a reader half-way. Numbers take blanks around them; a
// column is numeric when at least 90 % of its present values are numbers (the rest are
// `unreadable_value`s), a timestamp when at least 90 % are ISO 8601, else a category. Unreadable
// values are missing in the table; infinite numbers are unreadable. A category of which at least
// half are numbers, or timestamps, has `mixed_values`, unless it was asked for.
//
// CSV as RFC 4180 has it, in UTF-8 with or without a byte order mark: a header line with a distinct
// name for each column, quotes around values with separators or line ends (a quote inside doubled),
// any line end. Blank lines are no rows, except in a file of one column, where they are missing
// values. Blanks around a value or a name are dropped, quoted or not. A file without any comma in
// its header is read with the separator that it has: semicolon, tab or bar.
//
// JSON Lines has an object a line. Keys are columns wherever they first come, missing where they
// are absent or null; key b of the object that key a holds is a.b; an array is its JSON text.
//
// Parquet, Arrow and PostgreSQL keep their own types: numbers and decimals are numeric, dates and
// timestamps are timestamps, text is a category. A nested column is left out, with the issue
// `unreadable_column`, unless it is asked for by name: then it is an error.
//
// Booleans are the categories "True" and "False" everywhere: in CSV either word in any case, in the
// others their own type (1 and 0 where a numeric column is asked for).
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

struct ReadOptions {
  // "auto" goes by the file's first bytes and ending; "csv", "tsv", "jsonl", "parquet", "arrow".
  std::string format = "auto";
  std::string query;  // What to ask of a database, in SQL.
  // After trimming blanks; "" always is. One that is a number is missing in every spelling, and in
  // numbers that never were text.
  std::vector<std::string> missing_values = {"", "NA", "NaN", "null", "?"};
  std::vector<std::string> columns;  // Only these, in this order; empty for all.
  // The first list that names a column decides; names that the file lacks are passed over.
  std::vector<std::string> categorical_columns;  // Kept as text, whatever they hold.
  std::vector<std::string> numeric_columns;  // Numbers, whatever they hold: the rest is unreadable.
  std::vector<std::string> timestamp_columns;  // ISO 8601, or seconds since the epoch.
  bool decimal_comma = false;                  // CSV and TSV have "1.234,5" for 1234.5.
  int threads = 0;                             // 0 for all available cores.
};

struct ReadResult {
  Table table;
  // `unreadable_value`, `mixed_values` and `invalid_utf8` (errors), `decimal_comma` (warning),
  // `precision_loss` (warning: whole numbers past 2^53 that a double can't hold): one a column and
  // kind, with count and the first ten rows of the whole table. `unreadable_column` (error).
  std::vector<Issue> issues;
  int64_t bytes = 0;   // Of the files.
  std::string digest;  // Of a query's rows, as DigestOfQuery tells it; "" of files.
};

// Fails with kInvalidInput and the file with its own line and row for a ragged row, an empty file,
// binary garbage, a truncated file, duplicate column names; kNotFound for a missing file (naming
// near ones); kConflict if a file changes while it is read. The result does not depend on the
// number of threads.
Result<ReadResult> ReadTable(const std::string& path, const ReadOptions& options,
                             ProgressSink& progress = SilentProgress());

// Whether this is the URI of a database: postgresql://….
bool IsDatabaseUri(const std::string& text);
// What is named, for messages: without the password that the URI of a database may hold.
std::string ShownSource(const std::string& source);

// "sha256:…" of the rows that a query (or the table that the URI names) gives now.
Result<std::string> DigestOfQuery(const std::string& uri, const std::string& query);

}  // namespace slipway::data
