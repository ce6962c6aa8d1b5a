// GET /openapi.json: what the server answers, in OpenAPI 3.1.
//
// A body that its schema takes is answered, and one that it does not take is refused, but for what
// JSON Schema has no words for: bytes of a body, keys that are there twice, texts of numbers from
// 1e100 on, numbers that a model's own arithmetic can't hold. It has none either for lists that are
// as long as one another. So of MLflow's frames and V2's tensors the schemas show one form that it
// can say, all columns in their order and tensors of one row, and descriptions name the others.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/json.h"
#include "model/types.h"
#include "serve/request_reader.h"

namespace slipway::serve {

struct DescribedModel {
  std::string name;
  std::string version;  // "" for none.
  std::string digest;
  std::string engine;
  const model::ModelSchema* schema = nullptr;  // Outlives the call.
};

struct DescribedServer {
  bool metrics = true;         // There is /metrics.
  bool feedback = false;       // There is /feedback.
  bool admin = false;          // There is /admin/reload, by an admin token.
  bool tokens = false;         // What ScopeOf says is kPredict wants a token.
  bool allowed_hosts = false;  // Requests that call the server by another name are refused.
  ReaderOptions reader = {};
  int64_t max_labels = 10'000;  // A request of feedback.
};

// The first model is the one that /predict asks; at least one. Of those that share a name, the
// first has the path. Beside the standard's own, "x-slipway" holds what the page at / shows: models
// with digest, task, engine and inputs, by `path` where they have one. A pure function.
Json OpenApi(std::span<const DescribedModel> models, const DescribedServer& server);

}  // namespace slipway::serve
