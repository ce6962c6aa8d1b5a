// Columns as ONNX Runtime's tensors, and its tensors as values of ours.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "data/types.h"
#include "model/foreign_graph_internal.h"
#include "model/onnxruntime_library_internal.h"

namespace slipway::model::ort {

struct RowRange {
  int64_t begin = 0;
  int64_t count = 0;
};

// A tensor and the numbers that it refers to.
struct InputTensor {
  std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>, std::vector<int32_t>>
      numbers;
  OwnedValue value;
};

// `columns` side by side, of the input's element type. kInvalidInput names row and column of a
// value that a whole number can't stand for.
Result<InputTensor> MakeInput(const Library& library, const ForeignInput& input,
                              std::span<const data::Column* const> columns, RowRange rows);

Result<int64_t> ElementsOf(const Library& library, const Value& value);

// The `count` numbers of a float or double tensor; kInvalidInput names the output that has another
// number of them or another type.
slipway::Status ReadNumbers(const Library& library, const Value& value, const std::string& output,
                            int64_t count, float* numbers);
slipway::Status ReadNumbers(const Library& library, const Value& value, const std::string& output,
                            int64_t count, double* numbers);

// The texts of a string tensor, or the digits of a whole number's.
Result<std::vector<std::string>> ReadTexts(const Library& library, const Value& value,
                                           const std::string& output, int64_t count);

}  // namespace slipway::model::ort
