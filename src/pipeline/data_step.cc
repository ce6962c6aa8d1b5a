// The first steps of a run: reading, validating, splitting.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "data/parquet_writer.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/row_weights.h"
#include "data/shared_rows.h"
#include "data/split.h"
#include "data/validation.h"
#include "model/types.h"
#include "pipeline/data_check.h"
#include "pipeline/evaluation_slices_internal.h"
#include "pipeline/file_index.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/split_rows.h"
#include "pipeline/target_check_internal.h"

namespace slipway::pipeline {
namespace {

bool IsOneOf(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// What was read must be what the digest was taken of.
Status CheckSourceUnchanged(const RunState& state, const std::string& rows_digest) {
  if (!data::IsDatabaseUri(state.source_path)) {
    return CheckUnchanged(state.files, state.source_path, state.source);
  }
  if (rows_digest == state.source_digest) return {};
  Location location;
  location.file = state.report.source_path;
  return Error(ErrorCode::kConflict, "the rows changed while they were read")
      .At(std::move(location))
      .Try("again, or ORDER BY in data.query where their order is what changes");
}

Status ReadAndValidate(RunState& state) {
  const Rules rules{state.config().data, state.table_schema ? &*state.table_schema : nullptr};
  SLIPWAY_ASSIGN_OR_RETURN(CheckedTable checked,
                           ReadAndCheck(rules, state.source_path, state.threads, state.progress));
  SLIPWAY_RETURN_IF_ERROR(CheckSourceUnchanged(state, checked.rows_digest));
  state.dataset = std::move(checked.report);
  state.table = std::move(checked.table);
  // Where nothing after this step profiles the training rows, the report shows all rows.
  if (!state.dataset.passed) return {};
  for (data::ColumnProfile& column : state.dataset.profiles) column.sketches = nullptr;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path,
                           state.cache.PathFor(state.keys.data, "table.parquet"));
  SLIPWAY_RETURN_IF_ERROR(data::WriteParquet(path, state.table, data::ParquetUse::kCache));
  SLIPWAY_RETURN_IF_ERROR(state.cache.Seal(state.keys.data, "table.parquet"));
  return state.cache.PutJson(state.keys.data, "report", data::ToJson(state.dataset));
}

// A cached table that can't be read is as good as none.
bool TakeFromCache(RunState& state) {
  const std::optional<Json> json = state.cache.GetJson(state.keys.data, "report");
  if (!json) return false;
  auto report = data::DatasetReportFromJson(*json);
  if (!report.ok()) return false;
  const std::optional<std::string> path = state.cache.FindFile(state.keys.data, "table.parquet");
  if (!path) return false;
  auto table = data::ReadParquetExactly(*path, state.threads);
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
  const bool classes = state.target.task == data::Task::kClassification;
  if (split.stratify && classes) summary += ", stratified by " + state.target.column;
  if (!split.group.empty()) summary += ", grouped by " + split.group;
  return summary;
}

bool SplitFromCache(RunState& state) {
  const std::optional<Json> profile = state.cache.GetJson(state.keys.split, "profile");
  const std::optional<std::string> path = state.cache.FindFile(state.keys.split, "split.parquet");
  if (!profile || !path) return false;
  auto table = data::ReadParquetExactly(*path, state.threads);
  if (!table.ok()) return false;
  auto split = data::SplitFromTable(*table);
  if (!split.ok() || static_cast<int64_t>(split->parts.size()) != state.table.rows) return false;
  auto training = data::TableProfileFromJson(*profile);
  if (!training.ok()) return false;
  state.training_profile = *std::move(training);
  state.split = *std::move(split);
  return true;
}

Status MakeSplitAndProfile(RunState& state) {
  const config::Config& config = state.config();
  SLIPWAY_ASSIGN_OR_RETURN(state.split, SplitRows(state.table, state.target, config));
  state.training_profile = data::ProfileTable(state.table, state.split.RowsOf(data::Part::kTrain),
                                              data::ProfileOptionsFor(config.data), state.threads);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path,
                           state.cache.PathFor(state.keys.split, "split.parquet"));
  SLIPWAY_RETURN_IF_ERROR(
      data::WriteParquet(path, data::ToTable(state.split), data::ParquetUse::kCache));
  SLIPWAY_RETURN_IF_ERROR(state.cache.Seal(state.keys.split, "split.parquet"));
  return state.cache.PutJson(state.keys.split, "profile",
                             data::ToStoredJson(state.training_profile));
}

// A graph's inputs and outputs share their names: told here, before anything is trained.
Status CheckFeatureNames(const RunState& state) {
  const std::vector<std::string> outputs = model::OutputNames(state.target.labels);
  for (const std::string& feature : state.features) {
    if (!IsOneOf(outputs, feature)) continue;
    Location location;
    location.file = state.report.source_path;
    location.field = feature;
    return Error(ErrorCode::kInvalidInput, "a feature has the name of one of the model's outputs")
        .At(std::move(location))
        .Expected("another name than " + JoinOr(outputs))
        .Try("renaming the column, or data.exclude_columns");
  }
  return {};
}

}  // namespace

Status TakeSourceDigest(RunState& state, FileIndex& index) {
  if (data::IsDatabaseUri(state.source_path)) {
    if (state.config().data.snapshot) {
      return Error(ErrorCode::kInvalidInput, "the rows of a database can't be kept by a run")
          .At(state.loaded.PositionOf("data.snapshot"))
          .Try("false, or a query written to a file");
    }
    SLIPWAY_ASSIGN_OR_RETURN(state.source_digest,
                             data::DigestOfQuery(state.source_path, state.config().data.query));
    return {};
  }
  SLIPWAY_ASSIGN_OR_RETURN(state.source,
                           index.DigestSource(state.source_path, state.options.verify));
  state.source_digest = state.source.digest;
  return {};
}

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
  SLIPWAY_ASSIGN_OR_RETURN(state.features,
                           data::SelectFeatures(state.table, config.data, state.dataset.issues));
  SLIPWAY_RETURN_IF_ERROR(CheckAskedOfTarget(state));
  SLIPWAY_RETURN_IF_ERROR(CheckFeatureNames(state));
  SLIPWAY_ASSIGN_OR_RETURN(state.row_weights, data::RowWeights(state.table, config.data));
  SLIPWAY_RETURN_IF_ERROR(CheckSliceColumns(state.loaded, state.table));
  StepEnd end;
  end.cached = SplitFromCache(state);
  if (!end.cached) SLIPWAY_RETURN_IF_ERROR(MakeSplitAndProfile(state));
  SLIPWAY_RETURN_IF_ERROR(CheckAskedOfSplit(state));
  SLIPWAY_RETURN_IF_ERROR(
      data::WriteParquet(JoinPath(state.directory, "split.parquet"), data::ToTable(state.split)));

  report::RunReport& report = state.report;
  report.train_rows = std::ssize(state.split.RowsOf(data::Part::kTrain));
  report.validation_rows = std::ssize(state.split.RowsOf(data::Part::kValidation));
  report.test_rows = std::ssize(state.split.RowsOf(data::Part::kTest));
  end.summary = SplitSummary(state);
  if (std::optional<data::Issue> shared = data::FindSharedRows(state.table, state.split)) {
    constexpr double kWorthAWord = 0.01;
    if (shared->value >= kWorthAWord) end.summary += " · " + shared->message;
    report.dataset.issues.push_back(*std::move(shared));
  }
  report.dataset.profiles = state.training_profile.columns;
  report.target = state.target.column;
  report.task = data::ToString(state.target.task);
  report.classes = state.target.labels;
  report.positive = state.target.positive;
  end.facts = SplitFacts(state);
  return end;
}

}  // namespace slipway::pipeline
