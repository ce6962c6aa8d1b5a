// The Open Inference Protocol, version 2, over HTTP and JSON: tensors in, tensors out
// (https://github.com/kserve/open-inference-protocol). KServe, Triton and Seldon speak it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "model/types.h"
#include "serve/types.h"

namespace slipway::serve {

// What a body of …/infer asked.
struct InferRequest {
  data::Table rows;                  // The model's inputs in their order.
  std::string id;                    // "" for none.
  std::vector<std::string> outputs;  // Those wanted; empty for all.
};

// Inputs are named as the model's, each [N] or [N, 1], or one tensor [N, k] of all of them, where
// they are numbers. Numbers come in any numeric datatype, texts in BYTES; `data` nested or flat;
// null is missing. An input that is left out is missing in each row.
std::optional<Rejection> ReadInfer(std::string_view body, const model::ModelSchema& schema,
                                   int64_t max_rows, InferRequest* request);

// {"model_name", "model_version", "id", "outputs": [{name, shape, datatype, data}]}: the outputs
// of the model's graph.
Json WriteInfer(const model::Predictions& predictions, const model::ModelSchema& schema,
                const std::string& name, const std::string& version, const InferRequest& request);

// GET /v2.
Json ServerMetadata();
// GET /v2/models/NAME.
Json ModelMetadata(const model::ModelSchema& schema, const std::string& name,
                   const std::string& version);

}  // namespace slipway::serve
