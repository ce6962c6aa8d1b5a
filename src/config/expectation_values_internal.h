// What several kinds of expectations are made of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/expectations.h"
#include "config/table_schema_values_internal.h"

namespace slipway::config {

class ExpectationValues : public SchemaValues {
 public:
  using SchemaValues::SchemaValues;

  std::optional<PlacedText> Placed(const YamlNode& node, const std::string& field);
  // null, or any scalar as it is written; no infinite number.
  std::optional<PlacedValue> Value(const YamlNode& node, const std::string& field);
  // A number that is not negative.
  std::optional<double> Amount(const YamlNode& node, const std::string& field);
};

// `node` is a list of mappings: calls `read` with each and its field. Anything else is told.
template <typename Read>
void ReadMappings(ExpectationValues& values, const YamlNode& node, const std::string& field,
                  const std::string& expected, const Read& read) {
  if (node.kind != YamlNode::Kind::kList) {
    values.Tell(node.at, field, "not a list", "a list of " + expected);
    return;
  }
  if (node.items.empty()) values.Tell(node.at, field, "an empty list", "a list of " + expected);
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string inner = field + "[" + std::to_string(i) + "]";
    if (values.Mapping(node.items[i], inner, expected)) read(node.items[i], inner);
  }
}

// The two kinds that change rows. What is wrong was told.
InvarianceExpectation ReadInvariance(ExpectationValues& values, const YamlNode& node,
                                     const std::string& field);
DirectionalExpectation ReadDirectional(ExpectationValues& values, const YamlNode& node,
                                       const std::string& field);

}  // namespace slipway::config
