#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/scalar_internal.h"
#include "config/table_schema_values_internal.h"
#include "core/file_system.h"
#include "core/pattern.h"
#include "core/text.h"
#include "core/time_text.h"

namespace slipway::config {
namespace {

constexpr int64_t kMostBytes = 64'000'000;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53.

const std::vector<std::string>& TypeNames() {
  static const std::vector<std::string> names = {"integer",  "number",    "text",
                                                 "category", "timestamp", "boolean"};
  return names;
}

bool IsScalar(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar; }

std::optional<double> FiniteNumber(const YamlNode& node) {
  if (!IsScalar(node) || !node.plain) return std::nullopt;
  const Json value = PlainValue(node.text);
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

// A name for a message; cut between characters, never inside one.
std::string Short(std::string_view name) {
  constexpr size_t kMost = 60;
  if (name.size() <= kMost) return Printable(name);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) --end;
  return Printable(name.substr(0, end)) + "…";
}

}  // namespace

const char* ToString(SchemaType type) { return TypeNames()[static_cast<size_t>(type)].c_str(); }

std::string FieldOf(const std::string& parent, std::string_view key) {
  return fmt::format("{}.{}", parent, Short(key));
}

void SchemaValues::Tell(const Position& at, const std::string& field, std::string message,
                        std::string expected, std::string hint) {
  problems_->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                     .At(LocationAt(at, field))
                     .Expected(std::move(expected))
                     .Try(std::move(hint)));
}

std::nullopt_t SchemaValues::WrongType(const YamlNode& node, const std::string& field,
                                       std::string expected) {
  Tell(node.at, field, "wrong type: " + DescribeNode(node), std::move(expected));
  return std::nullopt;
}

std::optional<bool> SchemaValues::Boolean(const YamlNode& node, const std::string& field) {
  if (IsScalar(node) && node.plain) {
    const std::string word = ToLower(node.text);
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
  }
  return WrongType(node, field, "true or false");
}

std::optional<double> SchemaValues::Number(const YamlNode& node, const std::string& field) {
  if (const auto value = FiniteNumber(node)) return value;
  return WrongType(node, field, "a number");
}

std::optional<double> SchemaValues::Share(const YamlNode& node, const std::string& field) {
  constexpr const char* kExpected = "a share from 0 to 1";
  const auto value = FiniteNumber(node);
  if (!value) return WrongType(node, field, kExpected);
  if (*value >= 0 && *value <= 1) return value;
  const bool percent = *value > 1 && *value <= 100;
  Tell(node.at, field, node.text + " is out of range", kExpected,
       percent ? fmt::format("{} for {} %", *value / 100, *value) : "");
  return std::nullopt;
}

std::optional<int64_t> SchemaValues::Count(const YamlNode& node, const std::string& field) {
  const auto value = FiniteNumber(node);
  if (value && *value >= 0 && *value <= kExactIntegers && *value == std::floor(*value)) {
    return static_cast<int64_t>(*value);
  }
  return WrongType(node, field, "a whole number, 0 or more");
}

std::optional<SchemaBound> SchemaValues::Time(const YamlNode& node, const std::string& field) {
  if (IsScalar(node)) {
    if (node.text == "now") return SchemaBound{.now = true};
    if (const auto seconds = ParseIsoTime(node.text)) return SchemaBound{.value = *seconds};
  }
  return WrongType(node, field, "a date or time such as 2019-01-31 or 2019-01-31T08:00Z, or now");
}

std::optional<double> SchemaValues::Duration(const YamlNode& node, const std::string& field) {
  if (IsScalar(node)) {
    if (const auto seconds = ParseDuration(node.text)) return seconds;
  }
  return WrongType(node, field, kDurationExpected);
}

std::optional<CountRange> SchemaValues::Counts(const YamlNode& node, const std::string& field) {
  if (!Mapping(node, field, "{min: …, max: …}")) return std::nullopt;
  CountRange range;
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    if (entry.key == "min") {
      range.min = Count(entry.value, inner);
    } else if (entry.key == "max") {
      range.max = Count(entry.value, inner);
    } else {
      UnknownKey(entry, field, {"min", "max"});
    }
  }
  if (range.min && range.max && *range.min > *range.max) {
    Tell(node.at, field, fmt::format("min {} is above max {}", *range.min, *range.max),
         "min at most max");
  }
  return range;
}

std::optional<std::string> SchemaValues::Text(const YamlNode& node, const std::string& field) {
  if (IsScalar(node) && !node.text.empty()) return node.text;
  if (IsScalar(node)) {
    Tell(node.at, field, "an empty text", "text");
    return std::nullopt;
  }
  return WrongType(node, field, "text");
}

std::optional<std::vector<std::string>> SchemaValues::Texts(const YamlNode& node,
                                                            const std::string& field) {
  constexpr const char* kExpected = "a list of values, such as [basic, pro]";
  if (node.kind != YamlNode::Kind::kList) return WrongType(node, field, kExpected);
  if (node.items.empty()) {
    Tell(node.at, field, "an empty list", kExpected);
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < node.items.size(); ++i) {
    auto text = Text(node.items[i], fmt::format("{}[{}]", field, i));
    if (!text) return std::nullopt;
    texts.push_back(*std::move(text));
  }
  std::vector<std::string> sorted = texts;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    Tell(node.at, field, fmt::format("{} is listed twice", CompactJson(Short(*twice))),
         "each value once");
  }
  return texts;
}

std::optional<std::string> SchemaValues::Regex(const YamlNode& node, const std::string& field) {
  auto text = Text(node, field);
  if (!text) return std::nullopt;
  if (const auto pattern = Pattern::Make(*text); !pattern.ok()) {
    Tell(node.at, field, pattern.error().message(), pattern.error().expected());
    return std::nullopt;
  }
  return text;
}

std::optional<size_t> SchemaValues::Choice(const YamlNode& node, const std::string& field,
                                           const std::vector<std::string>& names) {
  if (!IsScalar(node)) {
    (void)WrongType(node, field, JoinOr(names));
    return std::nullopt;
  }
  const auto found = std::ranges::find(names, node.text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  Tell(node.at, field, "unknown name: " + DescribeNode(node), JoinOr(names),
       NearestName(node.text, names));
  return std::nullopt;
}

std::optional<SchemaSeverity> SchemaValues::Severity(const YamlNode& node,
                                                     const std::string& field) {
  const auto choice = Choice(node, field, {"warning", "error"});
  if (!choice) return std::nullopt;
  return *choice == 0 ? SchemaSeverity::kWarning : SchemaSeverity::kError;
}

std::optional<SchemaType> SchemaValues::Type(const YamlNode& node, const std::string& field) {
  const auto choice = Choice(node, field, TypeNames());
  if (!choice) return std::nullopt;
  return static_cast<SchemaType>(*choice);
}

bool SchemaValues::Mapping(const YamlNode& node, const std::string& field,
                           const std::string& expected) {
  if (node.kind == YamlNode::Kind::kMap) return true;
  (void)WrongType(node, field, expected);
  return false;
}

void SchemaValues::UnknownKey(const Entry& entry, const std::string& field,
                              const std::vector<std::string>& known) {
  Tell(entry.at, field, fmt::format("unknown key {}", CompactJson(Short(entry.key))), JoinOr(known),
       NearestName(entry.key, known));
}

Result<std::string> ReadPlainFile(const std::string& path, const char* what) {
  FileSystem& files = LocalFileSystem();
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(path));
  if (stat.size > kMostBytes) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{}, too large for {}", FormatBytes(stat.size), what))
        .At(LocationAt({path}))
        .Expected("at most " + FormatBytes(kMostBytes));
  }
  return files.ReadFile(path);
}

}  // namespace slipway::config
