#include "data/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/parallel.h"
#include "core/text.h"
#include "data/messages_internal.h"
#include "data/target.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

constexpr double kRareClass = 0.01;
constexpr int64_t kParallelValues = 200'000;

// What one pass over a column tells.
struct ColumnFacts {
  int64_t missing = 0;
  int64_t infinite = 0;
  bool constant = false;  // At most one value; missing ones count as a value of a category column.
};

bool IsConstant(const Column& column, int64_t missing) {
  if (column.type == ColumnType::kCategory)
    return column.categories.size() + (missing > 0 ? 1 : 0) <= 1;
  const auto present = [](double number) { return !std::isnan(number); };
  const auto first = std::ranges::find_if(column.numbers, present);
  return std::find_if(first, column.numbers.end(), [&](double number) {
           return present(number) && number != *first;
         }) == column.numbers.end();
}

ColumnFacts MeasureColumn(const Column& column) {
  ColumnFacts facts;
  facts.missing = column.CountMissing();
  facts.constant = IsConstant(column, facts.missing);
  if (column.type != ColumnType::kCategory) {
    facts.infinite =
        std::ranges::count_if(column.numbers, [](double number) { return std::isinf(number); });
  }
  return facts;
}

std::vector<ColumnFacts> MeasureColumns(const Table& table, int threads) {
  std::vector<ColumnFacts> facts(table.columns.size());
  const auto values = table.rows * static_cast<int64_t>(facts.size());
  if (threads <= 0) threads = AvailableCores();
  if (values < kParallelValues) threads = 1;
  // Cannot fail; an interrupt is left to the caller, who checks for it between steps.
  (void)ParallelFor(facts.size(), threads, [&](size_t i) -> Status {
    facts[i] = MeasureColumn(table.columns[i]);
    return {};
  });
  return facts;
}

// Collects the issues of one table.
class Validation {
 public:
  Validation(const Table& table, const config::DataConfig& config, int threads)
      : table_(table), config_(config), threads_(threads), facts_(MeasureColumns(table, threads)) {}

  std::vector<Issue> Run() {
    CheckRowCount();
    CheckColumnNames();
    for (size_t i = 0; i < table_.columns.size(); ++i)
      CheckMissingValues(table_.columns[i], facts_[i]);
    CheckTarget();
    for (const Column* column : FeatureCandidates(table_, config_)) CheckFeature(*column);
    CheckDuplicates();
    return std::move(issues_);
  }

 private:
  Issue& Add(Severity severity, std::string kind, std::string column, std::string message) {
    Issue& issue = issues_.emplace_back();
    issue.kind = std::move(kind);
    issue.severity = severity;
    issue.message = column.empty() ? std::move(message) : fmt::format("{}: {}", column, message);
    issue.column = std::move(column);
    return issue;
  }

  const ColumnFacts& FactsOf(const Column& column) const {
    return facts_[static_cast<size_t>(&column - table_.columns.data())];
  }

  double ShareOf(int64_t count) const {
    return table_.rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(table_.rows);
  }

  template <typename Matches>
  std::vector<Example> ExamplesOf(const Column& column, Matches matches) const {
    std::vector<Example> examples;
    for (int64_t row = 0; row < table_.rows && examples.size() < kMaxExamples; ++row) {
      if (!matches(row)) continue;
      examples.push_back(
          {.row = row + 1, .value = column.TextAt(row), .missing = column.IsMissing(row)});
    }
    return examples;
  }

  std::vector<Example> MissingExamples(const Column& column) const {
    return ExamplesOf(column, [&](int64_t row) { return column.IsMissing(row); });
  }

  void CheckRowCount() {
    const int64_t least = std::max<int64_t>(config_.validation_rules.min_rows.value_or(1), 1);
    if (table_.rows >= least) return;
    Issue& issue =
        Add(Severity::kError, "too_few_rows", "",
            fmt::format("{}, at least {} expected",
                        table_.rows == 0 ? "no rows" : Plural(table_.rows, "row", "rows"),
                        FormatCount(least)));
    issue.value = static_cast<double>(table_.rows);
    issue.limit = static_cast<double>(least);
    issue.count = table_.rows;
  }

  void CheckPresence(const std::string& name, const char* role, Severity severity) {
    if (name.empty() || table_.Find(name) != nullptr || IsListed(missing_columns_, name)) return;
    missing_columns_.push_back(name);
    const std::string nearest = NearestName(name, ColumnNames(table_));
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

  void CheckMissingValues(const Column& column, const ColumnFacts& facts) {
    const bool target = column.name == config_.target_column;
    if (facts.missing == 0 || IsListed(config_.id_columns, column.name) ||
        IsListed(config_.exclude_columns, column.name)) {
      return;
    }
    const double ratio = ShareOf(facts.missing);
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
    issue.count = facts.missing;
    issue.examples = MissingExamples(column);
  }

  bool IsCandidate(const Column& column) const {
    return config_.feature_columns.empty() || IsListed(config_.feature_columns, column.name);
  }

  void CheckInfinite(const Column& column) {
    const int64_t count = FactsOf(column).infinite;
    if (count == 0) return;
    Issue& issue = Add(Severity::kError, "infinite_values", column.name,
                       Plural(count, "infinite value", "infinite values"));
    issue.value = ShareOf(count);
    issue.count = count;
    issue.examples = ExamplesOf(
        column, [&](int64_t row) { return std::isinf(column.numbers[static_cast<size_t>(row)]); });
  }

  void CheckTarget() {
    const Column* column = table_.Find(config_.target_column);
    if (column == nullptr || table_.rows == 0) return;
    const ColumnFacts& facts = FactsOf(*column);
    if (facts.missing > 0) {
      Issue& issue = Add(Severity::kError, "missing_labels", column->name,
                         Plural(facts.missing, "row has no label", "rows have no label"));
      issue.value = ShareOf(facts.missing);
      issue.count = facts.missing;
      issue.examples = MissingExamples(*column);
    }
    CheckInfinite(*column);
    if (facts.missing < table_.rows) CheckClasses(*column);
  }

  void CheckClasses(const Column& column) {
    if (GuessTask(column) == Task::kRegression) return;
    const std::vector<LabelCount> labels = CountLabels(column);
    const auto rarest = std::ranges::min_element(labels, {}, &LabelCount::count);
    if (labels.size() == 1) {
      Issue& issue =
          Add(Severity::kError, "single_class_target", column.name,
              fmt::format("every label is '{}', there is nothing to tell apart", rarest->label));
      issue.value = 1;
      issue.limit = 2;
      issue.count = rarest->count;
      return;
    }
    CheckCases(column, labels);
    const double share = ShareOf(rarest->count);
    if (share >= kRareClass) return;
    Issue& issue = Add(Severity::kWarning, "class_imbalance", column.name,
                       fmt::format("class '{}' has {} ({})", rarest->label,
                                   Plural(rarest->count, "row", "rows"), FormatPercent(share)));
    issue.value = share;
    issue.limit = kRareClass;
    issue.count = rarest->count;
  }

  // "Yes" and "yes" are most likely meant to be one class.
  void CheckCases(const Column& column, const std::vector<LabelCount>& labels) {
    std::map<std::string, std::vector<std::string>> spellings;
    for (const LabelCount& label : labels) {
      spellings[ToLower(label.label)].push_back("'" + label.label + "'");
    }
    std::vector<std::string> groups;
    int64_t count = 0;
    for (const auto& [lower, group] : spellings) {
      if (group.size() < 2) continue;
      groups.push_back(Join(group, ", "));
      count += static_cast<int64_t>(group.size());
    }
    if (groups.empty()) return;
    Issue& issue = Add(
        Severity::kWarning, "labels_differ_by_case", column.name,
        fmt::format("classes that differ only by case: {}; try one spelling", Join(groups, "; ")));
    issue.value = static_cast<double>(labels.size());
    issue.limit = static_cast<double>(spellings.size());
    issue.count = count;
  }

  void CheckFeature(const Column& column) {
    CheckInfinite(column);
    if (std::optional<Issue> identifier = FindIdentifier(column, config_)) {
      issues_.push_back(*std::move(identifier));
      return;
    }
    const ColumnFacts& facts = FactsOf(column);
    if (!facts.constant || table_.rows < 2) return;
    Issue& issue =
        Add(Severity::kWarning, "constant_column", column.name,
            facts.missing == table_.rows ? "no row has a value" : "the same value in every row");
    issue.value = facts.missing == table_.rows ? 0 : 1;
    issue.limit = 2;
    issue.count = table_.rows;
  }

  void CheckDuplicates() {
    const std::vector<RepeatedRow> repeated = FindRepeatedRows(table_, threads_);
    if (repeated.empty()) return;
    const auto count = static_cast<int64_t>(repeated.size());
    const double share = ShareOf(count);
    Issue& issue =
        Add(Severity::kWarning, "duplicate_rows", "",
            fmt::format("{} an earlier row ({})", Plural(count, "row repeats", "rows repeat"),
                        FormatPercent(share)));
    issue.value = share;
    issue.count = count;
    for (const RepeatedRow& row : repeated) {
      if (issue.examples.size() == kMaxExamples) break;
      issue.examples.push_back(
          {.row = row.row + 1, .value = fmt::format("row {}", row.first + 1), .missing = false});
    }
  }

  const Table& table_;
  const config::DataConfig& config_;
  const int threads_;
  const std::vector<ColumnFacts> facts_;
  std::vector<std::string> missing_columns_;
  std::vector<Issue> issues_;
};

bool IsLearnedFrom(const Table& table, const config::DataConfig& config, const std::string& name) {
  if (name == config.target_column || name == config.split.time) return true;
  return std::ranges::any_of(FeatureCandidates(table, config),
                             [&](const Column* column) { return column->name == name; });
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

DatasetReport Validate(const ReadResult& read, const config::DataConfig& config, int threads) {
  DatasetReport report;
  report.rows = read.table.rows;
  report.columns = static_cast<int64_t>(read.table.columns.size());
  std::vector<Issue> issues;
  for (const Issue& issue : read.issues) {
    // Text in an identifier or a column that nothing learns from is no mistake.
    if (issue.kind != "mixed_values" || IsLearnedFrom(read.table, config, issue.column)) {
      issues.push_back(issue);
    }
  }
  for (Issue& issue : Validation(read.table, config, threads).Run())
    issues.push_back(std::move(issue));
  for (const Severity severity : {Severity::kError, Severity::kWarning}) {
    for (const Issue& issue : issues) {
      if (issue.severity == severity) report.issues.push_back(issue);
    }
  }
  report.passed = report.issues.empty() || report.issues.front().severity != Severity::kError;
  return report;
}

}  // namespace slipway::data
