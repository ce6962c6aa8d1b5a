// For tests: whether a value fits a schema, by as much of JSON Schema 2020-12 as the description
// uses. A keyword that it does not know fails the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <string>

#include "core/json.h"
#include "core/uri.h"

namespace slipway::serve {

class JsonSchemaOracle {
 public:
  // References point into `document`, which outlives it.
  explicit JsonSchemaOracle(const Json& document) : document_(document) {}

  bool Accepts(const Json& schema, const Json& value) const {
    return std::ranges::all_of(schema.items(), [&](const auto& keyword) {
      return Fits(schema, keyword.key(), keyword.value(), value);
    });
  }

 private:
  bool Fits(const Json& schema, const std::string& keyword, const Json& wanted,
            const Json& value) const {
    static const std::set<std::string> kNotes = {"title", "description", "examples"};
    if (kNotes.contains(keyword)) return true;
    if (keyword == "$ref") {
      const auto pointer = Json::json_pointer(wanted.get<std::string>().substr(1));
      return Accepts(document_.at(pointer), value);
    }
    if (keyword == "type") return FitsType(wanted, value);
    if (keyword == "enum") return std::ranges::find(wanted, value) != wanted.end();
    if (keyword == "const") return wanted == value;
    if (keyword == "allOf") return CountFits(wanted, value) == std::ssize(wanted);
    if (keyword == "oneOf") return CountFits(wanted, value) == 1;
    if (keyword == "anyOf") return CountFits(wanted, value) > 0;
    if (value.is_string()) return FitsText(keyword, wanted, value.get<std::string>());
    if (value.is_number()) return FitsNumber(keyword, wanted, value.get<double>());
    if (value.is_array()) return FitsList(schema, keyword, wanted, value);
    if (value.is_object()) return FitsMapping(schema, keyword, wanted, value);
    return true;
  }

  static bool FitsType(const Json& wanted, const Json& value) {
    const Json types = wanted.is_array() ? wanted : Json::array({wanted});
    return std::ranges::any_of(types, [&](const Json& type) {
      if (type == "integer")
        return value.is_number() && value.get<double>() == std::trunc(value.get<double>());
      return type == value.type_name();
    });
  }

  int64_t CountFits(const Json& schemas, const Json& value) const {
    return std::ranges::count_if(schemas,
                                 [&](const Json& schema) { return Accepts(schema, value); });
  }

  static bool FitsText(const std::string& keyword, const Json& wanted, const std::string& text) {
    if (keyword == "pattern") return std::regex_search(text, std::regex(wanted.get<std::string>()));
    // Of UTF-8, those bytes that begin a character.
    const int64_t length = std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (keyword == "minLength") return length >= wanted.get<int64_t>();
    if (keyword == "maxLength") return length <= wanted.get<int64_t>();
    return IsOfOthers(keyword);
  }

  static bool FitsNumber(const std::string& keyword, const Json& wanted, double number) {
    if (keyword == "minimum") return number >= wanted.get<double>();
    if (keyword == "maximum") return number <= wanted.get<double>();
    return IsOfOthers(keyword);
  }

  bool FitsList(const Json& schema, const std::string& keyword, const Json& wanted,
                const Json& list) const {
    const size_t before = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
    if (keyword == "minItems") return list.size() >= wanted.get<size_t>();
    if (keyword == "maxItems") return list.size() <= wanted.get<size_t>();
    if (keyword == "uniqueItems")
      return std::set<Json>(list.begin(), list.end()).size() == list.size();
    for (size_t i = 0; i < list.size(); ++i) {
      if (keyword == "prefixItems" && i < before && !Accepts(wanted[i], list[i])) return false;
      if (keyword == "items" && i >= before && !Accepts(wanted, list[i])) return false;
    }
    return IsOfOthers(keyword);
  }

  bool FitsMapping(const Json& schema, const std::string& keyword, const Json& wanted,
                   const Json& mapping) const {
    if (keyword == "minProperties") return mapping.size() >= wanted.get<size_t>();
    if (keyword == "required") {
      return std::ranges::all_of(
          wanted, [&](const Json& key) { return mapping.contains(key.get<std::string>()); });
    }
    for (const auto& [key, item] : mapping.items()) {
      const bool known = schema.contains("properties") && schema["properties"].contains(key);
      if (keyword == "additionalProperties" && !known && wanted == false) return false;
      if (keyword == "properties" && known && !Accepts(wanted[key], item)) return false;
    }
    return IsOfOthers(keyword);
  }

  // Each keyword says nothing of values of another kind than its own.
  static bool IsOfOthers(const std::string& keyword) {
    static const std::set<std::string> kKnown = {
        "pattern",       "minLength",           "maxLength",   "minimum", "maximum",  "minItems",
        "maxItems",      "uniqueItems",         "prefixItems", "items",   "required", "properties",
        "minProperties", "additionalProperties"};
    EXPECT_TRUE(kKnown.contains(keyword)) << keyword;
    return true;
  }

  const Json& document_;
};

}  // namespace slipway::serve
