#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "core/text.h"
#include "serve/row_reader_internal.h"

namespace slipway::serve {
namespace {

// Body, list of rows, row.
constexpr int kDepthOfValues = 3;

const char* ExpectedOf(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::kNumeric: return "a number";
    case data::ColumnType::kCategory: return "a text";
    case data::ColumnType::kTimestamp: return "a time";
  }
  return "a value";
}

}  // namespace

RowReader::RowReader(const model::ModelSchema& schema, const ReaderOptions& options,
                     JsonInput* input)
    : schema_(schema),
      options_(options),
      input_(input),
      names_(schema),
      columns_(schema),
      seen_(schema.inputs.size()) {
  for (size_t i = 0; i < names_.size(); ++i) order_.push_back(i);
}

void RowReader::Begin(Rows* rows) {
  rejection.reset();
  columns_.Begin(&rows->table);
  row_ = 0;
  if (schema_order_) return;
  order_.resize(names_.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  schema_order_ = true;
}

bool RowReader::Reject(Rejection why) {
  rejection = std::move(why);
  return false;
}

bool RowReader::WrongKind(std::string_view what, std::string_view expected) {
  const JsonKind kind = input_->Peek();
  if (kind == JsonKind::kNone) return Broken();
  return Reject(
      {.message = fmt::format("{}: {} where {} is expected", what, NameOf(kind), expected)});
}

bool RowReader::IsRoomForRow() {
  if (row_ < options_.max_rows) return true;
  return Reject({.status = 413,
                 .message = fmt::format("more than {}; send them in several requests",
                                        Plural(options_.max_rows, "row", "rows"))});
}

bool RowReader::ReadRows(std::string_view what) {
  if (input_->Peek() != JsonKind::kList) return WrongKind(what, "a list of rows");
  input_->Enter();
  bool first = true;
  while (input_->NextItem(&first)) {
    if (!IsRoomForRow() || !ReadRow(what)) return false;
  }
  if (input_->broken()) return Broken();
  if (row_ > 0) return true;
  return Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::ReadRow(std::string_view what) {
  bool read = false;
  switch (input_->Peek()) {
    case JsonKind::kList: read = ReadList(); break;
    case JsonKind::kMapping: read = ReadMapping(); break;
    default: WrongKind(what, "a row, a list or a mapping,"); rejection->row = row_;
  }
  ++row_;
  return read;
}

bool RowReader::ReadList() {
  input_->Enter();
  bool first = true;
  size_t place = 0;
  for (; input_->NextItem(&first); ++place) {
    if (place < order_.size()) {
      if (!ReadValue(order_[place])) return false;
    } else if (!input_->Walk(kDepthOfValues)) {
      return Broken();
    }
  }
  if (input_->broken()) return Broken();
  if (place != order_.size()) return WrongLength(place);
  if (!schema_order_) FillMissing(row_ + 1);
  return true;
}

bool RowReader::WrongLength(size_t length) {
  const auto given = static_cast<int64_t>(length);
  const auto expected = static_cast<int64_t>(order_.size());
  return Reject({.message = fmt::format("the row has {} for {}", Plural(given, "value", "values"),
                                        schema_order_ ? Plural(expected, "input", "inputs")
                                                      : Plural(expected, "column", "columns")),
                 .row = row_});
}

bool RowReader::ReadMapping() {
  input_->Enter();
  ++mapping_;
  bool first = true;
  size_t place = 0;
  for (; input_->NextField(&first); ++place) {
    size_t index = 0;
    if (!ReadInputName(place, &index) || !ReadValue(index)) return false;
  }
  if (input_->broken()) return Broken();
  if (place < names_.size()) FillMissing(row_ + 1);
  return true;
}

bool RowReader::ReadInputName(size_t place, size_t* index) {
  *index = names_.TakeGuess(place, input_);
  if (*index == InputNames::kNone) {
    std::string_view name;
    if (!input_->ReadKey(&name)) return Broken();
    *index = names_.Find(name);
    if (*index == InputNames::kNone) return RejectName(name);
    names_.StoodAt(place, *index);
  }
  if (!input_->TakeColon()) return Broken();
  if (std::exchange(seen_[*index], mapping_) != mapping_) return true;
  return RejectInput(*index, "the field is there twice");
}

bool RowReader::RejectName(std::string_view name) {
  const std::string nearest = names_.Nearest(name);
  Rejection why{.message = fmt::format("{}: the model has no such input", Excerpt(name)),
                .field = Excerpt(name),
                .row = row_};
  if (!nearest.empty()) why.message += fmt::format("; did you mean '{}'?", nearest);
  return Reject(std::move(why));
}

bool RowReader::ReadNames(std::string_view what) {
  if (input_->Peek() != JsonKind::kList) return WrongKind(what, "a list of names");
  input_->Enter();
  order_.clear();
  schema_order_ = false;
  ++mapping_;
  bool first = true;
  while (input_->NextItem(&first)) {
    if (input_->Peek() != JsonKind::kText) return WrongKind(what, "a name");
    std::string_view name;
    if (!input_->ReadText(&name)) return Broken();
    const size_t index = names_.Find(name);
    const bool known = index != InputNames::kNone;
    if (!known || std::exchange(seen_[index], mapping_) == mapping_) {
      known ? RejectInput(index, "the column is there twice") : RejectName(name);
      rejection->row.reset();
      return false;
    }
    order_.push_back(index);
  }
  return !input_->broken() || Broken();
}

bool RowReader::ReadColumns(std::string_view what) {
  input_->Enter();
  ++mapping_;
  size_t first_column = 0;
  int64_t rows = 0;
  bool first = true;
  for (size_t place = 0; input_->NextField(&first); ++place) {
    row_ = 0;
    size_t index = 0;
    if (!ReadInputName(place, &index)) {
      rejection->row.reset();
      return false;
    }
    if (!ReadColumn(index)) return false;
    if (place == 0) {
      first_column = index;
      rows = row_;
    }
    if (row_ != rows) return WrongHeight(index, first_column, rows);
  }
  if (input_->broken()) return Broken();
  row_ = rows;
  FillMissing(rows);
  if (rows > 0) return true;
  return Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::WrongHeight(size_t index, size_t first, int64_t rows) {
  RejectInput(index, fmt::format("{} where '{}' has {}", Plural(row_, "value", "values"),
                                 schema_.inputs[first].name, FormatCount(rows)));
  rejection->row.reset();
  return false;
}

bool RowReader::ReadColumn(size_t index) {
  if (input_->Peek() != JsonKind::kList) {
    WrongKind(schema_.inputs[index].name, "a list of values");
    rejection->field = schema_.inputs[index].name;
    return false;
  }
  input_->Enter();
  bool first = true;
  for (; input_->NextItem(&first); ++row_) {
    if (!IsRoomForRow() || !ReadValue(index)) return false;
  }
  return !input_->broken() || Broken();
}

// What each type takes of each kind.
bool RowReader::ReadValue(size_t index) {
  const data::ColumnType type = schema_.inputs[index].type;
  const JsonKind kind = input_->Peek();
  switch (kind) {
    case JsonKind::kNumber: return ReadNumber(index);
    case JsonKind::kNull:
      if (!input_->ReadNull()) return Broken();
      columns_.AddMissing(index);
      return true;
    case JsonKind::kText:
      if (type != data::ColumnType::kNumeric) return ReadText(index);
      return WrongType(index, kind);
    case JsonKind::kBoolean:
      if (type != data::ColumnType::kTimestamp) return ReadBoolean(index);
      return WrongType(index, kind);
    default: return WrongType(index, kind);
  }
}

bool RowReader::ReadNumber(size_t index) {
  double number = 0;
  if (!input_->ReadNumber(&number)) return Broken();
  if (!std::isfinite(number)) {
    return RejectInput(index, fmt::format("{} is beyond the numbers that a double can hold",
                                          Excerpt(input_->number_text())));
  }
  // The reader of files takes it for a category as it is written, too.
  if (schema_.inputs[index].type == data::ColumnType::kCategory) {
    columns_.AddText(index, input_->number_text());
  } else {
    columns_.AddNumber(index, number);
  }
  return true;
}

bool RowReader::ReadText(size_t index) {
  std::string_view text;
  if (!input_->ReadText(&text)) return Broken();
  if (schema_.inputs[index].type == data::ColumnType::kCategory) {
    columns_.AddText(index, text);
    return true;
  }
  if (columns_.AddTime(index, text)) return true;
  return RejectInput(index,
                     fmt::format("'{}' is no time; expected one such as 2024-01-31 or "
                                 "2024-01-31T10:30:00Z, or a number of seconds since 1970-01-01",
                                 Excerpt(text)));
}

bool RowReader::ReadBoolean(size_t index) {
  bool truth = false;
  if (!input_->ReadBoolean(&truth)) return Broken();
  if (schema_.inputs[index].type == data::ColumnType::kCategory) {
    columns_.AddText(index, truth ? "True" : "False");
  } else {
    columns_.AddNumber(index, truth ? 1 : 0);
  }
  return true;
}

void RowReader::FillMissing(int64_t rows) {
  for (size_t i = 0; i < names_.size(); ++i) columns_.FillMissing(i, rows);
}

bool RowReader::RejectInput(size_t index, std::string_view what) {
  const std::string& name = schema_.inputs[index].name;
  return Reject({.message = fmt::format("{}: {}", name, what), .field = name, .row = row_});
}

bool RowReader::WrongType(size_t index, JsonKind kind) {
  if (kind == JsonKind::kNone) return Broken();
  std::string given;
  if (kind == JsonKind::kText) {
    std::string_view text;
    if (!input_->ReadText(&text)) return Broken();
    given = fmt::format(": '{}'", Excerpt(text));
  }
  return RejectInput(index, fmt::format("{} where {} is expected{}", NameOf(kind),
                                        ExpectedOf(schema_.inputs[index].type), given));
}

bool RowReader::Finish() {
  columns_.Finish(row_);
  if (options_.unknown == UnknownCategory::kAccept) return true;
  const std::optional<InputColumns::Unknown> unknown = columns_.FindUnknown();
  if (!unknown) return true;
  row_ = unknown->row;
  const std::vector<std::string>& known = schema_.inputs[unknown->input].categories;
  const std::string nearest = NearestName(unknown->text, known);
  RejectInput(unknown->input,
              fmt::format("'{}' is a category that training did not have{}", Excerpt(unknown->text),
                          nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  rejection->status = 422;
  return false;
}

}  // namespace slipway::serve
