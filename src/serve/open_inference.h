// The Open Inference Protocol, version 2, over HTTP and JSON
// (https://github.com/kserve/open-inference-protocol), which KServe, Triton and Seldon speak: what
// it answers beside inferences, which RequestReader::ReadInfer and AnswerWriter::WriteInfer do.
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "model/types.h"
#include "serve/types.h"

namespace slipway::serve {

// GET /v2.
Json ServerMetadata();
// GET /v2/models/NAME. `versions` are those that may be asked for; none of a model without any.
Json ModelMetadata(const model::ModelSchema& schema, const std::string& name,
                   const std::vector<std::string>& versions);

// GET /v2/health/live, /v2/health/ready and /v2/models/NAME/ready: {"live":true}, {"ready":true}
// and {"name":"…","ready":true}, appended to `out`. The status says the same, by 200 or 503.
void WriteLive(std::string* out);
void WriteReady(bool ready, std::string* out);
void WriteModelReady(const std::string& name, bool ready, std::string* out);

// A request that has this header has tensors behind its JSON (Triton's binary tensor data
// extension, which is not spoken here), and is refused.
inline constexpr std::string_view kBinaryTensorsHeader = "Inference-Header-Content-Length";
Rejection RefuseBinaryTensors();

}  // namespace slipway::serve
