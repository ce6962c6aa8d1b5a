#include "model/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "core/text.h"

namespace slipway::model {
namespace {

constexpr const char* kSchemaFile = "schema.json";

const std::vector<data::ColumnType> kColumnTypes = {
    data::ColumnType::kNumeric, data::ColumnType::kCategory, data::ColumnType::kTimestamp};

Error SchemaError(const std::string& field, std::string message, std::string expected) {
  Location location;
  location.file = kSchemaFile;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message))
      .At(std::move(location))
      .Expected(std::move(expected));
}

Json ToJson(const InputField& field) {
  Json json = {{"name", field.name}, {"type", data::ToString(field.type)}};
  if (field.type == data::ColumnType::kCategory) {
    json["nullable"] = field.nullable;
    json["categories"] = field.categories;
    return json;
  }
  if (field.type == data::ColumnType::kNumeric) json["integral"] = field.integral;
  json["nullable"] = field.nullable;
  json["range"] = Json::array({field.min, field.max});
  return json;
}

Result<std::vector<std::string>> Strings(const Json& object, const char* key) {
  std::vector<std::string> strings;
  const auto it = object.find(key);
  if (it == object.end()) return strings;
  if (!it->is_array()) return SchemaError(key, "not a list", "a list of strings");
  for (const Json& item : *it) {
    if (!item.is_string()) return SchemaError(key, "not a list of strings", "a list of strings");
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

Result<data::ColumnType> ColumnTypeFromText(const std::string& text, const std::string& field) {
  std::vector<std::string> names;
  for (const data::ColumnType type : kColumnTypes) {
    if (text == data::ToString(type)) return type;
    names.emplace_back(data::ToString(type));
  }
  return SchemaError(field, fmt::format("unknown type '{}'", text), JoinOr(names));
}

Result<InputField> InputFieldFromJson(const Json& json) {
  if (!json.is_object()) return SchemaError("inputs", "not a list of objects", "objects");
  InputField field;
  field.name = GetString(json, "name");
  if (field.name.empty()) return SchemaError("inputs", "an input without a name", "a name");
  SLIPWAY_ASSIGN_OR_RETURN(field.type, ColumnTypeFromText(GetString(json, "type"), field.name));
  field.integral = GetBool(json, "integral");
  field.nullable = GetBool(json, "nullable");
  SLIPWAY_ASSIGN_OR_RETURN(field.categories, Strings(json, "categories"));
  if (const auto range = json.find("range");
      range != json.end() && range->is_array() && range->size() == 2) {
    if ((*range)[0].is_number()) field.min = (*range)[0].get<double>();
    if ((*range)[1].is_number()) field.max = (*range)[1].get<double>();
  }
  return field;
}

}  // namespace

size_t Calibration::size() const {
  return std::visit([](const auto& all) { return all.size(); }, curves);
}

int Scorer::outputs() const {
  return std::visit([](const auto& scorer) { return scorer.outputs; }, body);
}

int Scorer::features() const {
  return std::visit([](const auto& scorer) { return scorer.features; }, body);
}

int Scorer::classes() const {
  switch (link) {
    case Link::kIdentity: return 0;
    case Link::kLogit: return 2;
    default: return outputs();
  }
}

Predictions Predictions::Make(int64_t rows, int classes) {
  Predictions predictions;
  predictions.rows = rows;
  predictions.classes = classes;
  if (predictions.regression()) {
    predictions.values.resize(static_cast<size_t>(rows));
    return predictions;
  }
  predictions.labels.resize(static_cast<size_t>(rows));
  predictions.scores.resize(static_cast<size_t>(rows * classes));
  return predictions;
}

Predictions SelectRows(const Predictions& predictions, std::span<const int64_t> rows) {
  Predictions selected = Predictions::Make(std::ssize(rows), predictions.classes);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<size_t>(rows[i]);
    if (predictions.regression()) {
      selected.values[i] = predictions.values[row];
      continue;
    }
    selected.labels[i] = predictions.labels[row];
    const auto classes = static_cast<size_t>(predictions.classes);
    std::copy_n(predictions.scores.begin() + static_cast<std::ptrdiff_t>(row * classes), classes,
                selected.scores.begin() + static_cast<std::ptrdiff_t>(i * classes));
  }
  return selected;
}

std::vector<OutputField> OutputFields(const std::vector<std::string>& classes,
                                      bool integer_labels) {
  if (classes.empty()) return {{"prediction", "double"}};
  std::vector<OutputField> fields = {{"label", integer_labels ? "int64" : "string"}};
  for (const std::string& name : classes) fields.push_back({"probability_" + name, "float"});
  return fields;
}

std::vector<std::string> OutputNames(const std::vector<std::string>& classes) {
  std::vector<std::string> names;
  for (OutputField& field : OutputFields(classes, false)) names.push_back(std::move(field.name));
  return names;
}

Json ShortestNumber(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

Json ToJson(const ModelSchema& schema) {
  Json inputs = Json::array();
  for (const InputField& field : schema.inputs) inputs.push_back(ToJson(field));
  Json outputs = Json::array();
  for (const OutputField& field : OutputFields(schema.classes, schema.integer_labels))
    outputs.push_back({{"name", field.name}, {"type", field.type}});
  Json json = {{"inputs", std::move(inputs)},
               {"outputs", std::move(outputs)},
               {"task", schema.task},
               {"target", schema.target},
               {"classes", schema.classes},
               {"integer_labels", schema.integer_labels},
               {"positive_class", schema.positive_class},
               {"missing_values", schema.missing_values}};
  if (!schema.calibration.empty()) json["calibration"] = schema.calibration;
  if (schema.decision_threshold)
    json["decision_threshold"] = ShortestNumber(*schema.decision_threshold);
  return json;
}

Result<ModelSchema> ModelSchemaFromJson(const Json& json) {
  if (!json.is_object()) return SchemaError("", "not a model's schema", "a JSON object");
  const auto inputs = json.find("inputs");
  if (inputs == json.end() || !inputs->is_array()) {
    return SchemaError("inputs", "missing", "a list of input fields");
  }
  ModelSchema schema;
  for (const Json& item : *inputs) {
    SLIPWAY_ASSIGN_OR_RETURN(InputField field, InputFieldFromJson(item));
    schema.inputs.push_back(std::move(field));
  }
  schema.task = GetString(json, "task");
  schema.target = GetString(json, "target");
  SLIPWAY_ASSIGN_OR_RETURN(schema.classes, Strings(json, "classes"));
  schema.integer_labels = GetBool(json, "integer_labels");
  schema.positive_class = GetString(json, "positive_class");
  schema.calibration = GetString(json, "calibration");
  if (const auto least = json.find("decision_threshold"); least != json.end()) {
    if (!least->is_number())
      return SchemaError("decision_threshold", "not a number", "a probability");
    schema.decision_threshold = least->get<float>();
  }
  if (json.contains("missing_values")) {
    SLIPWAY_ASSIGN_OR_RETURN(schema.missing_values, Strings(json, "missing_values"));
  }
  return schema;
}

}  // namespace slipway::model
