// Values of inputs out of JSON, checked against the inputs' types, and what is wrong with a
// request.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/input_columns_internal.h"
#include "serve/input_names_internal.h"
#include "serve/json_input_internal.h"
#include "serve/request_reader.h"

namespace slipway::serve {

// Functions that read return whether all is well so far; where it is not, `rejection` says why.
// `schema` and `input`, of which all values come, outlive it.
class ValueReader {
 public:
  ValueReader(const model::ModelSchema& schema, const ReaderOptions& options, JsonInput* input);

  // A new request, whose values go into `table`.
  void Begin(data::Table* table);
  // After the last row: `row` of them.
  bool Finish();

  // The value of the input that comes next, whatever its type takes.
  bool Read(size_t input) {
    double number = 0;
    if (types_[input] != data::ColumnType::kNumeric || input_->Peek() != JsonKind::kNumber)
      return ReadOther(input);
    if (!ReadNumber(input, &number)) return false;
    columns_.AddNumber(input, number);
    return true;
  }

  // What comes next is of that kind. A number is not added yet.
  bool ReadNumber(size_t input, double* number) {
    if (!input_->ReadNumber(number)) return BrokenValue(input);
    return std::isfinite(*number) || RejectNumber(input);
  }
  bool ReadText(size_t input);
  bool ReadNull(size_t input);
  // The number that was read last.
  void AddNumber(size_t input, double number);
  bool AddBoolean(size_t input, bool truth);
  void FillMissing(int64_t rows);

  // Whether a request may have so many rows.
  bool IsRoom(int64_t rows) { return rows <= most_rows_ || RejectRows(); }

  // Calls `read` with each key of the mapping that comes next; it takes the value.
  template <typename ReadField>
  bool EachField(ReadField read) {
    input_->Enter();
    bool first = true;
    while (input_->NextField(&first)) {
      std::string_view key;
      if (!input_->ReadKey(&key) || !input_->TakeColon()) return Broken();
      if (!read(key)) return false;
    }
    return !input_->broken() || Broken();
  }
  // Notes in `seen`, by place, which of the keys were there; false for one that is there again.
  bool Once(std::span<const std::string_view> keys, std::string_view key, unsigned* seen);
  // Walks over what comes next.
  bool Skip(int depth) { return input_->Walk(depth) || Broken(); }

  bool Reject(Rejection rejection);
  // The body is no JSON; while a value is read, which one.
  bool Broken() { return Reject(input_->Broken()); }
  bool BrokenValue(size_t input);
  // "what: a number where … is expected", by what comes next, or that it is not JSON.
  bool WrongKind(std::string_view what, std::string_view expected);
  bool WrongType(size_t input, std::string_view expected);
  // What is wrong with an input in the row `row`.
  bool RejectInput(size_t input, std::string_view what);
  bool RejectName(std::string_view name);

  InputNames& names() { return names_; }

  int64_t row = 0;  // That is read, or would be next.
  std::optional<Rejection> rejection;

 private:
  bool ReadOther(size_t input);
  bool ReadBoolean(size_t input);
  bool RejectNumber(size_t input);
  bool RejectRows();

  const model::ModelSchema& schema_;
  const ReaderOptions options_;
  const int64_t most_rows_;
  JsonInput* const input_;
  std::vector<data::ColumnType> types_;  // By input.
  InputNames names_;
  InputColumns columns_;
};

}  // namespace slipway::serve
