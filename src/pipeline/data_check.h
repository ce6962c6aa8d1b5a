// A table and the verdict on it: what a run begins with, and all that `slipway data validate` does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/table_schema.h"
#include "config/types.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::pipeline {

// The schema that `data.schema` names, relative to the project; none where it names none.
Result<std::optional<config::TableSchema>> LoadSchema(const config::Config& config);

// Columns that are text because the schema says so, whatever they hold: a number with leading zeros
// is one.
std::vector<std::string> TextColumns(const config::TableSchema* schema);

// What the verdict on a table depends on besides the table: the rules, the schema's text, and the
// day where ages count.
std::string RulesKey(const config::ValidationRules& rules, const config::TableSchema* schema,
                     const Clock& clock = SystemClock());

// What a table is judged by.
struct Rules {
  const config::DataConfig& data;
  const config::TableSchema* schema = nullptr;
  const Clock& clock = SystemClock();
  // The model that is to answer for the rows: its inputs are read as what training had.
  const model::ModelSchema* model = nullptr;
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
