// Pages, and what is common to all of them: who may ask, errors and headers.
#include <algorithm>
#include <array>
#include <utility>

#include "serve/access.h"
#include "serve/feedback.h"
#include "serve/openapi_internal.h"

namespace slipway::serve::openapi {
namespace {

constexpr const char* kServerTag = "Server";

struct ErrorResponse {
  int status;
  const char* name;
  const char* description;
  const char* header = nullptr;  // That goes with it.
};

constexpr std::array kErrors = {
    ErrorResponse{400, "BadRequest", "what was sent can't be read, or is not what is asked for"},
    ErrorResponse{401, "Unauthorized", "no token, or one that is not known", "WWW-Authenticate"},
    ErrorResponse{403, "Forbidden",
                  "a token without that right, or the server is not to be called "
                  "by that name"},
    ErrorResponse{404, "NotFound", "there is no such model"},
    ErrorResponse{405, "WrongMethod", "the page is for another method", "Allow"},
    ErrorResponse{408, "TooSlow", "the request did not come in time"},
    ErrorResponse{413, "TooLarge", "the body is too large, or has too many rows"},
    ErrorResponse{414, "AddressTooLong", "the address is too long"},
    ErrorResponse{415, "OtherMediaType", "the body is not JSON as it is"},
    ErrorResponse{422, "Refused",
                  "the model can't take the row: an unknown category, where these "
                  "are refused, or numbers out of its range"},
    ErrorResponse{431, "HeadersTooLarge", "the headers are too large or too many"},
    ErrorResponse{500, "Failed", "the model failed"},
    ErrorResponse{503, "Busy", "no model is ready, or too much is asked at once", "Retry-After"},
};

// What any request may get, of the server itself or before its page is asked.
constexpr std::array kAlways = {400, 405, 408, 414, 431, 503};

const ErrorResponse& ErrorOf(int status) {
  return *std::ranges::find(kErrors, status, &ErrorResponse::status);
}

Json HeaderRef(const std::string& name) { return {{"$ref", "#/components/headers/" + name}}; }

Json HeadersOf(const char* own) {
  Json headers = Json::object();
  for (const char* name : {"X-Request-Id", "traceresponse"}) headers[name] = HeaderRef(name);
  if (own != nullptr) headers[own] = HeaderRef(own);
  return headers;
}

Json HeaderSchema(const char* description, const char* type) {
  return {{"description", description}, {"schema", {{"type", type}}}};
}

Json StatusSchema() {
  return OpenMapping({{"status", {{"enum", {"ok", "ready", "loading", "draining"}}}}}, {"status"});
}

Json ErrorSchema() {
  return OpenMapping({{"error", {{"type", "string"}}},
                      {"field", {{"type", "string"}, {"description", "that it is about"}}},
                      {"row", {{"type", "integer"}, {"minimum", 0}, {"description", "from 0"}}}},
                     {"error"});
}

// What a version predicted since it was loaded.
Json PredictionsSchema() {
  const Json count = {{"type", "integer"}, {"minimum", 0}}, number = {{"type", "number"}},
             text = {{"type", "string"}};
  Json scores =
      OpenMapping({{"bounds", ListOf(number, 0)}, {"counts", ListOf(count, 1)}, {"sum", number}},
                  {"bounds", "counts", "sum"});
  scores["description"] =
      "estimates, probabilities of the second of two classes, or else of the predicted class; a "
      "count is of what is above the bound before and not above its own";
  Json properties = {{"model", text},
                     {"version", text},
                     {"digest", text},
                     {"rows", count},
                     {"not_finite", count},
                     {"classes", {{"type", "object"}, {"additionalProperties", count}}},
                     {"confidence_sum", number},
                     {"mean_confidence", number},
                     {"scores", std::move(scores)}};
  properties["not_finite"]["description"] = "rows whose score is no finite number";
  properties["mean_confidence"]["description"] =
      "mean probability of the predicted class: of a calibrated model its likely accuracy";
  return ListOf(OpenMapping(std::move(properties),
                            {"model", "version", "digest", "rows", "not_finite", "scores"}),
                0);
}

Json MetricsSchema() {
  Json properties = Json::object();
  std::vector<std::string> required;
  const auto add = [&](const char* type, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      properties[name] = {{"type", type}};
      required.emplace_back(name);
    }
  };
  add("integer",
      {"request_count", "error_count", "client_error_count", "in_flight", "window_seconds",
       "total_requests", "total_errors", "total_client_errors", "prediction_rows", "total_rows"});
  add("number", {"error_rate", "client_error_rate", "latency_p50", "latency_p95", "latency_p99",
                 "uptime_seconds"});
  add("string", {"model", "version", "instance"});
  for (const char* name : {"latency_p50", "latency_p95", "latency_p99"})
    properties[name]["description"] = "milliseconds";
  properties["instance"]["description"] = "of this process; another one counts from 0";
  properties["predictions"] = PredictionsSchema();
  required.emplace_back("predictions");
  return OpenMapping(std::move(properties), required);
}

Json FeedbackSchema(int64_t max_labels) {
  constexpr int kLongestId = 1024, kLongestLabel = 4096;
  constexpr int64_t kMostRow = 4'294'967'295;
  const Json id = {{"type", "string"}, {"minLength", 1}, {"maxLength", kLongestId}};
  const Json label = {{"type", {"number", "string", "boolean"}},
                      {"minimum", -kMostLabel},
                      {"maximum", kMostLabel},
                      {"maxLength", kLongestLabel}};
  const Json row = {{"type", "integer"},
                    {"minimum", 0},
                    {"maximum", kMostRow},
                    {"description", "of the request, from 0; 0 where it is left out"}};
  Json one =
      ClosedMapping({{"request_id", id}, {"label", label}, {"row", row}}, {"request_id", "label"});
  one["title"] = "one row";
  Json many = ClosedMapping({{"request_id", id}, {"labels", ListOf(label, 1, max_labels)}},
                            {"request_id", "labels"});
  many["title"] = "all rows of a request";
  const Json kinds = {{"oneOf", {std::move(one), std::move(many)}}};
  return {{"oneOf", {kinds, ListOf(kinds, 1, max_labels)}}};
}

Json ReloadedSchema() {
  const Json text = {{"type", "string"}};
  Json model = OpenMapping(
      {{"model", text}, {"version", text}, {"digest", text}, {"new", {{"type", "boolean"}}}},
      {"model", "version", "digest", "new"});
  Json error = text;
  error["description"] = "why some, which go on as they were, could not be taken";
  return OpenMapping({{"models", ListOf(std::move(model), 0)}, {"error", std::move(error)}},
                     {"models"});
}

Json Ok(const char* description, Json schema) {
  return {{"200", ResponseOf(description, "application/json", std::move(schema))}};
}

Json Text(const char* description, const char* type) {
  return {{"200", ResponseOf(description, type, {{"type", "string"}})}};
}

void AddStatusPaths(Paths* paths) {
  paths->Add("/health", "get",
             {.id = "health",
              .tag = kServerTag,
              .summary = "Whether the process is alive",
              .responses = Ok("it is", SchemaRef("Status"))});
  for (const auto& [path, id] : {std::pair("/ready", "ready"), {"/ping", "ping"}}) {
    Json responses = Ok("it answers predictions", SchemaRef("Status"));
    responses["503"] =
        ResponseOf("it does not, or there are too many connections", "application/json",
                   {{"anyOf", {SchemaRef("Status"), SchemaRef("Error")}}});
    paths->Add(path, "get",
               {.id = id,
                .tag = kServerTag,
                .summary = "Whether predictions are answered",
                .responses = std::move(responses)});
  }
}

void AddMetricsPath(Paths* paths) {
  Json responses = Ok("the figures", SchemaRef("Metrics"));
  responses["200"]["content"]["text/plain"] = {{"schema", {{"type", "string"}}}};
  const Json format = {{"name", "format"},
                       {"in", "query"},
                       {"description", "'prometheus' for Prometheus' text, as Accept: text/plain"},
                       {"schema", {{"type", "string"}}}};
  paths->Add("/metrics", "get",
             {.id = "metrics",
              .tag = kServerTag,
              .summary = "Figures of predictions over the last seconds, and since the start",
              .parameters = {format},
              .responses = std::move(responses)});
}

void AddReloadPath(Paths* paths) {
  Json responses = Ok("all models are the newest", SchemaRef("Reloaded"));
  responses["409"] = ResponseOf("a model can't be taken, and the old one goes on",
                                "application/json", SchemaRef("Reloaded"));
  paths->Add("/admin/reload", "post",
             {.id = "reload",
              .tag = kServerTag,
              .summary = "Resolves and loads each model anew",
              .responses = std::move(responses)});
}

void AddFeedbackPath(Paths* paths) {
  paths->Add("/feedback", "post",
             {.id = "feedback",
              .tag = "Predictions",
              .summary = "What turned out to be true of rows that were predicted",
              .parameters = HeaderParameters(),
              .body = BodyOf(SchemaRef("FeedbackQuestion"),
                             {{"request_id", "0123456789abcdef"}, {"label", 1}}),
              .responses = Ok("it is recorded", SchemaRef("FeedbackAnswer")),
              .errors = {413, 415}});
}

}  // namespace

Json ResponseOf(const char* description, const char* type, Json schema) {
  return {{"description", description},
          {"headers", HeadersOf(nullptr)},
          {"content", {{type, {{"schema", std::move(schema)}}}}}};
}

Json BodyOf(Json schema, Json example) {
  return {
      {"required", true},
      {"content",
       {{"application/json", {{"schema", std::move(schema)}, {"example", std::move(example)}}}}}};
}

Json HeaderComponents() {
  return {{"X-Request-Id", HeaderSchema("the request's, or one that it was given", "string")},
          {"traceresponse",
           HeaderSchema("W3C Trace Context, where the request had a traceparent", "string")},
          {"WWW-Authenticate", HeaderSchema("that a bearer token is wanted", "string")},
          {"Allow", HeaderSchema("the methods of the page", "string")},
          {"Retry-After", HeaderSchema("in how many seconds to come again", "integer")}};
}

Json ParameterComponents() {
  const Json text = {{"type", "string"}};
  return {{"RequestId",
           {{"name", "X-Request-Id"},
            {"in", "header"},
            {"description",
             "comes back with the answer, if it is 1 to 128 characters of ASCII "
             "without blanks; else there is a new one"},
            {"schema", text}}},
          {"TraceParent",
           {{"name", "traceparent"},
            {"in", "header"},
            {"description", "W3C Trace Context; one of another form is ignored"},
            {"schema", text}}}};
}

std::vector<Json> HeaderParameters() {
  return {{{"$ref", "#/components/parameters/RequestId"}},
          {{"$ref", "#/components/parameters/TraceParent"}}};
}

void Paths::AddErrors(const std::string& path, const std::vector<int>& more, Json* responses) {
  std::vector<int> statuses(kAlways.begin(), kAlways.end());
  statuses.insert(statuses.end(), more.begin(), more.end());
  const Scope scope = ScopeOf(path);
  const bool token = scope == Scope::kAdmin || (scope == Scope::kPredict && server_.tokens);
  if (token) statuses.push_back(401);
  if (scope == Scope::kAdmin || (scope == Scope::kPredict && server_.allowed_hosts))
    statuses.push_back(403);
  std::ranges::sort(statuses);
  for (const int status : statuses) {
    const std::string key = std::to_string(status);
    if (responses->contains(key)) continue;
    (*responses)[key] = {{"$ref", std::string("#/components/responses/") + ErrorOf(status).name}};
    if (std::ranges::find(used_, status) == used_.end()) used_.push_back(status);
  }
}

void Paths::Add(const std::string& path, const char* method, Operation operation) {
  if (paths.contains(path)) return;
  AddErrors(path, operation.errors, &operation.responses);
  Json json = {{"operationId", std::move(operation.id)},
               {"tags", {operation.tag}},
               {"summary", std::move(operation.summary)}};
  if (!operation.parameters.empty()) json["parameters"] = std::move(operation.parameters);
  if (!operation.body.is_null()) json["requestBody"] = std::move(operation.body);
  json["responses"] = std::move(operation.responses);
  const Scope scope = ScopeOf(path);
  const Json scheme = {{scope == Scope::kAdmin ? "admin" : "bearer", Json::array()}};
  if (scope == Scope::kAdmin || (scope == Scope::kPredict && server_.tokens))
    json["security"] = Json::array({scheme});
  paths[path][method] = std::move(json);
}

Json Paths::Responses() const {
  std::vector<int> statuses = used_;
  std::ranges::sort(statuses);
  Json responses = Json::object();
  for (const int status : statuses) {
    const ErrorResponse& error = ErrorOf(status);
    Json response = ResponseOf(error.description, "application/json", SchemaRef("Error"));
    response["headers"] = HeadersOf(error.header);
    responses[error.name] = std::move(response);
  }
  return responses;
}

Json Paths::SecuritySchemes() const {
  Json schemes = Json::object();
  const Json scheme = {{"type", "http"}, {"scheme", "bearer"}};
  if (server_.tokens) schemes["bearer"] = scheme;
  if (server_.admin) schemes["admin"] = scheme;
  return schemes;
}

void AddServerSchemas(const DescribedServer& server, Json* schemas) {
  (*schemas)["Error"] = ErrorSchema();
  (*schemas)["Status"] = StatusSchema();
  if (server.metrics) (*schemas)["Metrics"] = MetricsSchema();
  if (server.admin) (*schemas)["Reloaded"] = ReloadedSchema();
  if (!server.feedback) return;
  (*schemas)["FeedbackQuestion"] = FeedbackSchema(server.max_labels);
  (*schemas)["FeedbackAnswer"] =
      OpenMapping({{"accepted", {{"type", "integer"}, {"minimum", 0}}}}, {"accepted"});
}

void AddServerPaths(const DescribedServer& server, Paths* paths) {
  if (server.feedback) AddFeedbackPath(paths);
  AddStatusPaths(paths);
  if (server.metrics) AddMetricsPath(paths);
  paths->Add("/version", "get",
             {.id = "version",
              .tag = kServerTag,
              .summary = "Which Slipway this is",
              .responses = Text("name and version", "text/plain")});
  paths->Add("/openapi.json", "get",
             {.id = "describe",
              .tag = kServerTag,
              .summary = "This document",
              .responses = Ok("OpenAPI 3.1", {{"type", "object"}})});
  paths->Add("/", "get",
             {.id = "page",
              .tag = kServerTag,
              .summary = "A page that shows the models and lets a person try them",
              .responses = Text("it", "text/html")});
  if (server.admin) AddReloadPath(paths);
}

}  // namespace slipway::serve::openapi
