// What a request holds by a second reader: nlohmann's parser and the plainest code there is.
// Included by tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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

// Whether a mapping of the body has a key twice, of which the parser keeps one.
inline bool HasKeyTwice(std::string_view body) {
  std::vector<std::set<std::string>> mappings;
  bool twice = false;
  const auto look = [&](int /*depth*/, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) mappings.emplace_back();
    if (event == Json::parse_event_t::object_end) mappings.pop_back();
    if (event == Json::parse_event_t::key)
      twice |= !mappings.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  const Json json = Json::parse(body, look, false);
  return twice && !json.is_discarded();
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

  std::optional<OracleRows> Infer(const Json& body) const {
    if (!body.is_object() || !body.contains("inputs") || !OutputsAreGood(body)) return {};
    if (body.contains("id") && !body["id"].is_string() && !body["id"].is_null()) return {};
    const Json& tensors = body["inputs"];
    if (!tensors.is_array() || tensors.empty()) return {};
    OracleRows rows;
    for (const Json& tensor : tensors) {
      if (!AddTensor(tensor, tensors.size(), &rows)) return {};
    }
    return rows;
  }

  // Whether the table has this value there.
  bool Holds(const data::Table& table, int64_t row, size_t input, const Json* value) const {
    const data::Column& column = table.columns[input];
    const bool missing = column.IsMissing(row);
    if (value == nullptr || value->is_null()) return missing;
    if (value->is_string() && IsMissing(value->get<std::string>())) return missing;
    if (column.type == data::ColumnType::kCategory)
      return missing ? *value == -999 : IsText(column.TextAt(row), *value);
    const double number = NumberOf(input, *value);
    // Of a time only as it is listed, which is the one way to write it as a whole number.
    const bool listed =
        number == -999 && (column.type == data::ColumnType::kNumeric || value->is_number_integer());
    return listed ? missing : column.numbers[static_cast<size_t>(row)] == number;
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
      case data::ColumnType::kNumeric:
        return value.is_number() || value.is_boolean() ||
               (value.is_string() && IsNumberText(value.get<std::string>()));
      case data::ColumnType::kCategory: return !value.is_structured();
      case data::ColumnType::kTimestamp:
        return value.is_number() ||
               (value.is_string() && (IsNumberText(value.get<std::string>()) ||
                                      ParseIsoTime(Trimmed(value.get<std::string>()))));
    }
    return false;
  }

  // As files write numbers, with a sign or without digits before the point, too; or missing.
  bool IsNumberText(const std::string& text) const {
    const std::string trimmed = Trimmed(text);
    if (IsMissing(trimmed)) return true;
    if (trimmed.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
    char* end = nullptr;
    const double value = std::strtod(trimmed.c_str(), &end);
    return *end == '\0' && std::isfinite(value);
  }

  double NumberOf(size_t input, const Json& value) const {
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (!value.is_string()) return value.get<double>();
    const std::string text = Trimmed(value.get<std::string>());
    const bool time = schema_.inputs[input].type == data::ColumnType::kTimestamp;
    const std::optional<double> seconds = time ? ParseIsoTime(text) : std::nullopt;
    return seconds ? *seconds : std::strtod(text.c_str(), nullptr);
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

  bool OutputsAreGood(const Json& body) const {
    if (!body.contains("outputs") || body["outputs"].is_null()) return true;
    const std::vector<std::string> known = model::OutputNames(schema_.classes);
    std::vector<std::string> there;
    if (!body["outputs"].is_array()) return false;
    for (const Json& output : body["outputs"]) {
      const std::string name = output.is_object() ? GetString(output, "name") : "";
      if (std::ranges::find(known, name) == known.end()) return false;
      if (std::ranges::find(there, name) != there.end()) return false;
      there.push_back(name);
    }
    return true;
  }

  // Flat, whether it is nested or not.
  static std::optional<std::vector<const Json*>> Flat(const Json& data, size_t columns) {
    std::vector<const Json*> values;
    const bool nested = !data.empty() && data[0].is_array();
    for (const Json& item : data) {
      if (item.is_array() != nested || (nested && item.size() != columns)) return {};
      if (!nested) values.push_back(&item);
      for (size_t i = 0; nested && i < columns; ++i) values.push_back(&item[i]);
    }
    return values;
  }

  // Rows and columns of a tensor; nothing for a shape that is none.
  static std::optional<std::pair<double, double>> ShapeOf(const Json& shape) {
    if (!shape.is_array() || shape.empty() || shape.size() > 2) return {};
    for (const Json& size : shape) {
      const double number = size.is_number() ? size.get<double>() : -1;
      if (number < 0 || number > 9007199254740992.0 || number != std::floor(number)) return {};
    }
    return std::pair(shape[0].get<double>(), shape.size() == 2 ? shape[1].get<double>() : 1);
  }

  bool AddTensor(const Json& tensor, size_t tensors, OracleRows* rows) const {
    if (!tensor.is_object()) return false;
    for (const char* key : {"name", "datatype"}) {
      if (!tensor.contains(key) || !tensor[key].is_string()) return false;
    }
    const auto shape = ShapeOf(tensor.value("shape", Json()));
    const auto inputs = static_cast<double>(schema_.inputs.size());
    if (!shape || !tensor.contains("data") || !tensor["data"].is_array()) return false;
    const bool matrix = rows->empty() && tensor["shape"].size() == 2 && shape->second == inputs;
    if (matrix ? tensors != 1 : shape->second != 1) return false;
    const auto values = Flat(tensor["data"], static_cast<size_t>(shape->second));
    if (!values || values->empty()) return false;
    if (static_cast<double>(values->size()) != shape->first * shape->second) return false;
    return Place(*values, static_cast<size_t>(shape->second), tensor, rows);
  }

  bool Place(const std::vector<const Json*>& values, size_t columns, const Json& tensor,
             OracleRows* rows) const {
    const std::optional<size_t> first =
        columns > 1 ? 0 : InputOf(tensor["name"].get<std::string>());
    if (!first) return false;
    if (rows->empty()) rows->assign(values.size() / columns, {schema_.inputs.size(), nullptr});
    if (rows->size() != values.size() / columns || rows->front()[*first] != nullptr) return false;
    for (size_t i = 0; i < values.size(); ++i) {
      const Json* value = AsDatatype(tensor["datatype"], values[i]);
      const size_t input = *first + i % columns;
      if (value == nullptr || !Fits(input, *value)) return false;
      (*rows)[i / columns][input] = value;
    }
    return true;
  }

  // The value; null where it is none of the datatype.
  static const Json* AsDatatype(const std::string& datatype, const Json* value) {
    static const Json kTrue(true), kFalse(false);
    if (value->is_null()) return DatatypeIsKnown(datatype) ? value : nullptr;
    if (datatype == "BYTES") return value->is_string() ? value : nullptr;
    if (datatype == "BOOL") {
      if (value->is_boolean()) return value;
      return *value == 1 ? &kTrue : *value == 0 ? &kFalse : nullptr;
    }
    if (!value->is_number()) return nullptr;
    const auto number = value->get<double>();
    if (datatype == "FP64") return value;
    if (datatype == "FP32") return std::isfinite(static_cast<float>(number)) ? value : nullptr;
    if (datatype == "FP16") return std::fabs(number) < 65520 ? value : nullptr;
    return IsWhole(datatype, *value) ? value : nullptr;
  }

  static bool DatatypeIsKnown(const std::string& datatype) {
    for (const char* known : {"BOOL", "BYTES", "FP16", "FP32", "FP64"}) {
      if (datatype == known) return true;
    }
    return IsWhole(datatype, Json(1));
  }

  static bool IsWhole(const std::string& datatype, const Json& value) {
    const bool no_sign = datatype.starts_with("UINT");
    if (!no_sign && !datatype.starts_with("INT")) return false;
    const std::string size = datatype.substr(no_sign ? 4 : 3);
    if (size != "8" && size != "16" && size != "32" && size != "64") return false;
    const int bits = static_cast<int>(std::strtol(size.c_str(), nullptr, 10)) - (no_sign ? 0 : 1);
    // Whole numbers that nlohmann keeps as such may be larger than those of a double.
    if (size == "64" && value.is_number_unsigned())
      return no_sign || value.get<uint64_t>() <= uint64_t{INT64_MAX};
    const auto number = value.get<double>();
    const double end = std::ldexp(1, bits);
    return number == std::floor(number) && number >= (no_sign ? 0 : -end) && number < end;
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
