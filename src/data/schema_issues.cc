// What the tallies mean, in words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "core/text.h"
#include "core/time_text.h"
#include "data/schema_plan_internal.h"
#include "data/validation_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

using config::ColumnSchema;
using config::SchemaSeverity;
using config::SchemaType;

double ShareOf(int64_t count, int64_t all) {
  return all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
}

Severity SeverityOf(SchemaSeverity severity) {
  return severity == SchemaSeverity::kError ? Severity::kError : Severity::kWarning;
}

// "12 values (1.2 %)"
std::string Values(int64_t count, double share, double limit) {
  return fmt::format("{} ({})", Plural(count, "value", "values"), FormatPercent(share, limit));
}

// "", or what a person is told of a tolerance.
std::string AboveLimit(double share, double limit) {
  return limit == 0 ? "" : fmt::format(", above the limit of {}", FormatPercent(limit, share));
}

const char* WordFor(ColumnType type) {
  return type == ColumnType::kCategory    ? "text"
         : type == ColumnType::kTimestamp ? "times"
                                          : "numbers";
}

std::string AgeText(double seconds) {
  if (seconds < 2 * kSecondsPerDay) return FormatSeconds(seconds);
  return fmt::format("{:.1f} days", seconds / kSecondsPerDay);
}

class IssueWriter {
 public:
  IssueWriter(const SchemaPlan& plan, const SchemaTally& tally, int64_t rows)
      : plan_(plan), tally_(tally), rows_(rows) {}

  std::vector<Issue> Run();

 private:
  Issue& Add(SchemaSeverity severity, std::string kind, const std::string& column,
             const std::string& message, double value, double limit, int64_t count);

  void CheckRows();
  void CheckMissingColumns();
  void CheckExtraColumns();
  void CheckOrder();
  void CheckColumn(const ColumnRules& rules, const RuleTally& tally);
  bool CheckType(const ColumnRules& rules, const RuleTally& tally);
  void CheckMissing(const ColumnSchema& schema, const RuleTally& tally);
  void CheckRange(const ColumnRules& rules, const RuleTally& tally);
  void CheckTexts(const ColumnSchema& schema, const RuleTally& tally);
  void CheckUnique(const ColumnRules& rules, const RuleTally& tally);
  void CheckAge(const ColumnRules& rules, const RuleTally& tally);
  void CheckBreach(const ColumnSchema& schema, const RuleTally& tally, Breach breach,
                   std::string kind, const std::string& what);
  void CheckRowCheck(const PlannedCheck& check, const CheckTally& tally);

  const SchemaPlan& plan_;
  const SchemaTally& tally_;
  int64_t rows_;
  std::vector<Issue> issues_;
};

Issue& IssueWriter::Add(SchemaSeverity severity, std::string kind, const std::string& column,
                        const std::string& message, double value, double limit, int64_t count) {
  Issue& issue = issues_.emplace_back();
  issue.kind = std::move(kind);
  issue.severity = SeverityOf(severity);
  issue.column = column;
  issue.message = column.empty() ? message : fmt::format("{}: {}", column, message);
  issue.value = value;
  issue.limit = limit;
  issue.count = count;
  return issue;
}

void IssueWriter::CheckRows() {
  const config::CountRange& range = plan_.schema.rows;
  const bool few = range.min && rows_ < *range.min;
  const bool many = range.max && rows_ > *range.max;
  if (!few && !many) return;
  const int64_t limit = few ? *range.min : *range.max;
  Add(plan_.schema.severity, "row_count", "",
      fmt::format("{}, {} {} expected", Plural(rows_, "row", "rows"), few ? "at least" : "at most",
                  FormatCount(limit)),
      static_cast<double>(rows_), static_cast<double>(limit), rows_);
}

void IssueWriter::CheckMissingColumns() {
  const std::unordered_set<std::string> there(plan_.names.begin(), plan_.names.end());
  for (const ColumnSchema& column : plan_.schema.columns) {
    if (!column.required || there.contains(column.name)) continue;
    const std::string nearest = NearestName(column.name, plan_.names);
    const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
    Add(column.severity, "missing_columns", column.name, "the column is missing" + hint, 1, 0, 1);
  }
}

void IssueWriter::CheckExtraColumns() {
  if (plan_.schema.allow_extra_columns) return;
  std::unordered_set<std::string> known;
  for (const ColumnSchema& column : plan_.schema.columns) known.insert(column.name);
  std::vector<std::string> extra;
  for (const std::string& name : plan_.names) {
    if (!known.contains(name)) extra.push_back(fmt::format("'{}'", name));
  }
  if (extra.empty()) return;
  const auto count = static_cast<int64_t>(extra.size());
  if (extra.size() > kMaxExamples) {
    extra.resize(kMaxExamples);
    extra.emplace_back("…");
  }
  Add(plan_.schema.severity, "extra_columns", "",
      fmt::format("{} not in the schema: {}", Plural(count, "column is", "columns are"),
                  Join(extra, ", ")),
      static_cast<double>(count), 0, count);
}

// The columns that both have should come in one order.
void IssueWriter::CheckOrder() {
  if (!plan_.schema.ordered) return;
  std::vector<size_t> places;
  for (const ColumnRules& rules : plan_.rules) places.push_back(rules.column());
  std::vector<size_t> sorted = places;
  std::ranges::sort(sorted);
  const auto first = std::ranges::mismatch(places, sorted);
  if (first.in1 == places.end()) return;
  int64_t count = 0;
  for (size_t i = 0; i < places.size(); ++i) count += places[i] != sorted[i] ? 1 : 0;
  Add(plan_.schema.severity, "column_order", "",
      fmt::format("{} out of the schema's order: '{}' stands where '{}' should",
                  Plural(count, "column is", "columns are"), plan_.names[*first.in2],
                  plan_.names[*first.in1]),
      static_cast<double>(count), 0, count);
}

// False where the column is of another type, so that its values can't be judged further.
bool IssueWriter::CheckType(const ColumnRules& rules, const RuleTally& tally) {
  const ColumnSchema& schema = rules.schema();
  const BreachTally& wrong = tally.Of(Breach::kWrongType);
  // The type of a column without values is nobody's choice.
  const bool other = !rules.fits() && tally.present() > 0;
  if (!other && wrong.count == 0) return rules.fits();
  const double share = ShareOf(wrong.count, tally.present());
  std::string message = Values(wrong.count, share, 0);
  if (rules.fits()) {
    message += schema.type == SchemaType::kBoolean ? " neither True nor False" : " not whole";
  } else {
    message =
        fmt::format("{} where the schema has {}", WordFor(rules.type()), ToString(schema.type));
    if (rules.type() == ColumnType::kCategory && wrong.count > 0) {
      message += fmt::format("; {} can't be read so", Values(wrong.count, share, 0));
    }
  }
  Issue& issue = Add(schema.severity, "schema_type", schema.name, message, share, 0, wrong.count);
  issue.examples = wrong.examples;
  return rules.fits();
}

void IssueWriter::CheckMissing(const ColumnSchema& schema, const RuleTally& tally) {
  const BreachTally& missing = tally.Of(Breach::kMissing);
  const double share = ShareOf(missing.count, rows_);
  if (share <= schema.max_missing) return;
  const bool none = schema.max_missing == 0;
  const std::string message =
      none ? fmt::format("{} missing, none may be", Values(missing.count, share, 0))
           : fmt::format("{} missing, above the limit of {}",
                         FormatPercent(share, schema.max_missing),
                         FormatPercent(schema.max_missing, share));
  Issue& issue = Add(schema.severity, none ? "not_nullable" : "too_many_missing", schema.name,
                     message, share, schema.max_missing, missing.count);
  issue.examples = missing.examples;
}

void IssueWriter::CheckBreach(const ColumnSchema& schema, const RuleTally& tally, Breach breach,
                              std::string kind, const std::string& what) {
  const BreachTally& broken = tally.Of(breach);
  const double limit = schema.max_unexpected;
  const double share = ShareOf(broken.count, tally.present());
  if (broken.count == 0 || share <= limit) return;
  Issue& issue = Add(schema.severity, std::move(kind), schema.name,
                     Values(broken.count, share, limit) + " " + what + AboveLimit(share, limit),
                     share, limit, broken.count);
  issue.examples = broken.examples;
}

void IssueWriter::CheckRange(const ColumnRules& rules, const RuleTally& tally) {
  const auto text = [&](double value) { return ValueText(value, rules.type()); };
  CheckBreach(rules.schema(), tally, Breach::kBelow, "below_minimum",
              fmt::format("below {}, the least {}", text(rules.min()), text(tally.least)));
  CheckBreach(rules.schema(), tally, Breach::kAbove, "above_maximum",
              fmt::format("above {}, the greatest {}", text(rules.max()), text(tally.greatest)));
}

void IssueWriter::CheckTexts(const ColumnSchema& schema, const RuleTally& tally) {
  if (const auto& examples = tally.Of(Breach::kUnexpected).examples; !examples.empty()) {
    const std::string& first = examples.front().value;
    const std::string nearest = NearestName(first, schema.categories);
    CheckBreach(schema, tally, Breach::kUnexpected, "unexpected_category",
                fmt::format("not among the {}, such as '{}'{}",
                            Plural(static_cast<int64_t>(schema.categories.size()), "category",
                                   "categories"),
                            first, nearest.empty() ? "" : fmt::format(" ('{}'?)", nearest)));
  }
  CheckBreach(schema, tally, Breach::kNoMatch, "pattern_mismatch",
              fmt::format("not matching {}", Excerpt(schema.pattern)));
  CheckBreach(schema, tally, Breach::kTooShort, "too_short",
              fmt::format("shorter than {}",
                          Plural(schema.length.min.value_or(0), "character", "characters")));
  CheckBreach(schema, tally, Breach::kTooLong, "too_long",
              fmt::format("longer than {}",
                          Plural(schema.length.max.value_or(0), "character", "characters")));
}

void IssueWriter::CheckUnique(const ColumnRules& rules, const RuleTally& tally) {
  const ColumnSchema& schema = rules.schema();
  const UniqueValues& values = tally.values;
  const int64_t repeats = values.repeats();
  if (!schema.unique || repeats == 0) return;
  const double share = ShareOf(repeats, values.rows());
  const bool sampled = values.level() > 0;
  const auto count =
      sampled ? static_cast<int64_t>(std::llround(share * static_cast<double>(tally.present())))
              : repeats;
  std::string message = fmt::format("{}{} ({}) repeat an earlier value", sampled ? "about " : "",
                                    Plural(count, "row", "rows"), FormatPercent(share));
  if (sampled) {
    message += fmt::format("; checked on a sample of 1 in {} values",
                           FormatCount(int64_t{1} << static_cast<unsigned>(values.level())));
  }
  Issue& issue = Add(schema.severity, "not_unique", schema.name, message, share, 0, count);
  for (const UniqueValues::Repeat& repeat : values.FirstRepeats(kMaxExamples)) {
    const bool text = rules.type() == ColumnType::kCategory;
    issue.examples.push_back(
        {.row = repeat.row + 1,
         .value = text ? repeat.text : ValueText(NumberOfHash(repeat.hash), rules.type())});
  }
}

void IssueWriter::CheckAge(const ColumnRules& rules, const RuleTally& tally) {
  const ColumnSchema& schema = rules.schema();
  if (!schema.max_age || tally.present() == 0) return;
  const double age = plan_.now - tally.greatest;
  if (age <= *schema.max_age) return;
  Add(schema.severity, "too_old", schema.name,
      fmt::format("the newest value is {}, {} ago; at most {} expected",
                  ValueText(tally.greatest, ColumnType::kTimestamp), AgeText(age),
                  FormatDuration(*schema.max_age)),
      age, *schema.max_age, 1);
}

void IssueWriter::CheckColumn(const ColumnRules& rules, const RuleTally& tally) {
  CheckMissing(rules.schema(), tally);
  if (!CheckType(rules, tally)) return;
  CheckRange(rules, tally);
  CheckTexts(rules.schema(), tally);
  CheckUnique(rules, tally);
  CheckAge(rules, tally);
}

void IssueWriter::CheckRowCheck(const PlannedCheck& planned, const CheckTally& tally) {
  const config::RowCheck& check = planned.check;
  const double share = ShareOf(tally.failed.count, rows_);
  if (tally.failed.count == 0 || share <= check.max_failing) return;
  const std::vector<size_t>& columns = planned.expression.columns();
  const std::string named =
      check.name == check.expression ? "" : fmt::format("{}: ", Excerpt(check.name));
  Issue& issue =
      Add(check.severity, "failed_check", "",
          fmt::format("{}{} ({}) fail {}{}", named, Plural(tally.failed.count, "row", "rows"),
                      FormatPercent(share, check.max_failing), Excerpt(check.expression),
                      AboveLimit(share, check.max_failing)),
          share, check.max_failing, tally.failed.count);
  if (columns.size() == 1) issue.column = plan_.names[columns.front()];
  issue.examples = tally.failed.examples;
}

std::vector<Issue> IssueWriter::Run() {
  CheckRows();
  CheckMissingColumns();
  CheckExtraColumns();
  CheckOrder();
  for (size_t i = 0; i < plan_.rules.size(); ++i) CheckColumn(plan_.rules[i], tally_.columns[i]);
  for (size_t i = 0; i < plan_.checks.size(); ++i) {
    CheckRowCheck(plan_.checks[i], tally_.checks[i]);
  }
  return std::move(issues_);
}

}  // namespace

std::vector<Issue> SchemaIssues(const SchemaPlan& plan, const SchemaTally& tally, int64_t rows) {
  return IssueWriter(plan, tally, rows).Run();
}

}  // namespace slipway::data
