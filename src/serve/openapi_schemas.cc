// What is asked of a model, and what it answers, by /predict and by MLflow's protocol.
#include <algorithm>
#include <charconv>
#include <utility>

#include "serve/openapi_internal.h"

namespace slipway::serve::openapi {
namespace {

// As the reader of the body takes it, so that it can be told again in a header.
Json RequestIdSchema() {
  constexpr int kLongest = 128;
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", kLongest},
          {"pattern", "^[!-~]+$"},
          {"description", "comes back with the answer; the header X-Request-Id goes before it"}};
}

std::string InputName(const std::string& prefix, size_t index) {
  return prefix + "Input" + std::to_string(index + 1);
}

// A row in the order of the inputs, and as a mapping.
void AddRows(const std::string& prefix, const model::ModelSchema& schema,
             const DescribedServer& server, Json* schemas) {
  Json items = Json::array(), properties = Json::object();
  std::vector<std::string> required;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const model::InputField& field = schema.inputs[i];
    const std::string name = InputName(prefix, i);
    (*schemas)[name] = InputSchema(field, schema, server.reader.unknown);
    items.push_back(SchemaRef(name));
    properties[field.name] = SchemaRef(name);
    if (TakesWholeNumbersOnly(field, schema)) required.push_back(field.name);
  }
  const size_t count = schema.inputs.size();
  (*schemas)[prefix + "RowList"] = {{"type", "array"},
                                    {"description", "values in the order of the inputs"},
                                    {"prefixItems", std::move(items)},
                                    {"minItems", count},
                                    {"maxItems", count}};
  Json mapping = ClosedMapping(std::move(properties), required);
  mapping["description"] = "inputs by name; one that is left out is missing";
  (*schemas)[prefix + "RowMapping"] = std::move(mapping);
  (*schemas)[prefix + "Row"] = {
      {"oneOf", {SchemaRef(prefix + "RowList"), SchemaRef(prefix + "RowMapping")}}};
  (*schemas)[prefix + "Rows"] =
      ListOf(SchemaRef(prefix + "Row"), 1, MostRows(server.reader, schema));
}

Json QuestionSchema(const std::string& prefix) {
  Json one = ClosedMapping(
      {{"features", SchemaRef(prefix + "Row")}, {"request_id", RequestIdSchema()}}, {"features"});
  one["title"] = "one row";
  Json many =
      ClosedMapping({{"instances", SchemaRef(prefix + "Rows")}, {"request_id", RequestIdSchema()}},
                    {"instances"});
  many["title"] = "many rows";
  return {{"oneOf", {std::move(one), std::move(many)}}};
}

// A label as answers have it.
Json LabelOf(const model::ModelSchema& schema, const std::string& label) {
  int64_t number = 0;
  const char* const end = label.data() + label.size();
  const bool whole = schema.integer_labels && std::from_chars(label.data(), end, number).ptr == end;
  return whole ? Json(number) : Json(label);
}

Json LabelSchema(const model::ModelSchema& schema) {
  if (schema.classes.empty()) return {{"type", "number"}};
  Json labels = Json::array();
  for (const std::string& label : schema.classes) labels.push_back(LabelOf(schema, label));
  return {{"type", schema.integer_labels ? "integer" : "string"}, {"enum", std::move(labels)}};
}

Json ProbabilitySchema(const model::ModelSchema& schema) {
  Json properties = Json::object();
  for (const std::string& label : schema.classes) properties[label] = {{"type", "number"}};
  return OpenMapping(std::move(properties), schema.classes);
}

// `plural` is what it has a row.
Json AnswerOf(Json answer, const Json* probability, bool plural) {
  const char* const prediction = plural ? "predictions" : "prediction";
  const char* const share = plural ? "probabilities" : "probability";
  Json properties = {{prediction, plural ? ListOf(std::move(answer), 1) : std::move(answer)}};
  std::vector<std::string> required = {prediction};
  if (probability != nullptr) {
    properties[share] = plural ? ListOf(*probability, 1) : *probability;
    required.emplace_back(share);
  }
  for (const char* name : {"model", "version", "request_id"}) {
    properties[name] = {{"type", "string"}};
    required.emplace_back(name);
  }
  Json schema = OpenMapping(std::move(properties), required);
  schema["title"] = plural ? "many rows" : "one row";
  return schema;
}

Json AnswerSchema(const std::string& prefix, const model::ModelSchema& schema) {
  const Json probability = SchemaRef(prefix + "Probability");
  const Json* const shares = schema.classes.empty() ? nullptr : &probability;
  return {{"oneOf",
           {AnswerOf(SchemaRef(prefix + "Label"), shares, false),
            AnswerOf(SchemaRef(prefix + "Label"), shares, true)}}};
}

// MLflow's data frame, split or as a list of rows. It has more keys than those that are read.
Json InvocationSchema(const std::string& prefix, const model::ModelSchema& schema,
                      int64_t max_rows) {
  Json names = Json::array();
  for (const model::InputField& field : schema.inputs) names.push_back(field.name);
  const Json rows = SchemaRef(prefix + "Rows");
  Json split = ClosedMapping({{"columns", {{"const", std::move(names)}}},
                              {"data", ListOf(SchemaRef(prefix + "Row"), 1, max_rows)},
                              {"index", Json::object()}},
                             {"columns", "data"});
  split["description"] = "columns in another order, or fewer, with rows as long, are taken too";
  Json inputs = rows;
  inputs["description"] = "a mapping of inputs to lists of as many values is taken too";
  Json kinds = Json::array();
  for (const auto& [key, value] : {std::pair<std::string, Json>("dataframe_split", split),
                                   {"dataframe_records", rows},
                                   {"instances", rows},
                                   {"inputs", inputs}}) {
    Json kind = ClosedMapping(
        {{key, value}, {"params", Json::object()}, {"request_id", RequestIdSchema()}}, {key});
    kind["title"] = key;
    kinds.push_back(std::move(kind));
  }
  return {{"oneOf", std::move(kinds)}};
}

Json InvocationAnswerSchema(const std::string& prefix, const model::ModelSchema& schema) {
  Json properties = Json::object();
  const std::vector<std::string> names = model::OutputNames(schema.classes);
  for (const std::string& name : names) properties[name] = {{"type", "number"}};
  properties[names.front()] = SchemaRef(prefix + "Label");
  return OpenMapping({{"predictions", ListOf(OpenMapping(std::move(properties), names), 1)}},
                     {"predictions"});
}

}  // namespace

int64_t MostRows(const ReaderOptions& options, const model::ModelSchema& schema) {
  const int64_t inputs = std::max<int64_t>(std::ssize(schema.inputs), 1);
  return std::min(options.max_rows, std::max<int64_t>(options.max_values / inputs, 1));
}

Json SchemaRef(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json OpenMapping(Json properties, const std::vector<std::string>& required) {
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

Json ClosedMapping(Json properties, const std::vector<std::string>& required) {
  Json schema = OpenMapping(std::move(properties), required);
  schema["additionalProperties"] = false;
  return schema;
}

Json ListOf(Json items, int64_t least, int64_t most) {
  Json schema = {{"type", "array"}, {"items", std::move(items)}};
  if (least > 0) schema["minItems"] = least;
  if (most > 0) schema["maxItems"] = most;
  return schema;
}

void AddModelSchemas(const std::string& prefix, const model::ModelSchema& schema,
                     const DescribedServer& server, Json* schemas) {
  AddRows(prefix, schema, server, schemas);
  (*schemas)[prefix + "Question"] = QuestionSchema(prefix);
  (*schemas)[prefix + "Label"] = LabelSchema(schema);
  if (!schema.classes.empty()) (*schemas)[prefix + "Probability"] = ProbabilitySchema(schema);
  (*schemas)[prefix + "Answer"] = AnswerSchema(prefix, schema);
}

void AddInvocationSchemas(const std::string& prefix, const model::ModelSchema& schema,
                          const DescribedServer& server, Json* schemas) {
  (*schemas)[prefix + "Invocation"] =
      InvocationSchema(prefix, schema, MostRows(server.reader, schema));
  (*schemas)[prefix + "InvocationAnswer"] = InvocationAnswerSchema(prefix, schema);
}

Json PredictExample(const model::ModelSchema& schema) {
  Json row = Json::object();
  for (const model::InputField& field : schema.inputs) row[field.name] = ExampleOf(field);
  return {{"features", std::move(row)}};
}

Json InvocationExample(const model::ModelSchema& schema) {
  Json columns = Json::array(), row = Json::array();
  for (const model::InputField& field : schema.inputs) {
    columns.push_back(field.name);
    row.push_back(ExampleOf(field));
  }
  return {{"dataframe_split",
           {{"columns", std::move(columns)}, {"data", Json::array({std::move(row)})}}}};
}

}  // namespace slipway::serve::openapi
