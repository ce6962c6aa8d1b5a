// The first steps of a run: reading, validating, splitting.
#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "data/parquet_writer.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/split.h"
#include "data/validation.h"
#include "pipeline/run_state_internal.h"

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

// A file that changed after its digest was taken would be recorded under the wrong digest.
Status CheckUnchanged(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat now, state.files.Stat(state.source_path));
  if (now == state.source_stat) return {};
  Location location;
  location.file = state.source_path;
  return Error(ErrorCode::kConflict, "changed while it was read")
      .At(std::move(location))
      .Try("again when its writer is done");
}

std::vector<int64_t> AllRows(int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  for (int64_t row = 0; row < count; ++row) rows[static_cast<size_t>(row)] = row;
  return rows;
}

Status ReadAndValidate(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(
      data::ReadResult read,
      data::ReadTable(state.source_path, ReadOptionsFor(state.config().data, state.threads),
                      state.progress));
  SLIPWAY_RETURN_IF_ERROR(CheckUnchanged(state));
  state.dataset = data::Validate(read, state.config().data);
  state.table = std::move(read.table);
  if (!state.dataset.passed) {
    // Nothing after this step will profile the training rows: the report shows all rows.
    state.dataset.profiles =
        data::ProfileTable(state.table, AllRows(state.table.rows), state.threads);
    return {};
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path,
                           state.cache.PathFor(state.keys.data, "table.parquet"));
  SLIPWAY_RETURN_IF_ERROR(data::WriteParquet(path, state.table, data::ParquetUse::kCache));
  return state.cache.PutJson(state.keys.data, "report", data::ToJson(state.dataset));
}

// A cached table that can't be read is as good as none.
bool TakeFromCache(RunState& state) {
  const std::optional<Json> json = state.cache.GetJson(state.keys.data, "report");
  if (!json) return false;
  auto report = data::DatasetReportFromJson(*json);
  if (!report.ok()) return false;
  auto path = state.cache.PathFor(state.keys.data, "table.parquet");
  if (!path.ok()) return false;
  auto table = data::ReadParquetExactly(*path);
  if (!table.ok()) return false;
  state.dataset = *std::move(report);
  state.table = *std::move(table);
  return true;
}

std::string IssueSummary(const data::DatasetReport& dataset) {
  int64_t errors = 0;
  int64_t warnings = 0;
  std::string first;
  for (const data::Issue& issue : dataset.issues) {
    const bool error = issue.severity == data::Severity::kError;
    ++(error ? errors : warnings);
    // The first error is what the user must see; without one, the first warning.
    if (first.empty() || (error && errors == 1)) first = issue.message;
  }
  std::string summary = fmt::format("{}, {}", Plural(errors, "error", "errors"),
                                    Plural(warnings, "warning", "warnings"));
  if (!first.empty()) summary += fmt::format(" ({})", first);
  return summary;
}

Json SplitFacts(const RunState& state) {
  return {{"train", state.report.train_rows},
          {"validation", state.report.validation_rows},
          {"test", state.report.test_rows},
          {"digest", data::DigestOf(state.split)}};
}

std::string SplitSummary(const RunState& state) {
  const config::SplitConfig& split = state.config().data.split;
  std::string summary =
      fmt::format("{} / {} / {}", FormatCount(state.report.train_rows),
                  FormatCount(state.report.validation_rows), FormatCount(state.report.test_rows));
  if (!split.time.empty()) return summary + ", ordered by " + split.time;
  if (split.stratify) summary += ", stratified by " + state.target.column;
  if (!split.group.empty()) summary += ", grouped by " + split.group;
  return summary;
}

Result<bool> SplitFromCache(RunState& state) {
  const std::optional<Json> profile = state.cache.GetJson(state.keys.split, "profile");
  if (!profile) return false;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path,
                           state.cache.PathFor(state.keys.split, "split.parquet"));
  auto table = data::ReadParquetExactly(path);
  if (!table.ok()) return false;
  auto split = data::SplitFromTable(*table);
  if (!split.ok() || static_cast<int64_t>(split->parts.size()) != state.table.rows) return false;
  for (const Json& column : *profile) {
    SLIPWAY_ASSIGN_OR_RETURN(data::ColumnProfile one, data::ColumnProfileFromJson(column));
    state.training_profile.push_back(std::move(one));
  }
  state.split = *std::move(split);
  return true;
}

Status MakeSplitAndProfile(RunState& state) {
  const config::Config& config = state.config();
  // Rows of a regression have no classes to stratify by.
  const std::vector<int32_t> one_class(static_cast<size_t>(state.table.rows), 0);
  const bool classes = state.target.task == data::Task::kClassification;
  SLIPWAY_ASSIGN_OR_RETURN(
      state.split, data::MakeSplit(state.table, classes ? state.target.classes : one_class,
                                   classes ? state.target.class_count() : 1, config.data.split,
                                   config.model.training_config.cross_validation, SplitSeed(config),
                                   state.target.labels));
  state.training_profile =
      data::ProfileTable(state.table, state.split.RowsOf(data::Part::kTrain), state.threads);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path,
                           state.cache.PathFor(state.keys.split, "split.parquet"));
  SLIPWAY_RETURN_IF_ERROR(
      data::WriteParquet(path, data::ToTable(state.split), data::ParquetUse::kCache));
  Json profiles = Json::array();
  for (const data::ColumnProfile& profile : state.training_profile)
    profiles.push_back(data::ToJson(profile));
  return state.cache.PutJson(state.keys.split, "profile", profiles);
}

}  // namespace

Result<StepEnd> DataStep(RunState& state) {
  StepEnd end;
  end.cached = TakeFromCache(state);
  if (!end.cached) SLIPWAY_RETURN_IF_ERROR(ReadAndValidate(state));
  const data::DatasetReport& dataset = state.dataset;
  state.report.dataset = dataset;
  end.ok = dataset.passed;
  state.passed = dataset.passed;
  end.summary = fmt::format("{} × {} · {}", Plural(dataset.rows, "row", "rows"),
                            Plural(dataset.columns, "column", "columns"), IssueSummary(dataset));
  Json issues = Json::array();
  for (const data::Issue& issue : dataset.issues) issues.push_back(data::ToJson(issue));
  end.facts = {{"passed", dataset.passed},
               {"rows", dataset.rows},
               {"columns", dataset.columns},
               {"issues", std::move(issues)}};
  return end;
}

Result<StepEnd> SplitStep(RunState& state) {
  const config::Config& config = state.config();
  SLIPWAY_ASSIGN_OR_RETURN(state.target,
                           data::EncodeTarget(state.table, config.data, config.model.task));
  // Validation told about identifiers already.
  std::vector<data::Issue> told;
  SLIPWAY_ASSIGN_OR_RETURN(state.features, data::SelectFeatures(state.table, config.data, &told));
  StepEnd end;
  SLIPWAY_ASSIGN_OR_RETURN(end.cached, SplitFromCache(state));
  if (!end.cached) SLIPWAY_RETURN_IF_ERROR(MakeSplitAndProfile(state));
  SLIPWAY_RETURN_IF_ERROR(
      data::WriteParquet(JoinPath(state.directory, "split.parquet"), data::ToTable(state.split)));

  report::RunReport& report = state.report;
  report.train_rows = static_cast<int64_t>(state.split.RowsOf(data::Part::kTrain).size());
  report.validation_rows = static_cast<int64_t>(state.split.RowsOf(data::Part::kValidation).size());
  report.test_rows = static_cast<int64_t>(state.split.RowsOf(data::Part::kTest).size());
  report.dataset.profiles = state.training_profile;
  report.target = state.target.column;
  report.task = data::ToString(state.target.task);
  report.classes = state.target.labels;
  report.positive = state.target.positive;
  end.facts = SplitFacts(state);
  end.summary = SplitSummary(state);
  return end;
}

}  // namespace slipway::pipeline
