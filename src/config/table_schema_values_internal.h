// Single values of a table's schema: each takes what is right, or tells `problems` and gives
// nullopt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node_internal.h"
#include "config/table_schema.h"

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
  // {min, max} of whole numbers from 0 on.
  std::optional<CountRange> Counts(const YamlNode& node, const std::string& field);
  // Any scalar, as it is written.
  std::optional<std::string> Text(const YamlNode& node, const std::string& field);
  std::optional<std::vector<std::string>> Texts(const YamlNode& node, const std::string& field);
  std::optional<std::string> Regex(const YamlNode& node, const std::string& field);
  std::optional<SchemaSeverity> Severity(const YamlNode& node, const std::string& field);
  std::optional<SchemaType> Type(const YamlNode& node, const std::string& field);

  // True for a mapping.
  bool Mapping(const YamlNode& node, const std::string& field, const std::string& expected);
  void UnknownKey(const Entry& entry, const std::string& field,
                  const std::vector<std::string>& known);
  void Tell(const Position& at, const std::string& field, std::string message, std::string expected,
            std::string hint = "");

 private:
  std::optional<int64_t> Count(const YamlNode& node, const std::string& field);
  std::optional<size_t> Choice(const YamlNode& node, const std::string& field,
                               const std::vector<std::string>& names);
  std::nullopt_t WrongType(const YamlNode& node, const std::string& field, std::string expected);

  Problems* problems_;
};

// "columns" and "age" → "columns.age".
std::string FieldOf(const std::string& parent, std::string_view key);

}  // namespace slipway::config
