// What is checked of the target and of each feature.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/text.h"
#include "data/target.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

constexpr double kRareClass = 0.01;
// Of the target's entropy that one feature tells; Deepchecks warns at the same figure.
constexpr double kLeakingAssociation = 0.8;
// Tukey (1977): beyond the outer fences values are far out.
constexpr double kOuterFences = 3;
// So many interquartile ranges away, and so rare, a value is a mistake rather than a heavy tail.
constexpr double kIsolatedDistance = 30;
constexpr double kIsolatedShare = 0.001;
constexpr size_t kLowerQuartile = 3, kUpperQuartile = 5;  // In ColumnProfile::quantiles.

double ShareOf(int64_t count, int64_t rows) {
  return rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(rows);
}

int64_t PresentOf(const ColumnProfile& column) { return column.count - column.missing; }

// "Yes" and "yes" are most likely meant to be one class.
void CheckCases(const ColumnProfile& column, const std::vector<CategoryCount>& labels,
                std::vector<Issue>* issues) {
  std::map<std::string, std::vector<std::string>> spellings;
  for (const CategoryCount& label : labels) {
    spellings[ToLower(label.value)].push_back("'" + label.value + "'");
  }
  std::vector<std::string> groups;
  int64_t count = 0;
  for (const auto& [lower, group] : spellings) {
    if (group.size() < 2) continue;
    groups.push_back(Join(group, ", "));
    count += std::ssize(group);
  }
  if (groups.empty()) return;
  Issue& issue = issues->emplace_back(MakeIssue(
      Severity::kWarning, "labels_differ_by_case", column.name,
      fmt::format("classes that differ only by case: {}; try one spelling", Join(groups, "; "))));
  issue.value = static_cast<double>(labels.size());
  issue.limit = static_cast<double>(spellings.size());
  issue.count = count;
}

void CheckClasses(const ColumnProfile& column, int64_t rows, std::vector<Issue>* issues) {
  if (GuessTask(column) == Task::kRegression) return;
  std::vector<CategoryCount> labels = column.sketches->frequent.All();
  std::ranges::sort(labels, {}, &CategoryCount::value);
  if (labels.empty()) return;
  const auto rarest = std::ranges::min_element(labels, {}, &CategoryCount::count);
  if (labels.size() == 1) {
    Issue& issue = issues->emplace_back(MakeIssue(
        Severity::kError, "single_class_target", column.name,
        fmt::format("every label is '{}', there is nothing to tell apart", rarest->value)));
    issue.value = 1;
    issue.limit = 2;
    issue.count = rarest->count;
    return;
  }
  CheckCases(column, labels, issues);
  const double share = ShareOf(rarest->count, rows);
  if (share >= kRareClass) return;
  Issue& issue = issues->emplace_back(
      MakeIssue(Severity::kWarning, "class_imbalance", column.name,
                fmt::format("class '{}' has {} ({})", rarest->value,
                            Plural(rarest->count, "row", "rows"), FormatPercent(share))));
  issue.value = share;
  issue.limit = kRareClass;
  issue.count = rarest->count;
}

bool IsConstant(const ColumnProfile& column) {
  if (column.type == ColumnType::kCategory) {
    return column.distinct + (column.missing > 0 ? 1 : 0) <= 1;
  }
  return column.infinite == 0 && (column.quantiles.empty() || column.min == column.max);
}

void CheckConstant(const ColumnProfile& column, std::vector<Issue>* issues) {
  if (!IsConstant(column) || column.count < 2) return;
  const bool empty = column.missing == column.count;
  Issue& issue =
      issues->emplace_back(MakeIssue(Severity::kWarning, "constant_column", column.name,
                                     empty ? "no row has a value" : "the same value in every row"));
  issue.value = empty ? 0 : 1;
  issue.limit = 2;
  issue.count = column.count;
}

// Values beyond the outer fences: a mistake where they are few and far away, else a heavy tail,
// which is no mistake unless a rule says so.
void CheckOutliers(const ColumnProfile& column, const config::ValidationRules& rules,
                   std::vector<Issue>* issues) {
  if (column.type != ColumnType::kNumeric || column.quantiles.empty()) return;
  const double low = column.quantiles[kLowerQuartile], high = column.quantiles[kUpperQuartile];
  const double range = high - low;
  if (!(range > 0)) return;
  const double from = low - kOuterFences * range, to = high + kOuterFences * range;
  const QuantileSketch& values = column.sketches->values;
  const double share = values.Rank(std::nextafter(from, -HUGE_VAL)) + (1 - values.Rank(to));
  const auto count = std::llround(share * static_cast<double>(values.count()));
  // The extremes are exact, whatever the sketch dropped.
  const int64_t least = (column.min < from ? 1 : 0) + (column.max > to ? 1 : 0);
  if (least == 0) return;
  const double distance = std::max(low - column.min, column.max - high) / range;
  const bool isolated = share <= kIsolatedShare && distance > kIsolatedDistance;
  const bool high_share = rules.max_outlier_ratio && share > *rules.max_outlier_ratio;
  if (!isolated && !high_share) return;
  std::string message =
      fmt::format("{}{} beyond {:.4g} and {:.4g} ({}), up to {:.0f} interquartile ranges away: {}",
                  column.rank_error > 0 ? "about " : "",
                  Plural(std::max<int64_t>(count, least), "value lies", "values lie"), from, to,
                  FormatPercent(share, rules.max_outlier_ratio.value_or(0)), distance,
                  isolated ? "isolated, as mistakes are" : "a heavy tail");
  if (high_share) {
    message += fmt::format("; the limit is {}", FormatPercent(*rules.max_outlier_ratio, share));
  }
  Issue& issue = issues->emplace_back(MakeIssue(high_share ? Severity::kError : Severity::kWarning,
                                                "outliers", column.name, std::move(message)));
  issue.value = share;
  issue.limit = rules.max_outlier_ratio.value_or(kIsolatedShare);
  issue.count = std::max<int64_t>(count, least);
}

void CheckLeakage(const ColumnProfile& column, const config::DataConfig& config,
                  std::vector<Issue>* issues) {
  const std::optional<double>& limit = config.validation_rules.max_association;
  const bool high = limit && column.association > *limit;
  // NaN, where it was not measured, is neither.
  if (!high && !(column.association >= kLeakingAssociation)) return;
  Issue& issue = issues->emplace_back(MakeIssue(
      high ? Severity::kError : Severity::kWarning, "target_leakage", column.name,
      fmt::format("tells {} of what is unknown of '{}' by itself{}; if it is not known before the "
                  "target is, try data.exclude_columns: [{}]",
                  FormatPercent(column.association), config.target_column,
                  high ? fmt::format(", more than the limit of {}", FormatPercent(*limit)) : "",
                  column.name)));
  issue.value = column.association;
  issue.limit = limit.value_or(kLeakingAssociation);
  issue.count = PresentOf(column);
}

}  // namespace

void CheckInfinite(const ColumnProfile& column, const std::vector<int64_t>& infinite_rows,
                   std::vector<Issue>* issues) {
  if (column.infinite == 0) return;
  Issue& issue =
      issues->emplace_back(MakeIssue(Severity::kError, "infinite_values", column.name,
                                     Plural(column.infinite, "infinite value", "infinite values")));
  issue.value = ShareOf(column.infinite, column.count);
  issue.count = column.infinite;
  for (const int64_t row : infinite_rows) {
    issue.examples.push_back({.row = row + 1, .value = "inf", .missing = false});
  }
}

void CheckTarget(const TableProfile& profile, const config::DataConfig& config,
                 std::vector<Issue>* issues) {
  const auto found = std::ranges::find(profile.columns, config.target_column, &ColumnProfile::name);
  if (found == profile.columns.end() || profile.rows == 0) return;
  const auto index = static_cast<size_t>(found - profile.columns.begin());
  if (found->missing > 0) {
    Issue& issue = issues->emplace_back(
        MakeIssue(Severity::kError, "missing_labels", found->name,
                  Plural(found->missing, "row has no label", "rows have no label")));
    issue.value = ShareOf(found->missing, profile.rows);
    issue.count = found->missing;
    for (const int64_t row : profile.missing_rows[index]) {
      issue.examples.push_back({.row = row + 1, .value = "", .missing = true});
    }
  }
  CheckInfinite(*found, profile.infinite_rows[index], issues);
  if (found->missing < profile.rows) CheckClasses(*found, profile.rows, issues);
}

void CheckFeature(const ColumnProfile& column, const std::vector<int64_t>& infinite_rows,
                  const config::DataConfig& config, std::vector<Issue>* issues) {
  CheckInfinite(column, infinite_rows, issues);
  if (std::optional<Issue> identifier = FindIdentifier(column, config)) {
    issues->push_back(*std::move(identifier));
    return;
  }
  CheckConstant(column, issues);
  CheckOutliers(column, config.validation_rules, issues);
  CheckLeakage(column, config, issues);
}

}  // namespace slipway::data
