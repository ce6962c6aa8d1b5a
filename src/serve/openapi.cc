#include "serve/openapi.h"

#include <algorithm>
#include <utility>

#include "core/build_info.h"
#include "core/uri.h"
#include "serve/openapi_internal.h"

namespace slipway::serve {
namespace {

// A model with what it is called in the document. `path` "" where another of its name has it.
struct Named {
  const DescribedModel& model;
  std::string prefix;
  std::string path;
};

std::vector<Named> NamesOf(std::span<const DescribedModel> models) {
  std::vector<Named> named;
  for (const DescribedModel& model : models) {
    // Encoded, a name has no braces that would make a template of the path.
    std::string path = "/models/" + EncodePercent(model.name) + "/predict";
    if (std::ranges::find(named, path, &Named::path) != named.end()) path.clear();
    named.push_back({model, "Model" + std::to_string(named.size() + 1), std::move(path)});
  }
  return named;
}

openapi::Operation Predicting(const Named& named, std::string id) {
  return {.id = std::move(id),
          .tag = "Predictions",
          .summary = "Predictions of " + named.model.name,
          .parameters = openapi::HeaderParameters(),
          .body = openapi::BodyOf(openapi::SchemaRef(named.prefix + "Question"),
                                  openapi::PredictExample(*named.model.schema)),
          .responses = {{"200", openapi::ResponseOf("the answer to one row, or one a row",
                                                    "application/json",
                                                    openapi::SchemaRef(named.prefix + "Answer"))}},
          .errors = {413, 415, 422, 500}};
}

openapi::Operation Invoking(const Named& named) {
  openapi::Operation operation = Predicting(named, "invoke");
  operation.summary += ", as MLflow's scoring server answers them";
  operation.body = openapi::BodyOf(openapi::SchemaRef(named.prefix + "Invocation"),
                                   openapi::InvocationExample(*named.model.schema));
  operation.responses["200"] =
      openapi::ResponseOf("one answer a row", "application/json",
                          openapi::SchemaRef(named.prefix + "InvocationAnswer"));
  return operation;
}

// The first model, of which there is one, answers what names none.
void AddPredictionPaths(const std::vector<Named>& models, openapi::Paths* paths) {
  paths->Add("/predict", "post", Predicting(models.front(), "predict"));
  for (const Named& named : models) {
    if (named.path.empty()) continue;
    openapi::Operation operation = Predicting(named, "predictBy" + named.prefix);
    operation.errors.push_back(404);
    paths->Add(named.path, "post", std::move(operation));
  }
  paths->Add("/invocations", "post", Invoking(models.front()));
}

void AddInferencePaths(const std::vector<Named>& models, openapi::Paths* paths) {
  openapi::AddInferencePaths(paths);
  for (const Named& named : models) {
    const model::ModelSchema& schema = *named.model.schema;
    const std::string base = "/v2/models/" + EncodePercent(named.model.name);
    if (!named.path.empty())
      openapi::AddInferencePaths(base, named.prefix, named.prefix, schema, paths);
    if (named.model.version.empty()) continue;
    openapi::AddInferencePaths(base + "/versions/" + EncodePercent(named.model.version),
                               named.prefix + "Version", named.prefix, schema, paths);
  }
}

Json SchemasOf(const std::vector<Named>& models, const DescribedServer& server) {
  Json schemas = Json::object();
  for (const Named& named : models) {
    const model::ModelSchema& schema = *named.model.schema;
    if (!named.path.empty()) openapi::AddModelSchemas(named.prefix, schema, server, &schemas);
    openapi::AddInferenceQuestion(named.prefix, schema, server.reader, &schemas);
  }
  const Named& first = models.front();
  openapi::AddInvocationSchemas(first.prefix, *first.model.schema, server, &schemas);
  openapi::AddInferenceAnswers(&schemas);
  openapi::AddServerSchemas(server, &schemas);
  return schemas;
}

// What the page at / shows of a model.
Json Shown(const Named& named) {
  const model::ModelSchema& schema = *named.model.schema;
  Json shown = {{"name", named.model.name},     {"version", named.model.version},
                {"digest", named.model.digest}, {"engine", named.model.engine},
                {"task", schema.task},          {"target", schema.target},
                {"classes", schema.classes}};
  if (schema.decision_threshold) {
    shown["threshold"] = {{"class", schema.positive_class},
                          {"least", model::ShortestNumber(*schema.decision_threshold)}};
  }
  if (!named.path.empty()) shown["path"] = named.path;
  shown["inputs"] = Json::array();
  for (const model::InputField& field : schema.inputs)
    shown["inputs"].push_back(openapi::DescribeInput(field, schema));
  return shown;
}

}  // namespace

Json OpenApi(std::span<const DescribedModel> models, const DescribedServer& server) {
  const std::vector<Named> named = NamesOf(models);
  openapi::Paths paths(server);
  AddPredictionPaths(named, &paths);
  AddInferencePaths(named, &paths);
  openapi::AddServerPaths(server, &paths);
  Json components = {{"schemas", SchemasOf(named, server)},
                     {"responses", paths.Responses()},
                     {"parameters", openapi::ParameterComponents()},
                     {"headers", openapi::HeaderComponents()}};
  if (Json schemes = paths.SecuritySchemes(); !schemes.empty())
    components["securitySchemes"] = std::move(schemes);
  Json shown = Json::array();
  for (const Named& one : named) shown.push_back(Shown(one));
  const DescribedModel& first = models.front();
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", first.name},
            {"version", first.version.empty() ? "0" : first.version},
            {"description", std::string("Served by Slipway ") + Version()}}},
          {"paths", std::move(paths.paths)},
          {"components", std::move(components)},
          {"x-slipway", {{"models", std::move(shown)}}}};
}

}  // namespace slipway::serve
