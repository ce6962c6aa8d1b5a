// What a request holds by a second reader: nlohmann's parser and the plainest code there is.
// Included by tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "core/time_text.h"
#include "data/category_column.h"
#include "serve/types.h"

namespace slipway::serve {

// Names that need escapes, all types, a number that counts as missing.
inline model::ModelSchema OracleSchema() {
  using data::ColumnType;
  model::ModelSchema schema;
  const auto add = [&](std::string name, ColumnType type) -> model::InputField& {
    model::InputField& field = schema.inputs.emplace_back();
    field.name = std::move(name);
    field.type = type;
    return field;
  };
  add("age", ColumnType::kNumeric).integral = true;
  add("annual_income", ColumnType::kNumeric);
  add("city", ColumnType::kCategory).categories = {"Köln", "Oslo", "Rome", "True"};
  add("say \"hi\"", ColumnType::kNumeric);
  add("straße", ColumnType::kCategory).categories = {"1", "2", "a b"};
  add("since", ColumnType::kTimestamp);
  schema.classes = {"no", "yes"};
  schema.missing_values = {"", "NA", "-999"};
  return schema;
}

// By row and input; null for one that is not there.
using OracleRows = std::vector<std::vector<const Json*>>;

class Oracle {
 public:
  explicit Oracle(const model::ModelSchema& schema) : schema_(schema) {}

  // The rows of a body; nothing for one that is to be refused.
  std::optional<OracleRows> Predict(const Json& body) const {
    if (!body.is_object() || !KeysAre(body, {"features", "instances", "request_id"})) return {};
    if (body.contains("features") == body.contains("instances") || !IdIsGood(body)) return {};
    if (body.contains("instances")) return RowsOf(body["instances"], AllNames());
    OracleRows rows;
    if (!AddRow(body["features"], AllNames(), &rows)) return {};
    return rows;
  }

  std::optional<OracleRows> Invocation(const Json& body) const {
    const std::vector<std::string> sources = {"dataframe_split", "dataframe_records", "instances",
                                              "inputs"};
    std::vector<std::string> keys = sources;
    keys.insert(keys.end(), {"params", "request_id"});
    if (!body.is_object() || !KeysAre(body, keys) || !IdIsGood(body)) return {};
    std::vector<std::string> there;
    for (const std::string& source : sources) {
      if (body.contains(source)) there.push_back(source);
    }
    if (there.size() != 1) return {};
    const Json& value = body[there[0]];
    if (there[0] == "dataframe_split") return Split(value);
    if (there[0] == "inputs" && value.is_object()) return Columns(value);
    return RowsOf(value, AllNames());
  }

  // Whether the table has this value there.
  bool Holds(const data::Table& table, int64_t row, size_t input, const Json* value) const {
    const data::Column& column = table.columns[input];
    const bool missing = column.IsMissing(row);
    if (value == nullptr || value->is_null()) return missing;
    if (value->is_string() && IsMissing(value->get<std::string>())) return missing;
    const auto index = static_cast<size_t>(row);
    if (column.type == data::ColumnType::kCategory)
      return missing ? *value == -999 : IsText(column.TextAt(row), *value);
    if (!value->is_string() && *value == -999) return missing;
    return column.numbers[index] == NumberOf(input, *value);
  }

 private:
  std::vector<std::string> AllNames() const {
    std::vector<std::string> names;
    for (const model::InputField& field : schema_.inputs) names.push_back(field.name);
    return names;
  }

  static bool KeysAre(const Json& object, const std::vector<std::string>& known) {
    return std::ranges::all_of(object.items(), [&](const auto& item) {
      return std::ranges::find(known, item.key()) != known.end();
    });
  }

  static bool IdIsGood(const Json& body) {
    if (!body.contains("request_id")) return true;
    if (!body["request_id"].is_string()) return false;
    const auto id = body["request_id"].get<std::string>();
    return !id.empty() && id.size() <= 128 &&
           std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
  }

  std::optional<size_t> InputOf(const std::string& name) const {
    for (size_t i = 0; i < schema_.inputs.size(); ++i) {
      if (schema_.inputs[i].name == name) return i;
    }
    return std::nullopt;
  }

  static std::string Trimmed(std::string text) {
    const char* blanks = " \t\n\v\f\r";
    text.erase(0, text.find_first_not_of(blanks));
    text.erase(text.find_last_not_of(blanks) + 1);
    return text;
  }

  bool IsMissing(const std::string& text) const {
    const std::string trimmed = Trimmed(text);
    return trimmed.empty() ||
           std::ranges::find(schema_.missing_values, trimmed) != schema_.missing_values.end();
  }

  bool Fits(size_t input, const Json& value) const {
    if (value.is_null()) return true;
    switch (schema_.inputs[input].type) {
      case data::ColumnType::kNumeric: return value.is_number() || value.is_boolean();
      case data::ColumnType::kCategory: return !value.is_structured();
      case data::ColumnType::kTimestamp:
        return value.is_number() ||
               (value.is_string() && (IsMissing(value.get<std::string>()) ||
                                      ParseIsoTime(Trimmed(value.get<std::string>()))));
    }
    return false;
  }

  double NumberOf(size_t input, const Json& value) const {
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (schema_.inputs[input].type == data::ColumnType::kTimestamp && value.is_string())
      return *ParseIsoTime(Trimmed(value.get<std::string>()));
    return value.get<double>();
  }

  static bool IsText(const std::string& text, const Json& value) {
    if (value.is_boolean()) return text == (value.get<bool>() ? "True" : "False");
    if (value.is_number()) return std::strtod(text.c_str(), nullptr) == value.get<double>();
    return text == data::CanonicalBoolean(Trimmed(value.get<std::string>()));
  }

  bool AddRow(const Json& row, const std::vector<std::string>& names, OracleRows* rows) const {
    std::vector<const Json*>& values = rows->emplace_back(schema_.inputs.size(), nullptr);
    const auto set = [&](const std::string& name, const Json& value) {
      const std::optional<size_t> input = InputOf(name);
      if (!input || values[*input] != nullptr || !Fits(*input, value)) return false;
      values[*input] = &value;
      return true;
    };
    if (row.is_object()) {
      return std::ranges::all_of(row.items(),
                                 [&](const auto& item) { return set(item.key(), item.value()); });
    }
    if (!row.is_array() || row.size() != names.size()) return false;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!set(names[i], row[i])) return false;
    }
    return true;
  }

  std::optional<OracleRows> RowsOf(const Json& list, const std::vector<std::string>& names) const {
    if (!list.is_array() || list.empty()) return {};
    OracleRows rows;
    for (const Json& row : list) {
      if (!AddRow(row, names, &rows)) return {};
    }
    return rows;
  }

  std::optional<OracleRows> Split(const Json& split) const {
    if (!split.is_object() || !KeysAre(split, {"columns", "data", "index"})) return {};
    if (!split.contains("columns") || !split.contains("data")) return {};
    const Json& columns = split["columns"];
    if (!columns.is_array()) return {};
    std::vector<std::string> names;
    for (const Json& name : columns) {
      if (!name.is_string() || !InputOf(name.get<std::string>())) return {};
      if (std::ranges::find(names, name.get<std::string>()) != names.end()) return {};
      names.push_back(name.get<std::string>());
    }
    return RowsOf(split["data"], names);
  }

  std::optional<OracleRows> Columns(const Json& columns) const {
    OracleRows rows;
    for (const auto& [name, list] : columns.items()) {
      const std::optional<size_t> input = InputOf(name);
      if (!input || !list.is_array() || list.empty()) return {};
      if (rows.empty()) rows.assign(list.size(), {schema_.inputs.size(), nullptr});
      if (rows.size() != list.size()) return {};
      for (size_t i = 0; i < list.size(); ++i) {
        if (!Fits(*input, list[i])) return {};
        rows[i][*input] = &list[i];
      }
    }
    if (rows.empty()) return {};
    return rows;
  }

  const model::ModelSchema& schema_;
};

// What is wrong with the table by itself, or "".
inline std::string WhatBreaks(const data::Table& table) {
  if (table.rows <= 0) return "no rows";
  for (const data::Column& column : table.columns) {
    if (column.size() != table.rows) return column.name + " has not all rows";
    if (column.type != data::ColumnType::kCategory) {
      if (std::ranges::any_of(column.numbers, [](double x) { return std::isinf(x); }))
        return column.name + " has a number that is not finite";
      continue;
    }
    std::vector<bool> used(column.categories.size());
    for (const int32_t code : column.codes) {
      if (code == data::kMissingCode) continue;
      if (code < 0 || code >= std::ssize(column.categories)) return column.name + " has a bad code";
      used[static_cast<size_t>(code)] = true;
    }
    if (std::ranges::count(used, false) > 0) return column.name + " has a category without rows";
    if (std::ranges::adjacent_find(column.categories, std::ranges::greater_equal()) !=
        column.categories.end()) {
      return column.name + " has categories out of order";
    }
  }
  return "";
}

}  // namespace slipway::serve
