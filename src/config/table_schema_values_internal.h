// Single values of the files that stand beside a configuration, a table's schema and expectations:
// each takes what is right, or tells `problems` and gives nullopt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node_internal.h"
#include "config/table_schema.h"
#include "core/result.h"

namespace slipway::config {

// `field` is the dotted key that errors name.
class SchemaValues {
 public:
  explicit SchemaValues(Problems* problems) : problems_(problems) {}

  std::optional<bool> Boolean(const YamlNode& node, const std::string& field);
  std::optional<double> Number(const YamlNode& node, const std::string& field);
  std::optional<double> Share(const YamlNode& node, const std::string& field);
  // "now", a date or a time.
  std::optional<SchemaBound> Time(const YamlNode& node, const std::string& field);
  std::optional<double> Duration(const YamlNode& node, const std::string& field);
  // A whole number from 0 on.
  std::optional<int64_t> Count(const YamlNode& node, const std::string& field);
  // {min, max} of such.
  std::optional<CountRange> Counts(const YamlNode& node, const std::string& field);
  // Any scalar, as it is written.
  std::optional<std::string> Text(const YamlNode& node, const std::string& field);
  std::optional<std::vector<std::string>> Texts(const YamlNode& node, const std::string& field);
  std::optional<std::string> Regex(const YamlNode& node, const std::string& field);
  std::optional<SchemaSeverity> Severity(const YamlNode& node, const std::string& field);
  std::optional<SchemaType> Type(const YamlNode& node, const std::string& field);
  // The index of one of `names`.
  std::optional<size_t> Choice(const YamlNode& node, const std::string& field,
                               const std::vector<std::string>& names);
  // nullopt, after telling what the node is.
  std::nullopt_t WrongType(const YamlNode& node, const std::string& field, std::string expected);

  // True for a mapping.
  bool Mapping(const YamlNode& node, const std::string& field, const std::string& expected);
  void UnknownKey(const Entry& entry, const std::string& field,
                  const std::vector<std::string>& known);
  void Tell(const Position& at, const std::string& field, std::string message, std::string expected,
            std::string hint = "");

 private:
  Problems* problems_;
};

// Sets `to` where there is a value: what is wrong was told, and keeps its default.
template <typename T, typename U>
void Set(T* to, std::optional<U> value) {
  if (value) *to = *std::move(value);
}

// The text of a file that people write, which is one of at most 64 MB; `what` names it: "a schema".
Result<std::string> ReadPlainFile(const std::string& path, const char* what);

// "columns" and "age" → "columns.age".
std::string FieldOf(const std::string& parent, std::string_view key);

}  // namespace slipway::config
