#include "data/schema_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "core/time_text.h"

namespace slipway::data {
namespace {

using config::ColumnSchema;
using config::SchemaBound;
using config::SchemaType;

constexpr double kMargin = 0.1;  // Of what was seen, on either side.
constexpr size_t kMostCategories = 50;
constexpr int64_t kRowsPerCategory = 10;
constexpr int64_t kFewestUnique = 100;
constexpr int64_t kLongestKey = 64;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53.

int64_t PresentOf(const ColumnFacts& facts) { return facts.count - facts.missing; }

// The least of 1, 2 and 5 times a power of ten that is not below `value` > 0; its power is negative
// below 1, so that a quotient is rounded once.
struct Step {
  double factor = 1;  // 1, 2 or 5.
  int power = 0;
};
Step StepFrom(double value) {
  Step step = {.factor = 1, .power = static_cast<int>(std::floor(std::log10(value)))};
  for (const double factor : {1.0, 2.0, 5.0}) {
    step.factor = factor;
    if (factor * std::pow(10.0, step.power) >= value) return step;
  }
  return {.factor = 1, .power = step.power + 1};
}

// `value` rounded to a multiple of the step, away from the middle.
double RoundedTo(const Step& step, double value, bool up) {
  const double unit = std::pow(10.0, std::abs(step.power));
  const double quotient = step.power < 0 ? value * unit / step.factor : value / unit / step.factor;
  const double whole = up ? std::ceil(quotient) : std::floor(quotient);
  const double rounded = step.power < 0 ? whole * step.factor / unit : whole * step.factor * unit;
  return std::isfinite(rounded) ? rounded : value;
}

struct Range {
  double min = 0;
  double max = 0;
};

Range WidenedRange(double min, double max, bool integral) {
  constexpr double kSteps = 20;  // Ends are multiples of about a twentieth of the range.
  double span = max - min;
  if (span == 0) span = std::max(std::fabs(max), integral ? 1.0 : 1e-300);
  if (!std::isfinite(span)) return {min, max};
  Step step = StepFrom(span / kSteps);
  if (integral && step.power < 0) step = {};
  Range range = {RoundedTo(step, min - kMargin * span, false),
                 RoundedTo(step, max + kMargin * span, true)};
  if (min >= 0 && (integral || range.min < 0)) range.min = 0;
  if (max <= 0 && (integral || range.max > 0)) range.max = 0;
  return range;
}

bool IsUnique(const ColumnFacts& facts) {
  const auto present = static_cast<double>(PresentOf(facts));
  return facts.distinct_exact && facts.distinct == present && PresentOf(facts) >= kFewestUnique;
}

// Numbers with fractions and times never repeat by chance: that says nothing of the next table.
void InferNumbers(const ColumnFacts& facts, ColumnSchema* column) {
  column->type = facts.integral ? SchemaType::kInteger : SchemaType::kNumber;
  column->unique = facts.integral && IsUnique(facts);
  if (!std::isfinite(facts.min) || !std::isfinite(facts.max)) return;
  const bool share = facts.min >= 0 && facts.max <= 1;  // Flags too.
  const Range range = share ? Range{0, 1} : WidenedRange(facts.min, facts.max, facts.integral);
  // Keys grow.
  if (column->unique && facts.min < 0) return;
  column->min = SchemaBound{.value = range.min};
  if (!column->unique) column->max = SchemaBound{.value = range.max};
}

void InferTimes(const ColumnFacts& facts, const InferenceOptions& options, ColumnSchema* column) {
  column->type = SchemaType::kTimestamp;
  const double margin = kMargin * (facts.max - facts.min);
  const auto days = [](double seconds) { return seconds / kSecondsPerDay; };
  column->min = SchemaBound{.value = std::floor(days(facts.min - margin)) * kSecondsPerDay};
  if (options.now == 0) return;
  if (facts.max <= options.now) {
    column->max = SchemaBound{.now = true};
  } else {
    column->max = SchemaBound{.value = std::ceil(days(facts.max + margin)) * kSecondsPerDay};
  }
}

bool AreBooleans(const std::vector<CategoryCount>& categories) {
  return std::ranges::all_of(categories, [](const CategoryCount& category) {
    return category.value == "True" || category.value == "False";
  });
}

void InferTexts(const ColumnFacts& facts, ColumnSchema* column) {
  const auto categories = static_cast<int64_t>(facts.categories.size());
  const bool complete = facts.categories_complete && categories > 0;
  if (complete && AreBooleans(facts.categories)) {
    column->type = SchemaType::kBoolean;
    return;
  }
  if (complete && facts.categories.size() <= kMostCategories &&
      PresentOf(facts) >= kRowsPerCategory * categories) {
    column->type = SchemaType::kCategory;
    for (const CategoryCount& category : facts.categories) {
      column->categories.push_back(category.value);
    }
    std::ranges::sort(column->categories);
    return;
  }
  column->type = SchemaType::kText;
  column->unique = IsUnique(facts) && facts.max_length <= kLongestKey;
  column->pattern = InferPattern(facts.sample);
  if (!column->pattern.empty() || facts.max_length == 0) return;
  const Step step = StepFrom(2 * static_cast<double>(facts.max_length));
  column->length = {.min = std::max<int64_t>(1, facts.min_length / 2),
                    .max = static_cast<int64_t>(step.factor * std::pow(10.0, step.power))};
}

// Half as much again and a hundredth more, in whole hundredths; from a half on, any share.
double AllowedMissing(const ColumnFacts& facts) {
  constexpr double kRounding = 1e-9;
  if (facts.missing == 0) return 0;
  const double share = static_cast<double>(facts.missing) / static_cast<double>(facts.count);
  const double allowed = std::ceil(100 * (1.5 * share + 0.01) - kRounding) / 100;
  return allowed >= 0.5 ? 1 : allowed;
}

// What was seen, beside what it was made of.
std::string NoteOf(const ColumnFacts& facts, const ColumnSchema& column) {
  if (PresentOf(facts) == 0) return "no value seen";
  std::string note;
  if (facts.type == ColumnType::kNumeric) {
    const bool exact =
        facts.integral && std::max(std::fabs(facts.min), std::fabs(facts.max)) < kExactIntegers;
    note = exact ? fmt::format("{:.0f} to {:.0f}", facts.min, facts.max)
                 : fmt::format("{:.6g} to {:.6g}", facts.min, facts.max);
  } else if (facts.type == ColumnType::kTimestamp) {
    note = fmt::format("{} to {}", FormatIsoTime(facts.min), FormatIsoTime(facts.max));
  } else if (column.type == SchemaType::kText) {
    note = Plural(facts.max_length, "character", "characters");
    if (facts.min_length < facts.max_length) {
      note = fmt::format("{} to {}", facts.min_length, note);
    }
    if (!column.unique) {
      note += fmt::format(", {}{} distinct", facts.distinct_exact ? "" : "about ",
                          FormatCount(std::llround(facts.distinct)));
    }
  }
  if (facts.missing == 0) return note;
  const double share = static_cast<double>(facts.missing) / static_cast<double>(facts.count);
  return fmt::format("{}{}{:.3g} % missing", note, note.empty() ? "" : ", ", 100 * share);
}

ColumnSchema InferColumn(const ColumnFacts& facts, const InferenceOptions& options) {
  ColumnSchema column;
  column.name = facts.name;
  column.max_missing = AllowedMissing(facts);
  if (PresentOf(facts) == 0) {
    column.type = SchemaType::kText;  // A column without values fits every type.
    column.max_missing = 1;
  } else if (facts.type == ColumnType::kNumeric) {
    InferNumbers(facts, &column);
  } else if (facts.type == ColumnType::kTimestamp) {
    InferTimes(facts, options, &column);
  } else {
    InferTexts(facts, &column);
  }
  column.note = NoteOf(facts, column);
  return column;
}

}  // namespace

config::TableSchema InferSchema(const std::vector<ColumnFacts>& facts,
                                const InferenceOptions& options) {
  config::TableSchema schema;
  for (const ColumnFacts& column : facts) schema.columns.push_back(InferColumn(column, options));
  return schema;
}

}  // namespace slipway::data
