#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "core/text.h"
#include "serve/row_reader_internal.h"

namespace slipway::serve {
namespace {

// Body, list of rows, row.
constexpr int kDepthOfValues = 3;

}  // namespace

RowReader::RowReader(const model::ModelSchema& schema, JsonInput* input, ValueReader* values)
    : schema_(schema),
      input_(input),
      values_(*values),
      order_(schema.inputs.size()),
      seen_(schema.inputs.size()) {
  std::iota(order_.begin(), order_.end(), size_t{0});
}

void RowReader::Begin() {
  if (schema_order_) return;
  order_.resize(schema_.inputs.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  schema_order_ = true;
}

bool RowReader::ReadRows(std::string_view what) {
  if (input_->Peek() != JsonKind::kList) return values_.WrongKind(what, "a list of rows");
  input_->Enter();
  bool first = true;
  while (input_->NextItem(&first)) {
    if (!values_.IsRoom(values_.row + 1) || !ReadRow(what)) return false;
  }
  if (input_->broken()) return values_.Broken();
  if (values_.row > 0) return true;
  return values_.Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::ReadRow(std::string_view what) {
  bool read = false;
  switch (input_->Peek()) {
    case JsonKind::kList: read = ReadList(); break;
    case JsonKind::kMapping: read = ReadMapping(); break;
    default:
      values_.WrongKind(what, "a row, a list or a mapping,");
      values_.rejection->row = values_.row;
  }
  ++values_.row;
  return read;
}

bool RowReader::ReadList() {
  input_->Enter();
  bool first = true;
  size_t place = 0;
  for (; input_->NextItem(&first); ++place) {
    if (place < order_.size()) {
      if (!values_.Read(order_[place])) return false;
    } else if (!values_.Skip(kDepthOfValues)) {
      return false;
    }
  }
  if (input_->broken()) return values_.Broken();
  if (place != order_.size()) return WrongLength(place);
  if (!schema_order_) values_.FillMissing(values_.row + 1);
  return true;
}

bool RowReader::WrongLength(size_t length) {
  const auto given = static_cast<int64_t>(length);
  const auto expected = static_cast<int64_t>(order_.size());
  return values_.Reject(
      {.message = fmt::format("the row has {} for {}", Plural(given, "value", "values"),
                              schema_order_ ? Plural(expected, "input", "inputs")
                                            : Plural(expected, "column", "columns")),
       .row = values_.row});
}

bool RowReader::ReadMapping() {
  input_->Enter();
  ++mapping_;
  bool first = true;
  size_t place = 0;
  for (; input_->NextField(&first); ++place) {
    size_t index = 0;
    if (!ReadInputName(place, &index) || !values_.Read(index)) return false;
  }
  if (input_->broken()) return values_.Broken();
  if (place < seen_.size()) values_.FillMissing(values_.row + 1);
  return true;
}

bool RowReader::ReadInputName(size_t place, size_t* index) {
  InputNames& names = values_.names();
  *index = names.TakeGuess(place, input_);
  if (*index == InputNames::kNone) {
    std::string_view name;
    if (!input_->ReadKey(&name)) return values_.Broken();
    *index = names.Find(name);
    if (*index == InputNames::kNone) return values_.RejectName(name);
    names.StoodAt(place, *index);
  }
  if (!input_->TakeColon()) return values_.Broken();
  if (std::exchange(seen_[*index], mapping_) != mapping_) return true;
  return values_.RejectInput(*index, "the field is there twice");
}

bool RowReader::ReadNames(std::string_view what) {
  if (input_->Peek() != JsonKind::kList) return values_.WrongKind(what, "a list of names");
  input_->Enter();
  order_.clear();
  schema_order_ = false;
  ++mapping_;
  bool first = true;
  while (input_->NextItem(&first)) {
    if (input_->Peek() != JsonKind::kText) return values_.WrongKind(what, "a name");
    std::string_view name;
    if (!input_->ReadText(&name)) return values_.Broken();
    const size_t index = values_.names().Find(name);
    if (index == InputNames::kNone) return values_.RejectName(name) || OfNoRow();
    if (std::exchange(seen_[index], mapping_) == mapping_)
      return values_.RejectInput(index, "the column is there twice") || OfNoRow();
    order_.push_back(index);
  }
  return !input_->broken() || values_.Broken();
}

bool RowReader::ReadColumns(std::string_view what) {
  input_->Enter();
  ++mapping_;
  size_t first_column = 0;
  int64_t rows = 0;
  bool first = true;
  for (size_t place = 0; input_->NextField(&first); ++place) {
    values_.row = 0;
    size_t index = 0;
    if (!ReadInputName(place, &index)) return OfNoRow();
    if (!ReadColumn(index)) return false;
    if (place == 0) {
      first_column = index;
      rows = values_.row;
    }
    if (values_.row != rows) return WrongHeight(index, first_column, rows);
  }
  if (input_->broken()) return values_.Broken();
  values_.row = rows;
  values_.FillMissing(rows);
  if (rows > 0) return true;
  return values_.Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::WrongHeight(size_t index, size_t first, int64_t rows) {
  values_.RejectInput(index,
                      fmt::format("{} where '{}' has {}", Plural(values_.row, "value", "values"),
                                  schema_.inputs[first].name, FormatCount(rows)));
  return OfNoRow();
}

bool RowReader::ReadColumn(size_t index) {
  if (input_->Peek() != JsonKind::kList)
    return values_.WrongType(index, "a list of values") || OfNoRow();
  input_->Enter();
  bool first = true;
  for (; input_->NextItem(&first); ++values_.row) {
    if (!values_.IsRoom(values_.row + 1) || !values_.Read(index)) return false;
  }
  return !input_->broken() || values_.Broken();
}

bool RowReader::OfNoRow() {
  values_.rejection->row.reset();
  return false;
}

}  // namespace slipway::serve
