// Rows out of JSON: lists in the order of the inputs, mappings of names, columns of lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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
class RowReader {
 public:
  RowReader(const model::ModelSchema& schema, const ReaderOptions& options, JsonInput* input);

  void Begin(Rows* rows);

  // One row. `what` names it in messages, as in the functions below.
  bool ReadRow(std::string_view what);
  // A list of rows, at least one.
  bool ReadRows(std::string_view what);
  // A mapping of names to lists of as many values.
  bool ReadColumns(std::string_view what);
  // A list of names: rows that are lists have these inputs from now on.
  bool ReadNames(std::string_view what);

  // After the last row.
  bool Finish();

  bool Reject(Rejection rejection);
  bool Broken() { return Reject(input_->Broken()); }
  // False: "what: a number where … is expected", by what comes next, or that it is not JSON.
  bool WrongKind(std::string_view what, std::string_view expected);

  std::optional<Rejection> rejection;

 private:
  bool ReadList();
  bool ReadMapping();
  bool WrongLength(size_t length);
  bool WrongHeight(size_t index, size_t first, int64_t rows);
  // The name that stands at `place` of a mapping, with the colon behind it.
  bool ReadInputName(size_t place, size_t* index);
  bool ReadColumn(size_t index);
  // One value each of the input `index`, in the row `row_`.
  bool ReadValue(size_t index);
  bool ReadNumber(size_t index);
  bool ReadText(size_t index);
  bool ReadBoolean(size_t index);

  bool IsRoomForRow();
  void FillMissing(int64_t rows);
  // False, with what is wrong in the row `row_`.
  bool RejectInput(size_t index, std::string_view what);
  bool RejectName(std::string_view name);
  bool WrongType(size_t index, JsonKind kind);

  const model::ModelSchema& schema_;
  const ReaderOptions options_;
  JsonInput* const input_;
  InputNames names_;
  InputColumns columns_;
  std::vector<size_t> order_;   // Inputs by their place in rows that are lists.
  bool schema_order_ = true;    // `order_` is the schema's.
  std::vector<uint64_t> seen_;  // By input: the mapping that had it last, of those counted.
  uint64_t mapping_ = 0;
  int64_t row_ = 0;  // That is read, or would be next.
};

}  // namespace slipway::serve
