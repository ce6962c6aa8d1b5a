#include "serve/openapi.h"

#include <utility>

#include "core/build_info.h"

namespace slipway::serve {
namespace {

Json Ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json Content(Json schema) {
  return {{"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
}

Json Described(const char* text, Json schema) {
  Json answer = Content(std::move(schema));
  answer["description"] = text;
  return answer;
}

// An input's values, as requests write them.
Json ValueSchema(const model::InputField& field) {
  if (field.type == data::ColumnType::kCategory) {
    Json schema = {{"type", {"string", "number", "boolean", "null"}}};
    if (!field.categories.empty()) schema["examples"] = field.categories;
    return schema;
  }
  if (field.type == data::ColumnType::kTimestamp) {
    return {{"type", {"string", "number", "null"}},
            {"description", "a date, a time, or seconds since 1970"}};
  }
  return {{"type", {"number", "null"}}};
}

// A row in the order of the inputs, and as a mapping.
Json RowSchemas(const model::ModelSchema& schema) {
  Json items = Json::array(), properties = Json::object();
  for (const model::InputField& field : schema.inputs) {
    items.push_back(ValueSchema(field));
    properties[field.name] = ValueSchema(field);
  }
  const size_t count = schema.inputs.size();
  return Json::array({{{"type", "array"},
                       {"prefixItems", std::move(items)},
                       {"minItems", count},
                       {"maxItems", count}},
                      {{"type", "object"},
                       {"properties", std::move(properties)},
                       {"additionalProperties", false}}});
}

Json LabelSchema(const model::ModelSchema& schema) {
  if (schema.classes.empty()) return {{"type", "number"}};
  return {{"type", schema.integer_labels ? "integer" : "string"}};
}

Json PredictQuestion(const model::ModelSchema& schema) {
  Json one = {{"type", "object"},
              {"properties", {{"features", {{"oneOf", RowSchemas(schema)}}}}},
              {"required", {"features"}}};
  Json many = {
      {"type", "object"},
      {"properties",
       {{"instances",
         {{"type", "array"}, {"minItems", 1}, {"items", {{"oneOf", RowSchemas(schema)}}}}}}},
      {"required", {"instances"}}};
  return {{"oneOf", Json::array({std::move(one), std::move(many)})}};
}

Json PredictAnswer(const model::ModelSchema& schema) {
  const Json probability = {{"type", "object"}, {"additionalProperties", {{"type", "number"}}}};
  const Json label = LabelSchema(schema);
  Json properties = {{"prediction", label}, {"predictions", {{"type", "array"}, {"items", label}}}};
  if (!schema.classes.empty()) {
    properties["probability"] = probability;
    properties["probabilities"] = {{"type", "array"}, {"items", probability}};
  }
  for (const char* name : {"model", "version", "request_id"})
    properties[name] = {{"type", "string"}};
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

Json Responses(const char* text, Json schema, std::vector<const char*> codes) {
  Json responses = {{"200", Described(text, std::move(schema))}};
  for (const char* code : codes) responses[code] = Described("what is wrong", Ref("Error"));
  return responses;
}

Json PredictPage(const std::string& summary, const std::string& schema) {
  Json body = Content(Ref(schema + "Question"));
  body["required"] = true;
  return {{"post",
           {{"summary", summary},
            {"requestBody", std::move(body)},
            {"responses", Responses("one answer a row", Ref(schema + "Answer"),
                                    {"400", "413", "422", "503"})}}}};
}

Json StatusPage(const char* summary, const char* text) {
  const Json status = {{"type", "object"}, {"properties", {{"status", {{"type", "string"}}}}}};
  Json responses = {{"200", Described(text, status)}};
  responses["503"] = Described("not now", status);
  return {{"get", {{"summary", summary}, {"responses", std::move(responses)}}}};
}

Json MetricsPage() {
  const Json figures = {{"type", "object"}};
  Json content = {{"application/json", {{"schema", figures}}},
                  {"text/plain", {{"schema", {{"type", "string"}}}}}};
  return {{"get",
           {{"summary", "Figures of predictions over the last seconds"},
            {"responses",
             {{"200", {{"description", "the figures"}, {"content", std::move(content)}}}}}}}};
}

Json ErrorSchema() {
  return {{"type", "object"},
          {"properties",
           {{"error", {{"type", "string"}}},
            {"field", {{"type", "string"}}},
            {"row", {{"type", "integer"}, {"description", "from 0"}}}}},
          {"required", {"error"}}};
}

}  // namespace

Json OpenApi(const std::vector<DescribedModel>& models, bool metrics) {
  Json schemas = {{"Error", ErrorSchema()}}, paths = Json::object();
  for (size_t i = 0; i < models.size(); ++i) {
    const DescribedModel& model = models[i];
    const std::string name = "Model" + std::to_string(i + 1);
    schemas[name + "Question"] = PredictQuestion(*model.schema);
    schemas[name + "Answer"] = PredictAnswer(*model.schema);
    if (i == 0) paths["/predict"] = PredictPage("Predictions of " + model.name, name);
    paths["/models/" + model.name + "/predict"] = PredictPage("Predictions of " + model.name, name);
  }
  paths["/health"] = StatusPage("Whether the process is alive", "alive");
  paths["/ready"] = StatusPage("Whether predictions are answered", "ready");
  if (metrics) paths["/metrics"] = MetricsPage();
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", models.front().name},
            {"version", models.front().version.empty() ? "0" : models.front().version},
            {"description", std::string("Served by Slipway ") + Version()}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", std::move(schemas)}}}};
}

}  // namespace slipway::serve
