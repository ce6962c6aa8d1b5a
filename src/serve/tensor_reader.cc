#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "serve/tensor_reader_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kTensor = "a tensor, {name, shape, datatype, data},";
constexpr const char* kShapes = "a shape is [rows] or [rows, columns]";
constexpr std::array<std::string_view, 4> kTensorKeys = {"name", "shape", "datatype", "data"};
constexpr std::array<std::string_view, 1> kOutputKeys = {"name"};
// Body, list of tensors, tensor.
constexpr int kDepthOfParts = 3;
// And data, row.
constexpr int kDepthOfElements = 5;
// Whole numbers up to here are doubles.
constexpr double kMostSize = 9007199254740992.0;

}  // namespace

TensorReader::TensorReader(const model::ModelSchema& schema, JsonInput* input, ValueReader* values)
    : schema_(schema),
      input_(input),
      values_(*values),
      outputs_(model::OutputNames(schema.classes)) {}

void TensorReader::Begin() {
  tensors_ = 0;
  rows_ = 0;
  matrix_ = false;
  there_.assign(schema_.inputs.size(), false);
}

bool TensorReader::ReadInputs() {
  if (input_->Peek() != JsonKind::kList) return values_.WrongKind("inputs", "a list of tensors");
  input_->Enter();
  bool first = true;
  while (input_->NextItem(&first)) {
    if (!ReadTensor()) return false;
    ++tensors_;
  }
  if (input_->broken()) return values_.Broken();
  if (tensors_ == 0) return values_.Reject({.message = "inputs: no tensor is given"});
  values_.row = rows_;
  values_.FillMissing(rows_);
  return true;
}

bool TensorReader::ReadTensor() {
  if (input_->Peek() != JsonKind::kMapping) return values_.WrongKind("inputs", kTensor);
  head_ = {};
  name_.clear();
  unread_.reset();
  unsigned seen = 0;
  const auto read = [&](std::string_view key) {
    return values_.Once(kTensorKeys, key, &seen) && ReadPart(key);
  };
  if (!values_.EachField(read)) return false;
  for (size_t i = 0; i < kTensorKeys.size(); ++i) {
    if ((seen & (1U << i)) == 0)
      return RejectTensor(fmt::format("'{}' is not there; expected {{name, shape, datatype, data}}",
                                      kTensorKeys[i]));
  }
  if (!unread_) return true;
  const JsonInput::Place end = input_->Here();
  input_->GoBack(*unread_);
  if (!CheckHead() || !ReadData()) return false;
  input_->GoAhead(end);
  return true;
}

bool TensorReader::ReadPart(std::string_view key) {
  if (key == "name") return ReadName();
  if (key == "shape") return ReadShape();
  if (key == "datatype") return ReadDatatype();
  if (key == "data") return ReadDataIfHeadIsWhole();
  // Parameters are extensions, of which there are none here.
  return values_.Skip(kDepthOfParts);
}

bool TensorReader::ReadName() {
  head_.named = true;
  return TakeName("inputs.name", &name_);
}

bool TensorReader::TakeName(std::string_view what, std::string* name) {
  if (input_->Peek() != JsonKind::kText) return values_.WrongKind(what, "a text");
  std::string_view text;
  if (!input_->ReadText(&text)) return values_.Broken();
  *name = text;
  return true;
}

bool TensorReader::ReadDatatype() {
  std::string name;
  if (!TakeName("inputs.datatype", &name)) return false;
  head_.datatype = DatatypeOf(name);
  if (head_.datatype) return true;
  return RejectTensor(fmt::format(
      "'{}' is no datatype; expected BOOL, BYTES, FP64, INT64 or the like", Excerpt(name)));
}

bool TensorReader::ReadShape() {
  if (input_->Peek() != JsonKind::kList) return values_.WrongKind("inputs.shape", "a list");
  input_->Enter();
  bool first = true;
  while (input_->NextItem(&first)) {
    if (!ReadDimension()) return false;
  }
  if (input_->broken()) return values_.Broken();
  return head_.dimensions > 0 || RejectTensor(kShapes);
}

bool TensorReader::ReadDimension() {
  if (input_->Peek() != JsonKind::kNumber)
    return values_.WrongKind("inputs.shape", "a whole number");
  double size = 0;
  if (!input_->ReadNumber(&size)) return values_.Broken();
  const bool whole = size >= 0 && size <= kMostSize && size == std::trunc(size);
  if (!whole || head_.dimensions == 2) return RejectTensor(kShapes);
  (head_.dimensions == 0 ? head_.rows : head_.columns) = static_cast<int64_t>(size);
  ++head_.dimensions;
  return true;
}

bool TensorReader::ReadDataIfHeadIsWhole() {
  if (head_.whole()) return CheckHead() && ReadData();
  unread_ = input_->Here();
  return values_.Skip(kDepthOfParts);
}

bool TensorReader::CheckHead() {
  const auto inputs = std::ssize(schema_.inputs);
  if (matrix_) return RejectTensor(fmt::format("'{}' holds all inputs already", Excerpt(first_)));
  matrix_ = tensors_ == 0 && inputs > 1 && head_.dimensions == 2 && head_.columns == inputs;
  index_ = 0;
  if (!matrix_ && !CheckName()) return false;
  return CheckRows();
}

bool TensorReader::CheckName() {
  index_ = values_.names().Find(name_);
  if (index_ == InputNames::kNone) {
    values_.RejectName(name_);
    values_.rejection->row.reset();
    return false;
  }
  if (there_[index_]) return RejectTensor("the input is there twice");
  there_[index_] = true;
  if (head_.columns == 1) return true;
  return RejectTensor(
      fmt::format("the shape has {}; expected [rows] or [rows, 1]{}",
                  Plural(head_.columns, "column", "columns"),
                  schema_.inputs.size() > 1
                      ? fmt::format(", or all {} inputs in one tensor", schema_.inputs.size())
                      : ""));
}

bool TensorReader::CheckRows() {
  if (tensors_ == 0) {
    if (head_.rows == 0) return RejectTensor("no row is given");
    if (!values_.IsRoom(head_.rows)) return false;
    rows_ = head_.rows;
    first_ = name_;
    return true;
  }
  if (head_.rows == rows_) return true;
  return RejectTensor(fmt::format("{} where '{}' has {}", Plural(head_.rows, "row", "rows"),
                                  Excerpt(first_), FormatCount(rows_)));
}

// Flat, or nested as the shape says: each row a list.
bool TensorReader::ReadData() {
  if (input_->Peek() != JsonKind::kList) return WrongData("a list");
  input_->Enter();
  values_.row = 0;
  column_ = 0;
  bool first = true, nested = false;
  while (input_->NextItem(&first)) {
    if (values_.row == 0 && column_ == 0) nested = input_->Peek() == JsonKind::kList;
    if (values_.row == rows_) return WrongCount("more values");
    if (nested ? !ReadNestedRow() : !ReadElement()) return false;
  }
  if (input_->broken()) return values_.Broken();
  if (values_.row == rows_) return true;
  return WrongCount(Plural(values_.row * head_.columns + column_, "value", "values"));
}

bool TensorReader::ReadNestedRow() {
  const int64_t row = values_.row;
  if (input_->Peek() != JsonKind::kList) return WrongData("a row, a list,") || InRow(row);
  input_->Enter();
  int64_t count = 0;
  bool first = true;
  for (; input_->NextItem(&first); ++count) {
    if (count < head_.columns ? !ReadElement() : !values_.Skip(kDepthOfElements)) return false;
  }
  if (input_->broken()) return values_.Broken();
  if (count == head_.columns) return true;
  return WrongCount("the row has " + Plural(count, "value", "values")) || InRow(row);
}

bool TensorReader::ReadElement() {
  if (!ReadValue(index_ + static_cast<size_t>(column_))) return false;
  if (++column_ < head_.columns) return true;
  column_ = 0;
  ++values_.row;
  return true;
}

bool TensorReader::ReadValue(size_t input) {
  const Datatype datatype = *head_.datatype;
  bool truth = false;
  switch (input_->Peek()) {
    case JsonKind::kNull: return values_.ReadNull(input);
    case JsonKind::kText:
      if (datatype == Datatype::kBytes) return values_.ReadText(input);
      break;
    case JsonKind::kNumber:
      if (datatype != Datatype::kBytes) return ReadNumber(input);
      break;
    case JsonKind::kBoolean:
      if (datatype != Datatype::kBool) break;
      if (!input_->ReadBoolean(&truth)) return values_.BrokenValue(input);
      return values_.AddBoolean(input, truth);
    default: break;
  }
  return values_.WrongType(input, fmt::format("{} ({})", ValueOf(datatype), NameOf(datatype)));
}

bool TensorReader::ReadNumber(size_t input) {
  const Datatype datatype = *head_.datatype;
  double number = 0;
  if (!values_.ReadNumber(input, &number)) return false;
  if (!Holds(datatype, number, input_->number_text())) {
    return values_.RejectInput(
        input, fmt::format("{} is no {}", Excerpt(input_->number_text()), NameOf(datatype)));
  }
  if (datatype == Datatype::kBool) return values_.AddBoolean(input, number != 0);
  values_.AddNumber(input, number);
  return true;
}

bool TensorReader::ReadOutputs(std::vector<bool>* wanted) {
  if (input_->Peek() == JsonKind::kNull) return input_->ReadNull() || values_.Broken();
  if (input_->Peek() != JsonKind::kList) return values_.WrongKind("outputs", "a list");
  input_->Enter();
  bool first = true;
  while (input_->NextItem(&first)) {
    if (!ReadOutput(wanted)) return false;
  }
  return !input_->broken() || values_.Broken();
}

bool TensorReader::ReadOutput(std::vector<bool>* wanted) {
  if (input_->Peek() != JsonKind::kMapping)
    return values_.WrongKind("outputs", "a mapping, {name},");
  std::string name;
  unsigned seen = 0;
  const auto read = [&](std::string_view key) {
    if (!values_.Once(kOutputKeys, key, &seen)) return false;
    return key == "name" ? TakeName("outputs.name", &name) : values_.Skip(kDepthOfParts);
  };
  if (!values_.EachField(read)) return false;
  if (seen == 0) return values_.Reject({.message = "outputs: 'name' is not there"});
  const auto output = std::ranges::find(outputs_, name);
  if (output == outputs_.end()) {
    return values_.Reject(
        {.message = fmt::format("the model has no output '{}'; {}", Excerpt(name), Outputs(name))});
  }
  wanted->resize(outputs_.size());
  std::vector<bool>::reference there = (*wanted)[static_cast<size_t>(output - outputs_.begin())];
  if (there)
    return values_.Reject({.message = fmt::format("the output '{}' is there twice", name)});
  there = true;
  return true;
}

// The nearest, or all where they are few.
std::string TensorReader::Outputs(std::string_view name) const {
  constexpr size_t kFew = 8;
  const std::string nearest = NearestName(name, outputs_);
  if (!nearest.empty()) return fmt::format("did you mean '{}'?", nearest);
  if (outputs_.size() <= kFew) return "expected " + JoinOr(outputs_);
  return fmt::format("it has {}, '{}' the first", outputs_.size(), outputs_.front());
}

bool TensorReader::RejectTensor(std::string message) {
  return values_.Reject({.message = std::move(message), .field = Excerpt(name_)});
}

bool TensorReader::InRow(int64_t row) {
  values_.rejection->row = row;
  return false;
}

bool TensorReader::WrongData(std::string_view expected) {
  values_.WrongKind("data", expected);
  values_.rejection->field = Excerpt(name_);
  return false;
}

bool TensorReader::WrongCount(std::string_view count) {
  return RejectTensor(fmt::format("{} for the shape {}", count, head_.Shape()));
}

std::string TensorReader::Head::Shape() const {
  return dimensions == 1 ? fmt::format("[{}]", rows) : fmt::format("[{}, {}]", rows, columns);
}

}  // namespace slipway::serve
