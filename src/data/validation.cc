#include "data/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "core/text.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

// Collects the issues of one table.
class Validation {
 public:
  Validation(const TableProfile& profile, const config::DataConfig& config, double now)
      : profile_(profile), config_(config), now_(now) {
    for (const ColumnProfile& column : profile.columns) names_.push_back(column.name);
  }

  std::vector<Issue> Run() {
    CheckRowCount();
    CheckColumnNames();
    for (size_t i = 0; i < names_.size(); ++i) CheckMissingValues(i);
    CheckTarget(profile_, config_, &issues_);
    for (const size_t i : FeatureCandidates(names_, config_)) {
      CheckFeature(profile_.columns[i], profile_.infinite_rows[i], config_, &issues_);
    }
    CheckFreshness();
    CheckDuplicates();
    return std::move(issues_);
  }

 private:
  Issue& Add(Severity severity, std::string kind, std::string column, std::string message) {
    return issues_.emplace_back(
        MakeIssue(severity, std::move(kind), std::move(column), std::move(message)));
  }

  double ShareOf(int64_t count) const {
    return profile_.rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(profile_.rows);
  }

  void CheckRowCount() {
    const int64_t least = std::max<int64_t>(config_.validation_rules.min_rows.value_or(1), 1);
    if (profile_.rows >= least) return;
    Issue& issue =
        Add(Severity::kError, "too_few_rows", "",
            fmt::format("{}, at least {} expected",
                        profile_.rows == 0 ? "no rows" : Plural(profile_.rows, "row", "rows"),
                        FormatCount(least)));
    issue.value = static_cast<double>(profile_.rows);
    issue.limit = static_cast<double>(least);
    issue.count = profile_.rows;
  }

  void CheckPresence(const std::string& name, const char* role, Severity severity) {
    if (name.empty() || IsListed(names_, name) || IsListed(missing_columns_, name)) return;
    missing_columns_.push_back(name);
    const std::string nearest = NearestName(name, names_);
    const bool error = severity == Severity::kError;
    const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
    Issue& issue =
        Add(severity, error ? "missing_columns" : "unknown_columns", name,
            error ? fmt::format("the {} is missing{}", role, hint)
                  : fmt::format("{} names it, but the data does not have it{}", role, hint));
    issue.count = 1;
  }

  void CheckColumnNames() {
    CheckPresence(config_.target_column, "target column", Severity::kError);
    for (const std::string& name : config_.feature_columns) {
      CheckPresence(name, "feature column", Severity::kError);
    }
    for (const std::string& name : config_.validation_rules.required_columns) {
      CheckPresence(name, "required column", Severity::kError);
    }
    CheckPresence(config_.split.group, "split's group column", Severity::kError);
    CheckPresence(config_.split.time, "split's time column", Severity::kError);
    CheckPresence(config_.weight_column, "weight_column", Severity::kError);
    for (const std::string& name : config_.id_columns) {
      CheckPresence(name, "id_columns", Severity::kWarning);
    }
    for (const std::string& name : config_.exclude_columns) {
      CheckPresence(name, "exclude_columns", Severity::kWarning);
    }
    for (const std::string& name : config_.categorical_columns) {
      CheckPresence(name, "categorical_columns", Severity::kWarning);
    }
    CheckPresence(config_.timestamp_column, "timestamp_column", Severity::kWarning);
  }

  void CheckMissingValues(size_t index) {
    const ColumnProfile& column = profile_.columns[index];
    const bool target = column.name == config_.target_column;
    if (column.missing == 0 || IsListed(config_.id_columns, column.name) ||
        IsListed(config_.exclude_columns, column.name)) {
      return;
    }
    const double ratio = ShareOf(column.missing);
    const std::optional<double>& limit = config_.validation_rules.max_missing_ratio;
    const bool high = limit && ratio > *limit;
    // A target without labels is an error of its own, a column that nothing reads is no cause for a
    // warning.
    if (!high && (target || !IsCandidate(column))) return;
    std::string message = fmt::format("{} missing", FormatPercent(ratio, high ? *limit : 0));
    if (high) message += fmt::format(", above the limit of {}", FormatPercent(*limit, ratio));
    Issue& issue = Add(high ? Severity::kError : Severity::kWarning,
                       high ? "high_missing_values" : "missing_values", column.name, message);
    issue.value = ratio;
    issue.limit = limit.value_or(1);
    issue.count = column.missing;
    issue.examples = MissingExamples(profile_.missing_rows[index]);
  }

  bool IsCandidate(const ColumnProfile& column) const {
    return config_.feature_columns.empty() || IsListed(config_.feature_columns, column.name);
  }

  void CheckFreshness() {
    const auto column =
        std::ranges::find(profile_.columns, config_.timestamp_column, &ColumnProfile::name);
    if (column == profile_.columns.end() || column->quantiles.empty()) return;
    constexpr double kSecondsPerDay = 86'400;
    const double age = (now_ - column->max) / kSecondsPerDay;
    const std::optional<double>& limit = config_.validation_rules.max_age_days;
    if (limit && age > *limit) {
      Issue& issue = Add(Severity::kError, "stale_data", column->name,
                         fmt::format("the newest value is {:.1f} days old, more than the {} days "
                                     "that are allowed",
                                     age, *limit));
      issue.value = age;
      issue.limit = *limit;
      issue.count = 1;
    } else if (age < -1) {
      Issue& issue = Add(Severity::kWarning, "future_timestamps", column->name,
                         fmt::format("the newest value lies {:.1f} days ahead", -age));
      issue.value = -age;
      issue.limit = 1;
      issue.count = 1;
    }
  }

  void CheckDuplicates() {
    const RepeatedRowsSummary& repeated = profile_.repeated;
    if (repeated.repeated == 0) return;
    const double share = ShareOf(repeated.repeated);
    const std::optional<double>& limit = config_.validation_rules.max_duplicate_ratio;
    const bool high = limit && share > *limit;
    std::string message =
        fmt::format("{}{} an earlier row ({})", repeated.sampled_share < 1 ? "about " : "",
                    Plural(repeated.repeated, "row repeats", "rows repeat"), FormatPercent(share));
    if (high) message += fmt::format(", above the limit of {}", FormatPercent(*limit, share));
    Issue& issue =
        Add(high ? Severity::kError : Severity::kWarning, "duplicate_rows", "", std::move(message));
    issue.value = share;
    issue.limit = limit.value_or(0);
    issue.count = repeated.repeated;
    for (const RepeatedRow& row : repeated.examples) {
      issue.examples.push_back(
          {.row = row.row + 1, .value = fmt::format("row {}", row.first + 1), .missing = false});
    }
  }

  static std::vector<Example> MissingExamples(const std::vector<int64_t>& rows) {
    std::vector<Example> examples;
    for (const int64_t row : rows) {
      examples.push_back({.row = row + 1, .value = "", .missing = true});
    }
    return examples;
  }

  const TableProfile& profile_;
  const config::DataConfig& config_;
  const double now_;
  std::vector<std::string> names_;
  std::vector<std::string> missing_columns_;
  std::vector<Issue> issues_;
};

bool IsLearnedFrom(const std::vector<std::string>& names, const config::DataConfig& config,
                   const std::string& name) {
  if (name == config.target_column || name == config.split.time) return true;
  return std::ranges::any_of(FeatureCandidates(names, config),
                             [&](size_t i) { return names[i] == name; });
}

}  // namespace

std::string FormatPercent(double ratio, double other) {
  constexpr int kMostDigits = 8;
  std::string text;
  for (int digits = 1; digits <= kMostDigits; ++digits) {
    text = fmt::format("{:.{}f} %", 100 * ratio, digits);
    if (ratio == other || text != fmt::format("{:.{}f} %", 100 * other, digits)) break;
  }
  return text;
}

Issue MakeIssue(Severity severity, std::string kind, std::string column, std::string message) {
  Issue issue;
  issue.kind = std::move(kind);
  issue.severity = severity;
  issue.message = column.empty() ? std::move(message) : fmt::format("{}: {}", column, message);
  issue.column = std::move(column);
  return issue;
}

ProfileOptions ProfileOptionsFor(const config::DataConfig& config) {
  ProfileOptions options;
  options.target = config.target_column;
  return options;
}

DatasetReport Validate(const TableProfile& profile, const std::vector<Issue>& found,
                       const config::DataConfig& config, double now) {
  DatasetReport report;
  report.rows = profile.rows;
  report.columns = std::ssize(profile.columns);
  std::vector<std::string> names;
  for (const ColumnProfile& column : profile.columns) names.push_back(column.name);
  std::vector<Issue> issues;
  for (const Issue& issue : found) {
    // Text in an identifier or a column that nothing learns from is no mistake.
    if (issue.kind != "mixed_values" || IsLearnedFrom(names, config, issue.column)) {
      issues.push_back(issue);
    }
  }
  std::ranges::move(Validation(profile, config, now).Run(), std::back_inserter(issues));
  std::ranges::stable_partition(
      issues, [](const Issue& issue) { return issue.severity == Severity::kError; });
  report.issues = std::move(issues);
  report.passed = report.issues.empty() || report.issues.front().severity != Severity::kError;
  return report;
}

}  // namespace slipway::data
