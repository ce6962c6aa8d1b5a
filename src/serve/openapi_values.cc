// What one value of a request may be.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "core/time_text.h"
#include "serve/openapi_internal.h"

namespace slipway::serve::openapi {
namespace {

// What the reader trims.
constexpr const char* kBlanks = "[ \\t-\\r]*";

// Dates that there are, those of leap years too, then a time of day and a zone:
// data::ParseTimestamp.
constexpr const char* kTimePattern =
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
    "(?:[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,15})?)?"
    " ?(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?";

// data::ParseNumber, with exponents up to 99: which of the larger ones fit into a double depends on
// the digits before them.
constexpr const char* kNumberPattern =
    "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)"
    "(?:[eE](?:-[0-9]+|\\+?0*[0-9]{1,2}))?";
constexpr const char* kWholePattern = "[+-]?[0-9]+(?:\\.0*)?";

// Only what has a meaning: with the flag for Unicode, another escape is a mistake.
std::string EscapePattern(std::string_view text) {
  constexpr std::string_view kSyntax = "^$\\.*+?()[]{}|";
  std::string escaped;
  for (const char c : text) {
    if (kSyntax.contains(c)) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// A whole text that is one of `alternatives`, or a missing one: blanks, or what training's table
// had in the place of a value.
std::string PatternOf(const model::ModelSchema& schema, std::vector<std::string> alternatives) {
  for (const std::string& text : schema.missing_values) {
    if (const std::string_view trimmed = Trim(text); !trimmed.empty())
      alternatives.push_back(EscapePattern(trimmed));
  }
  return fmt::format("^{}(?:{})?{}$", kBlanks, Join(alternatives, "|"), kBlanks);
}

// The number or boolean that a request may write for the category, where there is one.
Json OtherThanText(const std::string& category) {
  if (category == "True" || category == "False") return category == "True";
  const bool begins_as_number =
      !category.empty() && (category[0] == '-' || (category[0] >= '0' && category[0] <= '9'));
  if (!begins_as_number || !Json::accept(category)) return {};
  Json number = Json::parse(category, nullptr, false);
  // JSON Schema takes 3 for 3.0, where the category is the text.
  return number.is_number() && CompactJson(number) == category && !category.ends_with(".0")
             ? number
             : Json();
}

Json KnownCategories(const model::InputField& field, const model::ModelSchema& schema) {
  Json known = Json::array();
  for (const std::string& category : field.categories) {
    known.push_back(category);
    const Json other = OtherThanText(category);
    if (other.is_boolean()) known.push_back(ToLower(category));
    if (!other.is_null()) known.push_back(other);
  }
  for (const std::string& missing : schema.missing_values) {
    if (Json other = OtherThanText(missing); !other.is_null()) known.push_back(std::move(other));
  }
  Json missing = {{"type", {"string", "null"}}, {"pattern", PatternOf(schema, {})}};
  if (known.empty()) return missing;
  return {{"anyOf", {{{"enum", std::move(known)}}, std::move(missing)}}};
}

Json CategorySchema(const model::InputField& field, const model::ModelSchema& schema,
                    UnknownCategory unknown) {
  if (unknown == UnknownCategory::kReject && !field.any_category)
    return KnownCategories(field, schema);
  return {{"type", {"string", "number", "boolean", "null"}}};
}

// In training's decimals: halfway, to four digits, a person can still read.
double Between(double least, double most) {
  const double middle = least / 2 + most / 2;
  const std::string text = fmt::format("{:.4g}", middle);
  double rounded = middle;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded >= least && rounded <= most ? rounded : middle;
}

Json NumberAsWritten(double number) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53.
  if (number == std::trunc(number) && std::abs(number) <= kLargestExact)
    return static_cast<int64_t>(number);
  return number;
}

bool HasRange(const model::InputField& field, const model::ModelSchema& schema) {
  return field.type != data::ColumnType::kCategory && !schema.target.empty() &&
         std::isfinite(field.min) && std::isfinite(field.max);
}

std::string DescriptionOf(const model::InputField& field, const model::ModelSchema& schema) {
  const std::string missing = field.nullable ? "; null for missing" : "";
  switch (field.type) {
    case data::ColumnType::kCategory: return "a category" + missing;
    case data::ColumnType::kTimestamp:
      return "a date, a time, or seconds since 1970-01-01T00:00Z" + missing;
    case data::ColumnType::kNumeric: break;
  }
  if (TakesWholeNumbersOnly(field, schema)) return "a whole number";
  if (!HasRange(field, schema)) return "a number" + missing;
  return fmt::format("a number; in training {}from {} to {}{}", field.integral ? "whole ones " : "",
                     field.min, field.max, missing);
}

Json KindSchema(const model::InputField& field, const model::ModelSchema& schema,
                UnknownCategory unknown) {
  if (field.type == data::ColumnType::kCategory) return CategorySchema(field, schema, unknown);
  if (TakesWholeNumbersOnly(field, schema)) {
    return {{"type", {"integer", "boolean", "string"}},
            {"pattern", fmt::format("^{0}{1}{0}$", kBlanks, kWholePattern)}};
  }
  if (field.type == data::ColumnType::kTimestamp) {
    return {{"type", {"number", "string", "null"}},
            {"pattern", PatternOf(schema, {kTimePattern, kNumberPattern})}};
  }
  return {{"type", {"number", "boolean", "string", "null"}},
          {"pattern", PatternOf(schema, {kNumberPattern})}};
}

}  // namespace

bool TakesWholeNumbersOnly(const model::InputField& field, const model::ModelSchema& schema) {
  return schema.target.empty() && field.type == data::ColumnType::kNumeric && field.integral &&
         !field.nullable;
}

Json InputSchema(const model::InputField& field, const model::ModelSchema& schema,
                 UnknownCategory unknown) {
  Json described = {{"title", field.name}, {"description", DescriptionOf(field, schema)}};
  described.update(KindSchema(field, schema, unknown));
  described["examples"] = Json::array({ExampleOf(field)});
  return described;
}

Json ExampleOf(const model::InputField& field) {
  switch (field.type) {
    case data::ColumnType::kCategory:
      return field.categories.empty() ? std::string("text") : field.categories.front();
    case data::ColumnType::kTimestamp: {
      std::string time = FormatIsoTime(field.min);
      return ParseIsoTime(time) ? Json(std::move(time)) : NumberAsWritten(field.min);
    }
    case data::ColumnType::kNumeric: break;
  }
  const double middle = Between(field.min, field.max);
  return NumberAsWritten(field.integral ? std::trunc(middle) : middle);
}

Json DescribeInput(const model::InputField& field, const model::ModelSchema& schema) {
  Json described = {
      {"name", field.name}, {"type", data::ToString(field.type)}, {"missing", field.nullable}};
  if (field.type == data::ColumnType::kCategory) described["categories"] = field.categories;
  if (field.type == data::ColumnType::kNumeric) described["integral"] = field.integral;
  if (HasRange(field, schema))
    described["range"] = Json::array({NumberAsWritten(field.min), NumberAsWritten(field.max)});
  return described;
}

}  // namespace slipway::serve::openapi
