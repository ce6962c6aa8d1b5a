#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "core/text.h"
#include "serve/row_reader_internal.h"
#include "serve/short_number_internal.h"

namespace slipway::serve {
namespace {

// Body, list of rows, row.
constexpr int kDepthOfValues = 3;

// The number as it is written. What stands behind it belongs to nothing yet.
std::string_view TokenOf(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

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

bool RowReader::WrongKind(ondemand::value& value, std::string_view what,
                          std::string_view expected) {
  const char* kind = nullptr;
  if (const auto error = KindOf(value).get(kind)) return Broken(error);
  return Reject({.message = fmt::format("{}: {} where {} is expected", what, kind, expected)});
}

bool RowReader::IsRoomForRow() {
  if (row_ < options_.max_rows) return true;
  return Reject({.status = 413,
                 .message = fmt::format("more than {}; send them in several requests",
                                        Plural(options_.max_rows, "row", "rows"))});
}

bool RowReader::ReadRows(ondemand::value value, std::string_view what) {
  ondemand::array list;
  if (value.get_array().get(list)) return WrongKind(value, what, "a list of rows");
  for (auto item : list) {
    ondemand::value row;
    if (const auto error = std::move(item).get(row)) return Broken(error);
    if (!IsRoomForRow() || !ReadRow(row, what)) return false;
  }
  if (row_ > 0) return true;
  return Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::ReadRow(ondemand::value value, std::string_view what) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return Broken(error);
  bool read = false;
  if (type == ondemand::json_type::array) {
    read = ReadList(value);
  } else if (type == ondemand::json_type::object) {
    read = ReadMapping(value);
  } else {
    WrongKind(value, what, "a row, a list or a mapping,");
    rejection->row = row_;
  }
  ++row_;
  return read;
}

bool RowReader::ReadList(ondemand::value& value) {
  ondemand::array list;
  if (const auto error = value.get_array().get(list)) return Broken(error);
  size_t place = 0;
  for (auto item : list) {
    ondemand::value one;
    if (const auto error = std::move(item).get(one)) return Broken(error);
    if (place < order_.size()) {
      if (!ReadValue(order_[place], one)) return false;
    } else if (const auto error = Walk(one, kDepthOfValues)) {
      return Broken(error);
    }
    ++place;
  }
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

bool RowReader::ReadMapping(ondemand::value& value) {
  ondemand::object mapping;
  if (const auto error = value.get_object().get(mapping)) return Broken(error);
  ++mapping_;
  size_t place = 0;
  for (auto item : mapping) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return Broken(error);
    const std::optional<size_t> index = InputOf(field, place);
    if (!index || !ReadValue(*index, field.value())) return false;
    ++place;
  }
  if (place < names_.size()) FillMissing(row_ + 1);
  return true;
}

std::optional<size_t> RowReader::InputOf(ondemand::field& field, size_t place) {
  std::optional<size_t> index = names_.Guess(*input_, field.key(), place);
  if (!index) {
    index = names_.FindKey(*input_, field.key());
    if (!index) index = UnescapedInputOf(field);
    if (!index) return std::nullopt;
    names_.StoodAt(place, *index);
  }
  if (std::exchange(seen_[*index], mapping_) != mapping_) return index;
  RejectInput(*index, "the field is there twice");
  return std::nullopt;
}

std::optional<size_t> RowReader::UnescapedInputOf(ondemand::field& field) {
  std::string_view name;
  if (const auto error = field.unescaped_key().get(name)) {
    Broken(error);
    return std::nullopt;
  }
  const std::optional<size_t> index = names_.Find(name);
  if (!index) RejectName(name);
  return index;
}

bool RowReader::RejectName(std::string_view name) {
  const std::string nearest = names_.Nearest(name);
  Rejection why{.message = fmt::format("{}: the model has no such input", Excerpt(name)),
                .field = Excerpt(name),
                .row = row_};
  if (!nearest.empty()) why.message += fmt::format("; did you mean '{}'?", nearest);
  return Reject(std::move(why));
}

bool RowReader::ReadNames(ondemand::value value, std::string_view what) {
  ondemand::array list;
  if (value.get_array().get(list)) return WrongKind(value, what, "a list of names");
  order_.clear();
  schema_order_ = false;
  ++mapping_;
  for (auto item : list) {
    ondemand::value one;
    if (const auto error = std::move(item).get(one)) return Broken(error);
    std::string_view name;
    if (const auto error = one.get_string().get(name)) {
      return error == simdjson::INCORRECT_TYPE ? WrongKind(one, what, "a name") : Broken(error);
    }
    const std::optional<size_t> index = names_.Find(name);
    if (!index || std::exchange(seen_[*index], mapping_) == mapping_) {
      index ? RejectInput(*index, "the column is there twice") : RejectName(name);
      rejection->row.reset();
      return false;
    }
    order_.push_back(*index);
  }
  return true;
}

bool RowReader::ReadColumns(ondemand::object columns, std::string_view what) {
  ++mapping_;
  size_t place = 0;
  std::optional<size_t> first;
  int64_t rows = 0;
  for (auto item : columns) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return Broken(error);
    row_ = 0;
    const std::optional<size_t> index = InputOf(field, place++);
    if (!index && rejection->row) rejection->row.reset();
    if (!index || !ReadColumn(*index, field.value())) return false;
    if (!first) {
      first = index;
      rows = row_;
    } else if (row_ != rows) {
      RejectInput(*index, fmt::format("{} where '{}' has {}", Plural(row_, "value", "values"),
                                      schema_.inputs[*first].name, FormatCount(rows)));
      rejection->row.reset();
      return false;
    }
  }
  row_ = rows;
  FillMissing(rows);
  if (rows > 0) return true;
  return Reject({.message = fmt::format("{}: no row is given", what)});
}

bool RowReader::ReadColumn(size_t index, ondemand::value value) {
  ondemand::array list;
  if (value.get_array().get(list)) {
    WrongKind(value, schema_.inputs[index].name, "a list of values");
    rejection->field = schema_.inputs[index].name;
    return false;
  }
  for (auto item : list) {
    ondemand::value one;
    if (const auto error = std::move(item).get(one)) return Broken(error);
    if (!IsRoomForRow() || !ReadValue(index, one)) return false;
    ++row_;
  }
  return true;
}

bool RowReader::ReadValue(size_t index, ondemand::value& value) {
  switch (schema_.inputs[index].type) {
    case data::ColumnType::kNumeric: return ReadNumber(index, value);
    case data::ColumnType::kCategory: return ReadCategory(index, value);
    case data::ColumnType::kTimestamp: return ReadTime(index, value);
  }
  return false;
}

bool RowReader::ReadNumber(size_t index, ondemand::value& value) {
  // What is not taken here is passed over by the list or mapping that holds it.
  if (const std::optional<double> number = ShortNumber(value.raw_json_token().data())) {
    columns_.AddNumber(index, *number);
    return true;
  }
  double number = 0;
  if (value.get_double().get(number)) return ReadNoNumber(index, value);
  columns_.AddNumber(index, number);
  return true;
}

bool RowReader::ReadNoNumber(size_t index, ondemand::value& value) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return Broken(error);
  if (type == ondemand::json_type::null) return ReadNull(index, value);
  const bool numeric = schema_.inputs[index].type == data::ColumnType::kNumeric;
  if (type == ondemand::json_type::boolean && numeric) {
    bool truth = false;
    if (const auto error = value.get_bool().get(truth)) return Broken(error);
    columns_.AddNumber(index, truth ? 1 : 0);
    return true;
  }
  if (type != ondemand::json_type::number) return WrongType(index, value);
  return RejectInput(index, fmt::format("'{}' is no JSON number, or none that a double can hold",
                                        Excerpt(TokenOf(value))));
}

bool RowReader::ReadTime(size_t index, ondemand::value& value) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return Broken(error);
  if (type != ondemand::json_type::string) return ReadNumber(index, value);
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return Broken(error);
  if (columns_.AddTime(index, text)) return true;
  return RejectInput(index,
                     fmt::format("'{}' is no time; expected one such as 2024-01-31 or "
                                 "2024-01-31T10:30:00Z, or a number of seconds since 1970-01-01",
                                 Excerpt(text)));
}

bool RowReader::ReadCategory(size_t index, ondemand::value& value) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return Broken(error);
  switch (type) {
    case ondemand::json_type::null: return ReadNull(index, value);
    case ondemand::json_type::array:
    case ondemand::json_type::object: return WrongType(index, value);
    default: return ReadCategoryText(index, value, type);
  }
}

// Numbers and booleans as the reader of files takes them: as they are written.
bool RowReader::ReadCategoryText(size_t index, ondemand::value& value, ondemand::json_type type) {
  std::string_view text;
  if (type == ondemand::json_type::string) {
    if (const auto error = value.get_string().get(text)) return Broken(error);
  } else if (type == ondemand::json_type::number) {
    text = TokenOf(value);
    if (value.get_double().error()) return ReadNoNumber(index, value);
  } else {
    bool truth = false;
    if (const auto error = value.get_bool().get(truth)) return Broken(error);
    text = truth ? "True" : "False";
  }
  columns_.AddText(index, text);
  return true;
}

bool RowReader::ReadNull(size_t index, ondemand::value& value) {
  if (const auto error = value.is_null().error()) return Broken(error);
  columns_.AddMissing(index);
  return true;
}

void RowReader::FillMissing(int64_t rows) {
  for (size_t i = 0; i < names_.size(); ++i) columns_.FillMissing(i, rows);
}

bool RowReader::RejectInput(size_t index, std::string_view what) {
  const std::string& name = schema_.inputs[index].name;
  return Reject({.message = fmt::format("{}: {}", name, what), .field = name, .row = row_});
}

bool RowReader::WrongType(size_t index, ondemand::value& value) {
  const char* kind = nullptr;
  if (const auto error = KindOf(value).get(kind)) return Broken(error);
  std::string given;
  std::string_view text;
  const auto error = value.get_string().get(text);
  if (error == simdjson::SUCCESS) given = fmt::format(": '{}'", Excerpt(text));
  if (error != simdjson::SUCCESS && error != simdjson::INCORRECT_TYPE) return Broken(error);
  return RejectInput(index, fmt::format("{} where {} is expected{}", kind,
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
