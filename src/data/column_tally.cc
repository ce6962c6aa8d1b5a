#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "data/column_tally_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kMaxExamples = 10;
// From this share of words on a column of numbers is a category.
constexpr double kMixedShare = 0.1;

Issue MakeIssue(std::string kind, Severity severity, const std::string& column, int64_t rows,
                const Findings& findings, std::string message) {
  Issue issue;
  issue.kind = std::move(kind);
  issue.severity = severity;
  issue.column = column;
  issue.value = static_cast<double>(findings.count) / static_cast<double>(rows);
  issue.count = findings.count;
  issue.examples = findings.examples;
  for (Example& example : issue.examples) ++example.row;
  issue.message = std::move(message);
  if (!issue.examples.empty()) {
    issue.message += fmt::format(", the first in row {}: '{}'", issue.examples.front().row,
                                 issue.examples.front().value);
  }
  return issue;
}

// Words that others write for a missing value.
bool MeansMissing(const std::string& text) {
  constexpr std::array<std::string_view, 11> kWords = {
      "n/a", "#n/a", "na", "nan", "none", "nil", "null", "-", "missing", "unknown", "<na>"};
  return std::ranges::find(kWords, ToLower(text)) != kWords.end();
}

// What to try for values that are no numbers, by the first of them; "" where nothing is known.
std::string UnreadableHint(const Findings& unreadable) {
  const std::string& text = unreadable.examples.front().value;
  if (MeansMissing(text)) return fmt::format("; try data.missing_values: [..., '{}']", text);
  if (HasDecimalComma(text)) return "; try a decimal point, and no separators of thousands";
  return "";
}

// Where every finding is one and the same text, it most likely stands for a missing value.
std::string OnlyText(const Findings& findings) {
  if (!findings.one_text || findings.count < 2) return "";
  return fmt::format("data.missing_values: [..., '{}']", findings.examples.front().value);
}

// Judges one column.
class ColumnJudge {
 public:
  ColumnJudge(const ColumnPlan& plan, const ColumnTally& tally) : plan_(plan), tally_(tally) {}

  ColumnVerdict Judge() {
    if (plan_.type == ColumnType::kCategory) {
      CheckInvalidTexts();
    } else {
      CheckNumbers();
    }
    if (plan_.forced) return std::move(verdict_);
    const ColumnType type = tally_.evidence.Type();
    if (type != plan_.type) {
      verdict_.better_type = type;
    } else if (type == ColumnType::kCategory) {
      CheckMixedValues();
    }
    return std::move(verdict_);
  }

 private:
  Issue& Add(const char* kind, Severity severity, const Findings& findings, std::string message) {
    verdict_.issues.push_back(
        MakeIssue(kind, severity, plan_.name, tally_.rows, findings, std::move(message)));
    return verdict_.issues.back();
  }

  void CheckNumbers() {
    const Findings& unreadable = tally_.unreadable;
    if (unreadable.count > 0) {
      const char* expected = plan_.type == ColumnType::kTimestamp ? "timestamps" : "numbers";
      Add("unreadable_value", Severity::kError, unreadable,
          fmt::format("{} of {} can't be read as {}", Plural(unreadable.count, "value", "values"),
                      plan_.name, expected))
          .message += UnreadableHint(unreadable);
    }
    const Findings& lost = tally_.precision_loss;
    if (lost.count == 0) return;
    Add("precision_loss", Severity::kWarning, lost,
        fmt::format("{} of {} past 2^53 lost their last digits (an identifier "
                    "belongs into id_columns or categorical_columns)",
                    Plural(lost.count, "whole number", "whole numbers"), plan_.name));
  }

  // Words in at least a tenth of a column make it a category; where half of it are numbers all the
  // same, that is a mistake in the data rather than its meaning.
  void CheckMixedValues() {
    const Evidence& evidence = tally_.evidence;
    const bool times = evidence.timestamps > evidence.numbers;
    const int64_t fitting = times ? evidence.timestamps : evidence.numbers;
    if (evidence.present == 0) return;
    if (fitting * 2 < evidence.present) return CheckDecimalCommas();
    const Findings& others = times ? tally_.no_times : tally_.no_numbers;
    const std::string only = OnlyText(others);
    Issue& issue = Add("mixed_values", Severity::kError, others,
                       fmt::format("{} of {} of {} are no {}", FormatCount(others.count),
                                   Plural(evidence.present, "value", "values"), plan_.name,
                                   times ? "timestamps" : "numbers"));
    issue.limit = kMixedShare;
    issue.message += fmt::format("; try {}data.categorical_columns: [{}]",
                                 only.empty() ? "" : only + ", or ", plan_.name);
  }

  // Numbers of another country than the reader's would be learned from as so many words.
  void CheckDecimalCommas() {
    const Findings& found = tally_.decimal_commas;
    if (found.count == 0 || found.count * 2 < tally_.evidence.present) return;
    Add("decimal_comma", Severity::kWarning, found,
        fmt::format("{} of {} have a comma and are taken for text",
                    Plural(found.count, "value", "values"), plan_.name))
        .message += "; try data.decimal: ',', or a decimal point and no separators of thousands";
  }

  void CheckInvalidTexts() {
    const Findings& invalid = tally_.invalid_utf8;
    if (invalid.count == 0) return;
    Add("invalid_utf8", Severity::kError, invalid,
        fmt::format("invalid UTF-8 in {} of {}; U+FFFD stands in its place",
                    Plural(invalid.count, "value", "values"), plan_.name))
        .message += fmt::format("; try {}", kToUtf8);
  }

  const ColumnPlan& plan_;
  const ColumnTally& tally_;
  ColumnVerdict verdict_;
};

}  // namespace

void Findings::Add(int64_t row, std::string_view text) {
  std::string excerpt;
  const bool kept = examples.size() < kMaxExamples;
  if (kept || one_text) excerpt = Excerpt(text);
  if (count > 0 && one_text) one_text = excerpt == examples.front().value;
  ++count;
  if (kept) examples.push_back({.row = row, .value = std::move(excerpt), .missing = false});
}

void Findings::Append(const Findings& next, int64_t rows) {
  if (next.count == 0) return;
  one_text = next.one_text &&
             (count == 0 || (one_text && examples.front().value == next.examples.front().value));
  count += next.count;
  for (const Example& example : next.examples) {
    if (examples.size() >= kMaxExamples) return;
    examples.push_back(example);
    examples.back().row += rows;
  }
}

ColumnType Evidence::Type() const {
  const auto most = [&](int64_t count) { return count * 10 >= present * 9; };
  if (most(numbers)) return ColumnType::kNumeric;
  if (most(timestamps)) return ColumnType::kTimestamp;
  return ColumnType::kCategory;
}

void Evidence::Look(std::string_view text, const ValueRules& rules) {
  if (rules.missing.Contains(text)) return;
  ++present;
  if (rules.Number(text)) {
    ++numbers;
  } else if (ParseTimestamp(text)) {
    ++timestamps;
  }
}

void Evidence::Add(const Evidence& other) {
  present += other.present;
  numbers += other.numbers;
  timestamps += other.timestamps;
}

void ColumnTally::Append(const ColumnTally& next) {
  evidence.Add(next.evidence);
  unreadable.Append(next.unreadable, rows);
  precision_loss.Append(next.precision_loss, rows);
  invalid_utf8.Append(next.invalid_utf8, rows);
  no_numbers.Append(next.no_numbers, rows);
  no_times.Append(next.no_times, rows);
  decimal_commas.Append(next.decimal_commas, rows);
  rows += next.rows;
}

ColumnVerdict Judge(const ColumnPlan& plan, const ColumnTally& tally) {
  return ColumnJudge(plan, tally).Judge();
}

}  // namespace slipway::data
