#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "data/messages_internal.h"
#include "data/validation.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

constexpr double kIdentifierShare = 0.95;
constexpr int64_t kIdentifierRows = 100;

Issue MakeIdentifierIssue(const Column& column, std::string message) {
  Issue issue;
  issue.kind = "identifier_column";
  issue.severity = Severity::kWarning;
  issue.column = column.name;
  issue.limit = kIdentifierShare;
  issue.message = fmt::format("{}: {}", column.name, std::move(message));
  return issue;
}

std::string WhatHappens(const config::DataConfig& config) {
  return config.feature_columns.empty()
             ? "it is taken for an identifier and left out of the features"
             : "as a feature it says nothing of new rows";
}

Status CheckFeature(const Table& table, const config::DataConfig& config, const std::string& name) {
  const char* field = "data.feature_columns";
  if (table.Find(name) == nullptr) {
    return UnknownName(fmt::format("the data has no feature column '{}'", name), field, name,
                       ColumnNames(table));
  }
  const auto conflict = [&](const char* what) {
    return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is {}", name, what))
        .At(AtField(field))
        .Expected("columns that the model may learn from");
  };
  if (name == config.target_column) return conflict("the target as well as a feature");
  if (IsListed(config.id_columns, name)) return conflict("among id_columns as well as a feature");
  if (IsListed(config.exclude_columns, name))
    return conflict("among exclude_columns as well as a feature");
  if (std::ranges::count(config.feature_columns, name) > 1) return conflict("listed twice");
  return {};
}

}  // namespace

bool IsListed(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<const Column*> FeatureCandidates(const Table& table, const config::DataConfig& config) {
  std::vector<const Column*> candidates;
  for (const std::string& name : config.feature_columns) {
    const Column* column = table.Find(name);
    if (column != nullptr && name != config.target_column) candidates.push_back(column);
  }
  if (!config.feature_columns.empty()) return candidates;
  for (const Column& column : table.columns) {
    if (column.name == config.target_column || IsListed(config.id_columns, column.name) ||
        IsListed(config.exclude_columns, column.name)) {
      continue;
    }
    candidates.push_back(&column);
  }
  return candidates;
}

std::optional<Issue> FindIdentifier(const Column& column, const config::DataConfig& config) {
  if (config.feature_columns.empty() && column.name == config.split.group) {
    return MakeIdentifierIssue(column, "names the groups of the split, so it is no feature");
  }
  if (column.type != ColumnType::kCategory) return std::nullopt;
  const int64_t present = column.size() - column.CountMissing();
  const auto distinct = static_cast<int64_t>(column.categories.size());
  const bool never_repeats = distinct == present && present >= 2;
  const double share =
      present == 0 ? 0 : static_cast<double>(distinct) / static_cast<double>(present);
  if (!never_repeats && (present < kIdentifierRows || share <= kIdentifierShare))
    return std::nullopt;
  Issue issue = MakeIdentifierIssue(
      column, fmt::format("{}; {}",
                          never_repeats ? std::string("no value repeats")
                                        : fmt::format("{} of the values are distinct",
                                                      FormatPercent(share, 1)),
                          WhatHappens(config)));
  issue.value = share;
  issue.count = distinct;
  return issue;
}

Result<std::vector<std::string>> SelectFeatures(const Table& table,
                                                const config::DataConfig& config,
                                                std::vector<Issue>* issues) {
  std::vector<Status> failures;
  for (const std::string& name : config.feature_columns) {
    Status status = CheckFeature(table, config, name);
    if (!status.ok()) failures.push_back(std::move(status));
  }
  if (!failures.empty()) {
    Error error = failures.front().error();
    for (size_t i = 1; i < failures.size(); ++i) error = Error(error).Also(failures[i].error());
    return error;
  }
  if (!config.feature_columns.empty()) return config.feature_columns;

  std::vector<std::string> features;
  for (const Column* column : FeatureCandidates(table, config)) {
    std::optional<Issue> identifier = FindIdentifier(*column, config);
    if (!identifier) {
      features.push_back(column->name);
    } else if (issues != nullptr) {
      issues->push_back(*std::move(identifier));
    }
  }
  if (features.empty()) {
    return Error(
               ErrorCode::kInvalidInput,
               "no column is left for a feature besides target, ids, excluded ones and identifiers")
        .At(AtField("data.feature_columns"))
        .Try("naming the features");
  }
  return features;
}

}  // namespace slipway::data
