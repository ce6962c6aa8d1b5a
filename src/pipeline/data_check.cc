#include "pipeline/data_check.h"

#include <algorithm>

#include "data/reader.h"
#include "data/validation.h"

namespace slipway::pipeline {
namespace {

data::ReadOptions ReadOptionsFor(const config::DataConfig& data, int threads) {
  data::ReadOptions options;
  options.format = data.format;
  options.missing_values = data.missing_values;
  options.categorical_columns = data.categorical_columns;
  if (!data.timestamp_column.empty()) options.timestamp_columns = {data.timestamp_column};
  options.threads = threads;
  return options;
}

bool IsOneOf(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Whether a column's values may go anywhere: into the model, or into how rows are divided.
bool IsUsed(const config::DataConfig& data, const std::string& column) {
  if (column == data.target_column || column == data.split.group || column == data.split.time)
    return true;
  if (IsOneOf(data.exclude_columns, column) || IsOneOf(data.id_columns, column)) return false;
  return data.feature_columns.empty() || IsOneOf(data.feature_columns, column);
}

}  // namespace

Result<CheckedTable> ReadAndCheck(const config::DataConfig& data, const std::string& path,
                                  int threads, ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(data::ReadResult read,
                           data::ReadTable(path, ReadOptionsFor(data, threads), progress));
  // A word in a column that nobody uses is no reason to stop.
  std::erase_if(read.issues, [&](const data::Issue& issue) {
    return !issue.column.empty() && !IsUsed(data, issue.column);
  });
  CheckedTable checked;
  checked.report = data::Validate(read, data, threads);
  checked.table = std::move(read.table);
  return checked;
}

}  // namespace slipway::pipeline
