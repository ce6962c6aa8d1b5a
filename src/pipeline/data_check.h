// A table and the verdict on it: what a run begins with, and all that `slipway data validate` does.
#pragma once

#include <optional>
#include <string>

#include "config/table_schema.h"
#include "config/types.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::pipeline {

// How `data` has its table read.
data::ReadOptions ReadOptionsFor(const config::DataConfig& data, int threads);

// The schema that `data.schema` names, relative to the project; none where it names none.
Result<std::optional<config::TableSchema>> LoadSchema(const config::Config& config);

// What the verdict on a table depends on besides the table: the rules, the schema's text, and the
// day where ages count.
Result<std::string> RulesKey(const config::Config& config, const Clock& clock = SystemClock());

// What a table is judged by.
struct Rules {
  const config::DataConfig& data;
  const config::TableSchema* schema = nullptr;
  const Clock& clock = SystemClock();
};

struct CheckedTable {
  data::Table table;
  data::DatasetReport report;  // With the profiles of all rows.
  std::string rows_digest;     // Of a database's rows; "" of files.
};

// Reads the file at `path` as the configuration says and validates it by the rules. Nothing is said
// of values in columns that nothing uses, unless the schema does.
Result<CheckedTable> ReadAndCheck(const Rules& rules, const std::string& path, int threads,
                                  ProgressSink& progress);

// The same verdict in bounded memory, for tables of any size.
struct CheckedSource {
  data::TableProfile profile;
  data::DatasetReport report;  // With the profiles.
};
Result<CheckedSource> CheckSource(const Rules& rules, const std::string& path, int threads,
                                  ProgressSink& progress);

}  // namespace slipway::pipeline
