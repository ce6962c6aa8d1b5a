#include "pipeline/data_check.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "data/reader.h"
#include "data/scan.h"
#include "data/validation.h"

namespace slipway::pipeline {
namespace {

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

// A word in a column that nobody uses is no reason to stop.
void ForgetUnused(const config::DataConfig& data, std::vector<data::Issue>* issues) {
  std::erase_if(*issues, [&](const data::Issue& issue) {
    return !issue.column.empty() && !IsUsed(data, issue.column);
  });
}

double SecondsOf(const Clock& clock) {
  return std::chrono::duration<double>(clock.Now().time_since_epoch()).count();
}

data::DatasetReport Judge(data::TableProfile profile, std::vector<data::Issue> issues,
                          const config::DataConfig& data, const Clock& clock) {
  ForgetUnused(data, &issues);
  data::DatasetReport report = data::Validate(profile, issues, data, SecondsOf(clock));
  report.profiles = std::move(profile.columns);
  return report;
}

}  // namespace

data::ReadOptions ReadOptionsFor(const config::DataConfig& data, int threads) {
  data::ReadOptions options;
  options.format = data.format;
  options.missing_values = data.missing_values;
  options.categorical_columns = data.categorical_columns;
  if (!data.timestamp_column.empty()) options.timestamp_columns = {data.timestamp_column};
  options.threads = threads;
  return options;
}

Result<CheckedTable> ReadAndCheck(const config::DataConfig& data, const std::string& path,
                                  int threads, ProgressSink& progress, const Clock& clock) {
  SLIPWAY_ASSIGN_OR_RETURN(data::ReadResult read,
                           data::ReadTable(path, ReadOptionsFor(data, threads), progress));
  CheckedTable checked;
  checked.report = Judge(data::ProfileTable(read.table, data::ProfileOptionsFor(data), threads),
                         std::move(read.issues), data, clock);
  checked.table = std::move(read.table);
  return checked;
}

Result<data::DatasetReport> CheckSource(const config::DataConfig& data, const std::string& path,
                                        int threads, ProgressSink& progress, const Clock& clock) {
  data::TableProfiler profiler(data::ProfileOptionsFor(data));
  SLIPWAY_ASSIGN_OR_RETURN(
      data::ScanResult scan,
      data::ScanTable(path, ReadOptionsFor(data, threads), profiler, progress));
  return Judge(profiler.Finish(threads), std::move(scan.issues), data, clock);
}

}  // namespace slipway::pipeline
