// The Open Inference Protocol: its tensors, and its pages.
#include <fmt/format.h>

#include <utility>

#include "serve/openapi_internal.h"

namespace slipway::serve::openapi {
namespace {

constexpr const char* kTag = "Open Inference Protocol";

Json DatatypeSchema() {
  return {{"enum",
           {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
            "FP16", "FP32", "FP64", "BYTES"}}};
}

Json Text() { return {{"type", "string"}}; }

// Extensions, of which there are none here: any are read and left out of account.
Json Parameters() { return {{"description", "a mapping; none has a meaning here"}}; }

bool IsText(const model::InputField& field) { return field.type == data::ColumnType::kCategory; }

// One value of a tensor of the datatype that the model's metadata tell.
Json ElementSchema(const model::InputField& field, const model::ModelSchema& schema,
                   UnknownCategory unknown) {
  if (TakesWholeNumbersOnly(field, schema)) return {{"type", "integer"}};
  if (!IsText(field)) return {{"type", {"number", "null"}}};
  Json text = {{"type", {"string", "null"}}};
  if (unknown == UnknownCategory::kAccept || field.any_category) return text;
  Json known = InputSchema(field, schema, unknown);
  for (const char* note : {"title", "description", "examples"}) known.erase(note);
  return {{"allOf", {std::move(text), std::move(known)}}};
}

Json QuestionTensorSchema(const model::InputField& field, const model::ModelSchema& schema,
                          UnknownCategory unknown) {
  const Json element = ElementSchema(field, schema, unknown);
  // Flat, or a list a row.
  Json data = ListOf({{"anyOf", {element, ListOf(element, 1, 1)}}}, 1, 1);
  return OpenMapping({{"name", {{"const", field.name}}},
                      {"shape", {{"enum", {Json::array({1}), Json::array({1, 1})}}}},
                      {"datatype", {{"const", IsText(field) ? "BYTES" : "FP64"}}},
                      {"parameters", Parameters()},
                      {"data", std::move(data)}},
                     {"name", "shape", "datatype", "data"});
}

Json OutputsSchema(const model::ModelSchema& schema) {
  Json items = Json::array();
  for (const std::string& name : model::OutputNames(schema.classes)) {
    items.push_back(
        OpenMapping({{"name", {{"const", name}}}, {"parameters", Parameters()}}, {"name"}));
  }
  const size_t count = items.size();
  return {{"type", {"array", "null"}},
          {"description", "those that are wanted, in any order; all where there are none"},
          {"prefixItems", std::move(items)},
          {"maxItems", count}};
}

Json AnswerTensorSchema() {
  return OpenMapping({{"name", Text()},
                      {"shape", ListOf({{"type", "integer"}}, 1)},
                      {"datatype", DatatypeSchema()},
                      {"data", ListOf({{"type", {"number", "string"}}}, 1)}},
                     {"name", "shape", "datatype", "data"});
}

Json MetadataTensorSchema() {
  return OpenMapping({{"name", Text()},
                      {"datatype", DatatypeSchema()},
                      {"shape", ListOf({{"type", "integer"}, {"minimum", -1}}, 1)}},
                     {"name", "datatype", "shape"});
}

Json Ok(const char* description, Json schema) {
  return {{"200", ResponseOf(description, "application/json", std::move(schema))}};
}

Json ReadyResponses(const char* schema) {
  Json responses = Ok("it answers predictions", SchemaRef(schema));
  responses["503"] =
      ResponseOf("it does not, or there are too many connections", "application/json",
                 {{"anyOf", {SchemaRef(schema), SchemaRef("Error")}}});
  return responses;
}

}  // namespace

void AddInferenceQuestion(const std::string& prefix, const model::ModelSchema& schema,
                          const ReaderOptions& reader, Json* schemas) {
  Json tensors = Json::array();
  for (const model::InputField& field : schema.inputs) {
    const std::string name = prefix + "Tensor" + std::to_string(tensors.size() + 1);
    (*schemas)[name] = QuestionTensorSchema(field, schema, reader.unknown);
    tensors.push_back(SchemaRef(name));
  }
  const size_t count = tensors.size();
  Json inputs = {
      {"type", "array"}, {"prefixItems", std::move(tensors)}, {"minItems", 1}, {"maxItems", count}};
  Json question = OpenMapping({{"id", {{"type", {"string", "null"}}}},
                               {"parameters", Parameters()},
                               {"inputs", std::move(inputs)},
                               {"outputs", OutputsSchema(schema)}},
                              {"inputs"});
  question["description"] = fmt::format(
      "One row, inputs in their order; those that are left out are missing. JSON Schema has no "
      "words "
      "for the rest that is taken: up to {} rows, as shape [rows] or [rows, 1] with as many data; "
      "inputs in any order; all of them in one tensor, [rows, {}]; any datatype that has the "
      "values",
      MostRows(reader, schema), count);
  (*schemas)[prefix + "InferQuestion"] = std::move(question);
}

void AddInferenceAnswers(Json* schemas) {
  const Json truth = {{"type", "boolean"}};
  (*schemas)["InferAnswer"] = OpenMapping({{"model_name", Text()},
                                           {"model_version", Text()},
                                           {"id", Text()},
                                           {"outputs", ListOf(AnswerTensorSchema(), 1)}},
                                          {"model_name", "outputs"});
  (*schemas)["InferServer"] =
      OpenMapping({{"name", Text()}, {"version", Text()}, {"extensions", ListOf(Text(), 0)}},
                  {"name", "version", "extensions"});
  (*schemas)["InferModel"] = OpenMapping({{"name", Text()},
                                          {"versions", ListOf(Text(), 0)},
                                          {"platform", Text()},
                                          {"inputs", ListOf(MetadataTensorSchema(), 1)},
                                          {"outputs", ListOf(MetadataTensorSchema(), 1)}},
                                         {"name", "platform", "inputs", "outputs"});
  (*schemas)["InferLive"] = OpenMapping({{"live", truth}}, {"live"});
  (*schemas)["InferReady"] = OpenMapping({{"ready", truth}}, {"ready"});
  (*schemas)["InferModelReady"] =
      OpenMapping({{"name", Text()}, {"ready", truth}}, {"name", "ready"});
}

Json InferExample(const model::ModelSchema& schema) {
  Json inputs = Json::array();
  for (const model::InputField& field : schema.inputs) {
    // A time is a number of seconds here.
    const Json value =
        field.type == data::ColumnType::kTimestamp ? Json(field.min) : ExampleOf(field);
    inputs.push_back({{"name", field.name},
                      {"shape", Json::array({1})},
                      {"datatype", IsText(field) ? "BYTES" : "FP64"},
                      {"data", Json::array({value})}});
  }
  return {{"inputs", std::move(inputs)}};
}

void AddInferencePaths(const std::string& base, const std::string& suffix,
                       const std::string& prefix, const model::ModelSchema& schema, Paths* paths) {
  paths->Add(base, "get",
             {.id = "describe" + suffix,
              .tag = kTag,
              .summary = "Names, types and shapes of inputs and outputs",
              .responses = Ok("the model's tensors", SchemaRef("InferModel")),
              .errors = {404}});
  paths->Add(base + "/ready", "get",
             {.id = "ready" + suffix,
              .tag = kTag,
              .summary = "Whether the model is ready",
              .responses = ReadyResponses("InferModelReady"),
              .errors = {404}});
  paths->Add(base + "/infer", "post",
             {.id = "infer" + suffix,
              .tag = kTag,
              .summary = "Predictions, tensors in and tensors out",
              .parameters = HeaderParameters(),
              .body = BodyOf(SchemaRef(prefix + "InferQuestion"), InferExample(schema)),
              .responses = Ok("the outputs that were asked for", SchemaRef("InferAnswer")),
              .errors = {404, 413, 415, 422, 500}});
}

void AddInferencePaths(Paths* paths) {
  paths->Add("/v2", "get",
             {.id = "describeServer",
              .tag = kTag,
              .summary = "Name and version of the server",
              .responses = Ok("who answers", SchemaRef("InferServer"))});
  paths->Add("/v2/health/live", "get",
             {.id = "live",
              .tag = kTag,
              .summary = "Whether the process is alive",
              .responses = Ok("it is", SchemaRef("InferLive"))});
  paths->Add("/v2/health/ready", "get",
             {.id = "inferenceReady",
              .tag = kTag,
              .summary = "Whether predictions are answered",
              .responses = ReadyResponses("InferReady")});
}

}  // namespace slipway::serve::openapi
