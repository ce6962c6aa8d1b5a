// A plan and a scorer as one ONNX graph: ai.onnx 17 and ai.onnx.ml 3, IR 8.
#pragma once

#include <string>

#include "core/result.h"
#include "data/preprocessing.h"
#include "data/target.h"
#include "model/types.h"

namespace slipway::model {

// Deterministic bytes. Inputs and outputs as the contract says: one rank-1 input a feature (double
// or string), outputs `label` (int64 or string) and one `probability_<class>` (float) a class; of a
// regression `prediction` (double).
Result<std::string> WriteOnnx(const data::PreprocessingPlan& plan, const Scorer& scorer,
                              const data::Target& target);

}  // namespace slipway::model
