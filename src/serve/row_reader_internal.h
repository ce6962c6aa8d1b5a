// Rows out of JSON: lists in the order of the inputs, mappings of names, columns of lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/json_input_internal.h"
#include "serve/value_reader_internal.h"

namespace slipway::serve {

// Functions that read return whether all is well so far; where it is not, the rejection of `values`
// says why. `schema`, `input` and `values`, which takes all that is read, outlive it.
class RowReader {
 public:
  RowReader(const model::ModelSchema& schema, JsonInput* input, ValueReader* values);

  // A new request.
  void Begin();

  // One row. `what` names it in messages, as in the functions below.
  bool ReadRow(std::string_view what);
  // A list of rows, at least one.
  bool ReadRows(std::string_view what);
  // A mapping of names to lists of as many values.
  bool ReadColumns(std::string_view what);
  // A list of names: rows that are lists have these inputs from now on.
  bool ReadNames(std::string_view what);

 private:
  bool ReadList();
  bool ReadMapping();
  bool WrongLength(size_t length);
  bool WrongHeight(size_t index, size_t first, int64_t rows);
  // The name that stands at `place` of a mapping, with the colon behind it.
  bool ReadInputName(size_t place, size_t* index);
  bool ReadColumn(size_t index);
  // The rejection is of no row.
  bool OfNoRow();

  const model::ModelSchema& schema_;
  JsonInput* const input_;
  ValueReader& values_;
  std::vector<size_t> order_;   // Inputs by their place in rows that are lists.
  bool schema_order_ = true;    // `order_` is the schema's.
  std::vector<uint64_t> seen_;  // By input: the mapping that had it last, of those counted.
  uint64_t mapping_ = 0;
};

}  // namespace slipway::serve
