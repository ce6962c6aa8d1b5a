// Some rows of a table, drawn at random: what `slipway data sample` does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::pipeline {

struct SampleOptions {
  int64_t rows = 1000;
  uint64_t seed = 42;
};

struct TableSample {
  data::Table table;                // Rows in the order of the file.
  std::vector<data::Issue> issues;  // Of reading it.
};

// A uniform sample without replacement, in one pass and in memory for the sample alone. The same
// for the same file and seed.
Result<TableSample> SampleTable(const std::string& path, const data::ReadOptions& read,
                                const SampleOptions& options,
                                ProgressSink& progress = SilentProgress());

// kInvalidInput unless `path` ends in .csv or .parquet.
Status CheckSamplePath(const std::string& path);
// Writes by the path's ending; the file appears whole or not at all.
Status WriteSample(const std::string& path, const data::Table& table);
// With a header; timestamps as ISO 8601.
std::string TableToCsv(const data::Table& table);
// One object a row; null for missing.
std::vector<Json> RowsToJson(const data::Table& table);

}  // namespace slipway::pipeline
