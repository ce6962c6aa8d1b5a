#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "serve/value_reader_internal.h"

namespace slipway::serve {
namespace {

const char* ExpectedOf(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::kNumeric: return "a number";
    case data::ColumnType::kCategory: return "a text";
    case data::ColumnType::kTimestamp: return "a time";
  }
  return "a value";
}

int64_t MostRows(const ReaderOptions& options, const model::ModelSchema& schema) {
  const int64_t inputs = std::max<int64_t>(std::ssize(schema.inputs), 1);
  return std::min(options.max_rows, std::max<int64_t>(options.max_values / inputs, 1));
}

}  // namespace

ValueReader::ValueReader(const model::ModelSchema& schema, const ReaderOptions& options,
                         JsonInput* input)
    : schema_(schema),
      options_(options),
      most_rows_(MostRows(options, schema)),
      input_(input),
      names_(schema),
      columns_(schema) {
  for (const model::InputField& field : schema.inputs) types_.push_back(field.type);
}

void ValueReader::Begin(data::Table* table) {
  rejection.reset();
  row = 0;
  columns_.Begin(table);
}

// What each type takes of each kind.
bool ValueReader::ReadOther(size_t input) {
  double number = 0;
  switch (input_->Peek()) {
    case JsonKind::kNumber:
      if (!ReadNumber(input, &number)) return false;
      AddNumber(input, number);
      return true;
    case JsonKind::kNull: return ReadNull(input);
    case JsonKind::kText: return ReadText(input);
    case JsonKind::kBoolean: return ReadBoolean(input);
    default: return WrongType(input, ExpectedOf(types_[input]));
  }
}

void ValueReader::AddNumber(size_t input, double number) {
  switch (types_[input]) {
    case data::ColumnType::kNumeric: return columns_.AddNumber(input, number);
    // The reader of files takes it for a category as it is written, too.
    case data::ColumnType::kCategory: return columns_.AddText(input, input_->number_text());
    case data::ColumnType::kTimestamp:
      return columns_.AddSeconds(input, number, input_->number_text());
  }
}

bool ValueReader::ReadNull(size_t input) {
  if (!input_->ReadNull()) return BrokenValue(input);
  columns_.AddMissing(input);
  return true;
}

bool ValueReader::ReadText(size_t input) {
  std::string_view text;
  if (!input_->ReadText(&text)) return BrokenValue(input);
  switch (types_[input]) {
    case data::ColumnType::kCategory: columns_.AddText(input, text); return true;
    case data::ColumnType::kNumeric:
      if (columns_.AddNumberText(input, text)) return true;
      return RejectInput(input,
                         fmt::format("a text where a number is expected: '{}'", Excerpt(text)));
    case data::ColumnType::kTimestamp: break;
  }
  if (columns_.AddTime(input, text)) return true;
  return RejectInput(input,
                     fmt::format("'{}' is no time; expected one such as 2024-01-31 or "
                                 "2024-01-31T10:30:00Z, or a number of seconds since 1970-01-01",
                                 Excerpt(text)));
}

bool ValueReader::ReadBoolean(size_t input) {
  if (types_[input] == data::ColumnType::kTimestamp)
    return WrongType(input, ExpectedOf(types_[input]));
  bool truth = false;
  if (!input_->ReadBoolean(&truth)) return BrokenValue(input);
  return AddBoolean(input, truth);
}

bool ValueReader::AddBoolean(size_t input, bool truth) {
  switch (types_[input]) {
    case data::ColumnType::kNumeric: columns_.AddNumber(input, truth ? 1 : 0); return true;
    case data::ColumnType::kCategory:
      columns_.AddText(input, truth ? "True" : "False");
      return true;
    case data::ColumnType::kTimestamp: break;
  }
  return RejectInput(input, "true or false where a time is expected");
}

void ValueReader::FillMissing(int64_t rows) {
  for (size_t i = 0; i < types_.size(); ++i) columns_.FillMissing(i, rows);
}

bool ValueReader::Once(std::span<const std::string_view> keys, std::string_view key,
                       unsigned* seen) {
  const auto place = std::ranges::find(keys, key) - keys.begin();
  const unsigned bit = place == std::ssize(keys) ? 0U : 1U << static_cast<unsigned>(place);
  const bool twice = (*seen & bit) != 0;
  *seen |= bit;
  return !twice || Reject({.message = fmt::format("'{}' is there twice", key)});
}

bool ValueReader::Reject(Rejection why) {
  rejection = std::move(why);
  return false;
}

bool ValueReader::BrokenValue(size_t input) {
  Broken();
  rejection->field = schema_.inputs[input].name;
  rejection->row = row;
  return false;
}

bool ValueReader::WrongKind(std::string_view what, std::string_view expected) {
  const JsonKind kind = input_->Peek();
  if (kind == JsonKind::kNone) return Broken();
  return Reject(
      {.message = fmt::format("{}: {} where {} is expected", what, NameOf(kind), expected)});
}

bool ValueReader::WrongType(size_t input, std::string_view expected) {
  const JsonKind kind = input_->Peek();
  if (kind == JsonKind::kNone) return BrokenValue(input);
  return RejectInput(input, fmt::format("{} where {} is expected", NameOf(kind), expected));
}

bool ValueReader::RejectInput(size_t input, std::string_view what) {
  return Reject({.message = std::string(what), .field = schema_.inputs[input].name, .row = row});
}

bool ValueReader::RejectName(std::string_view name) {
  const std::string nearest = names_.Nearest(name);
  Rejection why{.message = "the model has no such input", .field = Excerpt(name), .row = row};
  if (!nearest.empty()) why.message += fmt::format("; did you mean '{}'?", nearest);
  return Reject(std::move(why));
}

bool ValueReader::RejectNumber(size_t input) {
  return RejectInput(input, fmt::format("{} is beyond the numbers that a double can hold",
                                        Excerpt(input_->number_text())));
}

bool ValueReader::RejectRows() {
  if (most_rows_ == options_.max_rows) {
    return Reject({.status = 413,
                   .message = fmt::format("more than {}; send them in several requests",
                                          Plural(most_rows_, "row", "rows"))});
  }
  return Reject({.status = 413,
                 .message = fmt::format("more than {} at {} a row; send rows in several requests",
                                        Plural(options_.max_values, "value", "values"),
                                        FormatCount(std::ssize(types_)))});
}

bool ValueReader::Finish() {
  columns_.Finish(row);
  if (options_.unknown == UnknownCategory::kAccept) return true;
  const std::optional<InputColumns::Unknown> unknown = columns_.FindUnknown();
  if (!unknown) return true;
  row = unknown->row;
  const std::vector<std::string>& known = schema_.inputs[unknown->input].categories;
  const std::string nearest = NearestName(unknown->text, known);
  RejectInput(unknown->input,
              fmt::format("'{}' is a category that training did not have{}", Excerpt(unknown->text),
                          nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  rejection->status = 422;
  return false;
}

}  // namespace slipway::serve
