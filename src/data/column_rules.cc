#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "core/time_text.h"
#include "data/column_rules_internal.h"
#include "data/validation_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

using config::SchemaType;

constexpr uint8_t kNotLookedAt = 0xFF;  // No text is missing and all else at once.

uint8_t BitOf(Breach breach) { return static_cast<uint8_t>(1U << static_cast<unsigned>(breach)); }

bool IsWhole(double value) { return std::isfinite(value) && value == std::floor(value); }

// Counts what `breaks`, and keeps examples of it.
template <typename Breaks>
void Count(const Block& block, std::span<const double> numbers, ColumnType type, BreachTally* tally,
           Breaks breaks) {
  const auto count = std::ranges::count_if(numbers, breaks);
  if (count == 0) return;
  for (size_t i = 0; i < numbers.size() && tally->examples.size() < kMaxExamples; ++i) {
    if (!breaks(numbers[i])) continue;
    tally->examples.push_back({.row = block.first_row + static_cast<int64_t>(i) + 1,
                               .value = ValueText(numbers[i], type),
                               .missing = std::isnan(numbers[i])});
  }
  tally->count += count;
}

}  // namespace

void BreachTally::Add(int64_t row, std::string value, bool missing) {
  ++count;
  if (examples.size() == kMaxExamples) return;
  examples.push_back({.row = row, .value = std::move(value), .missing = missing});
}

void BreachTally::Merge(BreachTally later, int64_t first_row) {
  count += later.count;
  for (Example& example : later.examples) {
    if (examples.size() == kMaxExamples) return;
    example.row += first_row;
    examples.push_back(std::move(example));
  }
}

void RuleTally::Merge(RuleTally later, int64_t first_row) {
  rows += later.rows;
  for (size_t i = 0; i < kBreaches; ++i) breaches[i].Merge(std::move(later.breaches[i]), first_row);
  least = std::min(least, later.least);
  greatest = std::max(greatest, later.greatest);
  values.Merge(std::move(later.values), first_row);
}

ColumnType TypeFor(SchemaType type) {
  switch (type) {
    case SchemaType::kInteger:
    case SchemaType::kNumber: return ColumnType::kNumeric;
    case SchemaType::kTimestamp: return ColumnType::kTimestamp;
    case SchemaType::kText:
    case SchemaType::kCategory:
    case SchemaType::kBoolean: break;
  }
  return ColumnType::kCategory;
}

std::string ValueText(double value, ColumnType type) {
  if (std::isnan(value)) return "";
  return type == ColumnType::kTimestamp ? FormatIsoTime(value) : fmt::format("{}", value);
}

ColumnRules::ColumnRules(const config::ColumnSchema& schema, size_t column, ColumnType type,
                         double now)
    : schema_(schema),
      column_(column),
      type_(type),
      fits_(TypeFor(schema.type) == type),
      categories_(schema.categories) {
  if (schema.min) min_ = schema.min->now ? now : schema.min->value;
  if (schema.max) max_ = schema.max->now ? now : schema.max->value;
  std::ranges::sort(categories_);
  if (schema.pattern.empty()) return;
  auto pattern = Pattern::Make(schema.pattern);
  if (pattern.ok()) pattern_ = *std::move(pattern);
}

bool ColumnRules::IsRightType(const std::string& text) const {
  switch (schema_.type) {
    case SchemaType::kInteger: {
      const auto number = ParseNumber(text);
      return number && IsWhole(*number);
    }
    case SchemaType::kNumber: return ParseNumber(text).has_value();
    case SchemaType::kTimestamp: return ParseTimestamp(text).has_value();
    case SchemaType::kBoolean: return text == "True" || text == "False";
    case SchemaType::kText:
    case SchemaType::kCategory: break;
  }
  return true;
}

uint8_t ColumnRules::BreachesOf(const std::string& text) const {
  uint8_t breaches = 0;
  const auto check = [&](bool breaks, Breach breach) {
    if (breaks) breaches |= BitOf(breach);
  };
  check(!IsRightType(text), Breach::kWrongType);
  if (!fits_) return breaches;
  check(!categories_.empty() && !std::ranges::binary_search(categories_, text),
        Breach::kUnexpected);
  check(pattern_ && !pattern_->Matches(text), Breach::kNoMatch);
  if (!schema_.length.min && !schema_.length.max) return breaches;
  const auto length = static_cast<int64_t>(TextWidth(text));
  check(length < schema_.length.min.value_or(length), Breach::kTooShort);
  check(length > schema_.length.max.value_or(length), Breach::kTooLong);
  return breaches;
}

void ColumnRules::AddTexts(const Block& block, RuleTally* tally) const {
  const ColumnView& view = block.columns[column_];
  const std::vector<std::string> none;
  const std::vector<std::string>& texts = view.categories == nullptr ? none : *view.categories;
  std::vector<uint8_t> known(texts.size(), kNotLookedAt);
  const bool unique = schema_.unique && fits_;
  std::vector<uint64_t> hashes(unique ? texts.size() : 0);
  for (size_t i = 0; i < view.codes.size(); ++i) {
    const int64_t row = block.first_row + static_cast<int64_t>(i);
    if (view.codes[i] < 0) {
      tally->Of(Breach::kMissing).Add(row + 1, "", true);
      continue;
    }
    const auto code = static_cast<size_t>(view.codes[i]);
    if (known[code] == kNotLookedAt) {
      known[code] = BreachesOf(texts[code]);
      if (unique) hashes[code] = HashOf(std::string_view(texts[code]));
    }
    if (unique) tally->values.Add(hashes[code], row, texts[code]);
    if (known[code] == 0) continue;
    for (size_t k = 0; k < kBreaches; ++k) {
      const auto breach = static_cast<Breach>(k);
      if ((known[code] & BitOf(breach)) == 0) continue;
      tally->Of(breach).Add(row + 1, Excerpt(texts[code]));
    }
  }
}

void ColumnRules::AddUniqueNumbers(const Block& block, UniqueValues* values) const {
  const std::span<const double> numbers = block.columns[column_].numbers;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (std::isnan(numbers[i])) continue;
    values->Add(HashOf(numbers[i]), block.first_row + static_cast<int64_t>(i), "");
  }
}

void ColumnRules::AddNumbers(const Block& block, RuleTally* tally) const {
  const std::span<const double> numbers = block.columns[column_].numbers;
  const auto count = [&](Breach breach, auto breaks) {
    Count(block, numbers, type_, &tally->Of(breach), breaks);
  };
  count(Breach::kMissing, [](double value) { return std::isnan(value); });
  if (!fits_) return count(Breach::kWrongType, [](double value) { return !std::isnan(value); });
  if (schema_.type == SchemaType::kInteger) {
    count(Breach::kWrongType, [](double value) { return !std::isnan(value) && !IsWhole(value); });
  }
  for (const double value : numbers) {  // False for NaN.
    tally->least = value < tally->least ? value : tally->least;
    tally->greatest = value > tally->greatest ? value : tally->greatest;
  }
  const double min = min_;
  const double max = max_;
  if (tally->least < min) count(Breach::kBelow, [=](double value) { return value < min; });
  if (tally->greatest > max) count(Breach::kAbove, [=](double value) { return value > max; });
  if (schema_.unique) AddUniqueNumbers(block, &tally->values);
}

void ColumnRules::Add(const Block& block, RuleTally* tally) const {
  tally->rows += block.rows;
  if (type_ == ColumnType::kCategory) {
    AddTexts(block, tally);
  } else {
    AddNumbers(block, tally);
  }
}

}  // namespace slipway::data
