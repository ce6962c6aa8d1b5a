// Tensors of the Open Inference Protocol out of JSON: one an input, or one of all inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/json_input_internal.h"
#include "serve/tensor_datatype_internal.h"
#include "serve/value_reader_internal.h"

namespace slipway::serve {

// Functions that read return whether all is well so far; where it is not, the rejection of `values`
// says why. `schema`, `input` and `values`, which takes all that is read, outlive it.
class TensorReader {
 public:
  TensorReader(const model::ModelSchema& schema, JsonInput* input, ValueReader* values);

  // A new request.
  void Begin();

  // The list at "inputs".
  bool ReadInputs();
  // The list at "outputs": by place, which of the model's are wanted; empty for all.
  bool ReadOutputs(std::vector<bool>* wanted);

 private:
  // What a tensor says of itself, in any order with its data.
  struct Head {
    bool named = false;
    std::optional<Datatype> datatype;
    int dimensions = 0;  // Of the shape; 0 where there is none yet.
    int64_t rows = 0, columns = 1;

    bool whole() const { return named && datatype && dimensions > 0; }
    std::string Shape() const;  // "[2, 1]".
  };

  bool ReadTensor();
  bool ReadPart(std::string_view key);
  bool ReadName();
  bool ReadDatatype();
  bool ReadShape();
  bool ReadDimension();
  bool ReadDataIfHeadIsWhole();
  bool CheckHead();
  bool CheckName();
  bool CheckRows();
  bool ReadData();
  bool ReadNestedRow();
  bool ReadElement();
  bool ReadValue(size_t input);
  bool ReadNumber(size_t input);
  bool ReadOutput(std::vector<bool>* wanted);
  std::string Outputs(std::string_view name) const;
  bool TakeName(std::string_view what, std::string* name);
  // What is wrong with the tensor at hand.
  bool RejectTensor(std::string message);
  bool WrongCount(std::string_view count);
  bool WrongData(std::string_view expected);
  // The rejection is of that row.
  bool InRow(int64_t row);

  const model::ModelSchema& schema_;
  JsonInput* const input_;
  ValueReader& values_;
  const std::vector<std::string> outputs_;  // Of the model.

  int64_t tensors_ = 0;      // Those read.
  int64_t rows_ = 0;         // That each of them has.
  std::string first_;        // The name of the first.
  bool matrix_ = false;      // It holds all inputs.
  std::vector<bool> there_;  // By input: whether a tensor of it was read.

  // Of the tensor at hand:
  Head head_;
  std::string name_;                        // Apart from the head, for its room.
  size_t index_ = 0;                        // Of its input; of a matrix the first.
  int64_t column_ = 0;                      // Of the element that is next.
  std::optional<JsonInput::Place> unread_;  // Its data, which stood before the head.
};

}  // namespace slipway::serve
