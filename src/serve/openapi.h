// GET /openapi.json: what the server answers, in OpenAPI 3.1.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "model/types.h"

namespace slipway::serve {

struct DescribedModel {
  std::string name;
  std::string version;
  const model::ModelSchema* schema = nullptr;
};

// The first model is the one that /predict asks. At least one.
Json OpenApi(const std::vector<DescribedModel>& models, bool metrics);

}  // namespace slipway::serve
