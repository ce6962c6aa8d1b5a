#include "pipeline/data_check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/file_system.h"
#include "data/reader.h"
#include "data/scan.h"
#include "data/schema_sink.h"
#include "data/validation.h"
#include "pipeline/predict_input_internal.h"

namespace slipway::pipeline {
namespace {

bool IsOneOf(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Whether a column's values may go anywhere: into the model, or into how rows are divided.
bool IsUsed(const config::DataConfig& data, const std::string& column) {
  if (column == data.target_column || column == data.split.group || column == data.split.time ||
      column == data.weight_column)
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

bool DependsOnTime(const config::TableSchema& schema) {
  const auto now = [](const std::optional<config::SchemaBound>& bound) {
    return bound && bound->now;
  };
  return std::ranges::any_of(schema.columns, [&](const config::ColumnSchema& column) {
    return now(column.min) || now(column.max) || column.max_age;
  });
}

// Collects all that the rules need to know in one scan.
class Checking {
 public:
  explicit Checking(const Rules& rules)
      : rules_(rules), profiler_(data::ProfileOptionsFor(rules.data)), group_(SinksFor()) {}

  data::BlockSink& sink() { return group_; }

  CheckedSource Finish(std::vector<data::Issue> found, int threads) {
    ForgetUnused(rules_.data, &found);
    if (schema_) std::ranges::move(schema_->Issues(), std::back_inserter(found));
    CheckedSource checked;
    checked.profile = profiler_.Finish(threads);
    checked.report = data::Validate(checked.profile, found, rules_.data, SecondsOf(rules_.clock));
    checked.report.profiles = checked.profile.columns;
    return checked;
  }

 private:
  std::vector<data::BlockSink*> SinksFor() {
    if (rules_.schema == nullptr) return {&profiler_};
    schema_.emplace(*rules_.schema, rules_.clock);
    return {&profiler_, &*schema_};
  }

  const Rules& rules_;
  data::TableProfiler profiler_;
  std::optional<data::SchemaSink> schema_;
  data::SinkGroup group_;
};

}  // namespace

std::vector<std::string> TextColumns(const config::TableSchema* schema) {
  std::vector<std::string> names;
  if (schema == nullptr) return names;
  for (const config::ColumnSchema& column : schema->columns) {
    const bool text =
        column.type == config::SchemaType::kText || column.type == config::SchemaType::kCategory;
    if (text) names.push_back(column.name);
  }
  return names;
}

namespace {

// How the configuration and the schema have the table read.
data::ReadOptions ReadOptionsFor(const Rules& rules, int threads) {
  const config::DataConfig& data = rules.data;
  data::ReadOptions options;
  options.format = data.format;
  options.missing_values = data.missing_values;
  options.categorical_columns = data.categorical_columns;
  if (!data.timestamp_column.empty()) options.timestamp_columns = {data.timestamp_column};
  options.decimal_comma = data.decimal == ",";
  options.query = data.query;
  std::ranges::move(TextColumns(rules.schema), std::back_inserter(options.categorical_columns));
  if (rules.model != nullptr) AddInputTypes(*rules.model, &options);
  options.threads = threads;
  return options;
}

}  // namespace

Result<std::optional<config::TableSchema>> LoadSchema(const config::Config& config) {
  std::optional<config::TableSchema> schema;
  if (config.data.schema.empty()) return schema;
  const bool absolute = config.data.schema.starts_with('/');
  SLIPWAY_ASSIGN_OR_RETURN(
      schema,
      config::LoadTableSchema(absolute ? config.data.schema
                                       : JoinPath(config.project_directory, config.data.schema)));
  return schema;
}

std::string RulesKey(const config::ValidationRules& rules, const config::TableSchema* schema,
                     const Clock& clock) {
  Json key = {{"min_rows", rules.min_rows.value_or(-1)},
              {"max_missing_ratio", rules.max_missing_ratio.value_or(-1)},
              {"max_duplicate_ratio", rules.max_duplicate_ratio.value_or(-1)},
              {"max_outlier_ratio", rules.max_outlier_ratio.value_or(-1)},
              {"max_association", rules.max_association.value_or(-1)},
              {"max_age_days", rules.max_age_days.value_or(-1)},
              {"required", rules.required_columns}};
  if (schema != nullptr) key["schema"] = config::WriteTableSchema(*schema);
  if (rules.max_age_days || (schema != nullptr && DependsOnTime(*schema))) {
    constexpr double kSecondsPerDay = 86'400;
    key["day"] = std::floor(SecondsOf(clock) / kSecondsPerDay);
  }
  return CompactJson(key);
}

Result<CheckedTable> ReadAndCheck(const Rules& rules, const std::string& path, int threads,
                                  ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(data::ReadResult read,
                           data::ReadTable(path, ReadOptionsFor(rules, threads), progress));
  Checking checking(rules);
  SLIPWAY_RETURN_IF_ERROR(data::ScanRows(read.table, checking.sink(), threads));
  CheckedTable checked;
  checked.report = checking.Finish(std::move(read.issues), threads).report;
  checked.table = std::move(read.table);
  checked.rows_digest = std::move(read.digest);
  return checked;
}

Result<CheckedSource> CheckSource(const Rules& rules, const std::string& path, int threads,
                                  ProgressSink& progress) {
  Checking checking(rules);
  SLIPWAY_ASSIGN_OR_RETURN(
      data::ScanResult scan,
      data::ScanTable(path, ReadOptionsFor(rules, threads), checking.sink(), progress));
  return checking.Finish(std::move(scan.issues), threads);
}

}  // namespace slipway::pipeline
