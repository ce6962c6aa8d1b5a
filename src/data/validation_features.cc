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

std::string WhatHappens(const config::DataConfig& config) {
  return config.feature_columns.empty()
             ? "it is taken for an identifier and left out of the features"
             : "as a feature it says nothing of new rows";
}

std::string HowDistinct(const ColumnProfile& column, double share) {
  if (column.distinct_error == 0) {
    return share == 1 ? std::string("no value repeats")
                      : fmt::format("{} of the values are distinct", FormatPercent(share, 1));
  }
  // Within three standard errors of all.
  return share >= 1 - 3 * column.distinct_error
             ? std::string("hardly any value repeats")
             : fmt::format("about {} of the values are distinct", FormatPercent(share));
}

Status CheckListed(const Table& table, const config::DataConfig& config, const std::string& name) {
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
  if (name == config.weight_column) return conflict("the weight_column as well as a feature");
  if (IsListed(config.exclude_columns, name))
    return conflict("among exclude_columns as well as a feature");
  if (std::ranges::count(config.feature_columns, name) > 1) return conflict("listed twice");
  return {};
}

}  // namespace

bool IsListed(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<size_t> FeatureCandidates(const std::vector<std::string>& names,
                                      const config::DataConfig& config) {
  std::vector<size_t> candidates;
  if (!config.feature_columns.empty()) {
    for (const std::string& name : config.feature_columns) {
      const auto found = std::ranges::find(names, name);
      if (found == names.end() || name == config.target_column) continue;
      candidates.push_back(static_cast<size_t>(found - names.begin()));
    }
    return candidates;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != config.target_column && names[i] != config.weight_column &&
        !IsListed(config.id_columns, names[i]) && !IsListed(config.exclude_columns, names[i])) {
      candidates.push_back(i);
    }
  }
  return candidates;
}

std::optional<Issue> FindIdentifier(const ColumnProfile& column, const config::DataConfig& config) {
  const auto found = [&](std::string message) {
    Issue issue = MakeIssue(Severity::kWarning, kIdentifierKind, column.name, std::move(message));
    issue.limit = kIdentifierShare;
    return issue;
  };
  if (config.feature_columns.empty() && column.name == config.split.group) {
    return found("names the groups of the split, so it is no feature");
  }
  if (column.type != ColumnType::kCategory) return std::nullopt;
  const int64_t present = column.count - column.missing;
  const int64_t distinct = std::min(column.distinct, present);
  const bool never_repeats = distinct == present && present >= 2 && column.distinct_error == 0;
  const double share =
      present == 0 ? 0 : static_cast<double>(distinct) / static_cast<double>(present);
  if (!never_repeats && (present < kIdentifierRows || share <= kIdentifierShare)) {
    return std::nullopt;
  }
  Issue issue = found(fmt::format("{}; {}", HowDistinct(column, share), WhatHappens(config)));
  issue.value = share;
  issue.count = distinct;
  return issue;
}

Result<std::vector<std::string>> SelectFeatures(const Table& table,
                                                const config::DataConfig& config,
                                                const std::vector<Issue>& issues) {
  std::vector<Status> failures;
  for (const std::string& name : config.feature_columns) {
    Status status = CheckListed(table, config, name);
    if (!status.ok()) failures.push_back(std::move(status));
  }
  if (!failures.empty()) {
    Error error = failures.front().error();
    for (size_t i = 1; i < failures.size(); ++i) error = Error(error).Also(failures[i].error());
    return error;
  }
  if (!config.feature_columns.empty()) return config.feature_columns;

  const std::vector<std::string> names = ColumnNames(table);
  std::vector<std::string> features;
  for (const size_t i : FeatureCandidates(names, config)) {
    const bool identifier = std::ranges::any_of(issues, [&](const Issue& issue) {
      return issue.kind == kIdentifierKind && issue.column == names[i];
    });
    if (!identifier) features.push_back(names[i]);
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
