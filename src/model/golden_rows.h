// The rows of a golden.jsonl, for who asks other models about them.
#pragma once

#include <string_view>

#include "core/result.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

// Columns are the inputs of `schema`.
Result<data::Table> GoldenInputs(std::string_view golden, const ModelSchema& schema);

}  // namespace slipway::model
