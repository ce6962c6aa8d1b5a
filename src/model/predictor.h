// Answering predictions from model.onnx.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::model {

// Immutable after loading; Predict may be called from several threads.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // `table` holds the inputs by name, extra columns are ignored. kInvalidInput names a missing
  // input or one of the wrong type. `threads` 0 for all available cores.
  virtual Result<Predictions> Predict(const data::Table& table, int threads = 0) const = 0;

  // Input names and types, as far as the graph tells them.
  virtual const std::vector<InputField>& inputs() const = 0;
  // None of a regression.
  virtual const std::vector<std::string>& classes() const = 0;
  // True when the graph answers with int64 labels.
  virtual bool integer_labels() const { return false; }
  // "native", "onnxruntime".
  virtual const char* engine() const = 0;
};

// The native kernel: runs graphs that WriteOnnx made, and says of any other what it can't run.
Result<std::unique_ptr<Predictor>> LoadNativePredictor(std::string_view onnx);

// ONNX Runtime: runs any graph of tables, those of others too (docs/models.md). `features` names
// the columns of a graph that takes one matrix and does not name them. kUnavailable where the
// library is not installed, kInvalidInput for what it can't run or what is no model of a table.
Result<std::unique_ptr<Predictor>> LoadOnnxRuntimePredictor(
    std::string_view onnx, const std::vector<std::string>& features = {});

// The native kernel where it can, else ONNX Runtime.
Result<std::unique_ptr<Predictor>> LoadPredictor(std::string_view onnx,
                                                 const std::vector<std::string>& features = {});

}  // namespace slipway::model
