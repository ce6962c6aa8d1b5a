#include <algorithm>
#include <array>

#include "serve/feedback.h"
#include "serve/logged_model_internal.h"

namespace slipway::serve {
namespace {

constexpr std::array kTypes = {data::ColumnType::kNumeric, data::ColumnType::kCategory,
                               data::ColumnType::kTimestamp};

Error NoModel(const char* what) {
  return {ErrorCode::kInvalidInput, std::string("no description of a logged model: ") + what};
}

void FillNumbers(LoggedModel* model) {
  model->class_numbers.clear();
  for (const std::string& name : model->classes) model->class_numbers.push_back(NumberOfText(name));
}

}  // namespace

LoggedModel LoggedModel::Of(const ServedModel& model, const std::string& service) {
  LoggedModel logged;
  logged.service = service;
  logged.name = model.name;
  logged.version = model.version;
  logged.digest = model.model.digest;
  const model::ModelSchema& schema = model.model.schema;
  for (const model::InputField& field : schema.inputs)
    logged.inputs.push_back({field.name, field.type});
  logged.classes = schema.classes;
  logged.integer_labels = schema.integer_labels;
  FillNumbers(&logged);
  return logged;
}

Json ToJson(const LoggedModel& model) {
  Json inputs = Json::array();
  for (const LoggedModel::Input& input : model.inputs)
    inputs.push_back({{"name", input.name}, {"type", data::ToString(input.type)}});
  return {{"name", model.name},         {"version", model.version},
          {"digest", model.digest},     {"service", model.service},
          {"classes", model.classes},   {"integer_labels", model.integer_labels},
          {"inputs", std::move(inputs)}};
}

Result<LoggedModel> LoggedModelFromJson(const Json& json) {
  if (!json.is_object()) return NoModel("no mapping");
  LoggedModel model;
  model.name = GetString(json, "name");
  model.version = GetString(json, "version");
  model.digest = GetString(json, "digest");
  model.service = GetString(json, "service");
  model.integer_labels = GetBool(json, "integer_labels");
  for (const Json& input : json.value("inputs", Json::array())) {
    const std::string type = input.is_object() ? GetString(input, "type") : "";
    const auto known =
        std::ranges::find_if(kTypes, [&](auto one) { return type == data::ToString(one); });
    if (known == kTypes.end()) return NoModel("an input of no type");
    model.inputs.push_back({GetString(input, "name"), *known});
  }
  for (const Json& name : json.value("classes", Json::array())) {
    if (!name.is_string()) return NoModel("a class without a name");
    model.classes.push_back(name.get<std::string>());
  }
  FillNumbers(&model);
  return model;
}

}  // namespace slipway::serve
