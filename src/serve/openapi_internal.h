// The parts of the description: values and bodies of one model, of V2 and of the server itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "serve/openapi.h"

namespace slipway::serve::openapi {

// The component of that name.
Json SchemaRef(const std::string& name);
// A mapping. Closed takes no other keys; an open one may get more with time.
Json ClosedMapping(Json properties, const std::vector<std::string>& required);
Json OpenMapping(Json properties, const std::vector<std::string>& required);
// A list of at least `least` items, and of `most` where that is above 0.
Json ListOf(Json items, int64_t least, int64_t most = 0);

// What one input takes, as the readers of requests do.
Json InputSchema(const model::InputField& field, const model::ModelSchema& schema,
                 UnknownCategory unknown);
// A value that the model saw in training, or could have.
Json ExampleOf(const model::InputField& field);
// Whether the graph takes whole numbers only, which can't be missing. Known of graphs without
// training; the ranges of others are those of their training.
bool TakesWholeNumbersOnly(const model::InputField& field, const model::ModelSchema& schema);
// For "x-slipway".
Json DescribeInput(const model::InputField& field, const model::ModelSchema& schema);

// Adds what is asked of the model and what it answers: `prefix` + "Question" and "Answer", with
// their parts.
void AddModelSchemas(const std::string& prefix, const model::ModelSchema& schema,
                     const DescribedServer& server, Json* schemas);
// Adds the same for MLflow's protocol, of parts of the above: "Invocation" and "InvocationAnswer".
void AddInvocationSchemas(const std::string& prefix, const model::ModelSchema& schema,
                          const DescribedServer& server, Json* schemas);
Json PredictExample(const model::ModelSchema& schema);
Json InvocationExample(const model::ModelSchema& schema);

// Adds what is asked of the model by the Open Inference Protocol, tensors by name: `prefix` +
// "InferQuestion", with its parts.
void AddInferenceQuestion(const std::string& prefix, const model::ModelSchema& schema,
                          const ReaderOptions& reader, Json* schemas);
// Adds what is answered: "InferAnswer", "InferServer", "InferModel" and those of health.
void AddInferenceAnswers(Json* schemas);
Json InferExample(const model::ModelSchema& schema);
// As many as a request may have, by themselves and by the values that they make.
int64_t MostRows(const ReaderOptions& options, const model::ModelSchema& schema);

// Adds "Error", "Status", "Metrics", "FeedbackQuestion", "FeedbackAnswer" and "Reloaded".
void AddServerSchemas(const DescribedServer& server, Json* schemas);

// One method of one path.
struct Operation {
  std::string id;
  const char* tag = "";
  std::string summary;
  std::vector<Json> parameters = {};
  Json body = {};                // Null for none.
  Json responses = {};           // By status; those of errors are added.
  std::vector<int> errors = {};  // Beside those that any request may get.
};

// Builds paths and the responses of errors that they refer to.
class Paths {
 public:
  explicit Paths(const DescribedServer& server) : server_(server) {}

  // "get" or "post". A path that is there already is left as it is.
  void Add(const std::string& path, const char* method, Operation operation);

  Json paths = Json::object();
  // Of "components".
  Json Responses() const;
  Json SecuritySchemes() const;

 private:
  void AddErrors(const std::string& path, const std::vector<int>& more, Json* responses);

  const DescribedServer& server_;
  std::vector<int> used_;  // Statuses of errors, once each.
};

// A response with headers that any answer of the service has.
Json ResponseOf(const char* description, const char* type, Json schema);
// A request's body, which must be there.
Json BodyOf(Json schema, Json example);
// Headers that requests may have, for Operation::parameters.
std::vector<Json> HeaderParameters();
// Of "components": what they refer to, and the headers of responses.
Json ParameterComponents();
Json HeaderComponents();

// The pages of V2: of the server, and of a model. `base` is "/v2/models/NAME[/versions/VERSION]",
// `suffix` tells its operations from those of others.
void AddInferencePaths(Paths* paths);
void AddInferencePaths(const std::string& base, const std::string& suffix,
                       const std::string& prefix, const model::ModelSchema& schema, Paths* paths);
// All others but those of models.
void AddServerPaths(const DescribedServer& server, Paths* paths);

}  // namespace slipway::serve::openapi
