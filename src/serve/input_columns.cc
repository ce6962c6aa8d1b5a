#include <algorithm>

#include "data/category_column.h"
#include "serve/input_columns_internal.h"

namespace slipway::serve {
namespace {

// What a request's columns take beyond that is too rare to keep.
constexpr size_t kKeptBytes = size_t{4} << 20U;

template <typename Value>
size_t BytesOf(const std::vector<Value>& values) {
  return values.capacity() * sizeof(Value);
}

}  // namespace

InputColumns::InputColumns(const model::ModelSchema& schema)
    : schema_(schema), missing_(schema.missing_values), known_(schema.inputs.size()) {
  for (size_t i = 0; i < known_.size(); ++i) {
    const model::InputField& field = schema.inputs[i];
    known_[i].assign(field.categories.begin(), field.categories.end());
    std::ranges::sort(known_[i]);
    const bool category = field.type == data::ColumnType::kCategory;
    categories_.push_back(category ? std::make_unique<CategoryCodes>() : nullptr);
  }
}

bool InputColumns::Fits(const data::Table& table) const {
  return std::ranges::equal(table.columns, schema_.inputs,
                            [](const data::Column& column, const model::InputField& field) {
                              return column.type == field.type && column.name == field.name;
                            });
}

void InputColumns::GiveBackRoom(data::Table* table) {
  size_t bytes = 0;
  for (const data::Column& column : table->columns)
    bytes += BytesOf(column.numbers) + BytesOf(column.codes) + BytesOf(column.categories);
  for (const auto& codes : categories_) {
    if (codes != nullptr) bytes += codes->bytes();
  }
  if (bytes <= kKeptBytes) return;
  table->columns = {};
  for (auto& codes : categories_) {
    if (codes != nullptr) codes = std::make_unique<CategoryCodes>();
  }
}

void InputColumns::Begin(data::Table* table) {
  table_ = table;
  table->rows = 0;
  GiveBackRoom(table);
  if (!Fits(*table)) {
    table->columns.clear();
    for (const model::InputField& field : schema_.inputs) {
      data::Column& column = table->columns.emplace_back();
      column.name = field.name;
      column.type = field.type;
    }
  }
  for (size_t i = 0; i < table->columns.size(); ++i) {
    data::Column& column = table->columns[i];
    column.numbers.clear();
    if (categories_[i] != nullptr) categories_[i]->Begin(&column);
  }
}

bool InputColumns::AddNumberText(size_t input, std::string_view text) {
  text = data::TrimValue(text);
  if (missing_.Contains(text)) {
    AddMissing(input);
    return true;
  }
  const std::optional<double> number = data::ParseNumber(text);
  if (number) AddNumber(input, *number);
  return number.has_value();
}

void InputColumns::AddText(size_t input, std::string_view text) {
  text = data::TrimValue(text);
  if (missing_.Contains(text)) return AddMissing(input);
  categories_[input]->Add(data::CanonicalBoolean(text), &table_->columns[input]);
}

bool InputColumns::AddTime(size_t input, std::string_view text) {
  text = data::TrimValue(text);
  if (missing_.Contains(text)) {
    AddMissing(input);
    return true;
  }
  std::optional<double> seconds = data::ParseTimestamp(text);
  if (!seconds) seconds = data::ParseNumber(text);
  if (seconds) Numbers(input).push_back(*seconds);
  return seconds.has_value();
}

void InputColumns::AddMissing(size_t input) {
  data::Column& column = table_->columns[input];
  if (column.type == data::ColumnType::kCategory) {
    column.codes.push_back(data::kMissingCode);
  } else {
    column.numbers.push_back(data::kMissingNumber);
  }
}

void InputColumns::FillMissing(size_t input, int64_t rows) {
  data::Column& column = table_->columns[input];
  const auto size = static_cast<size_t>(rows);
  if (column.type == data::ColumnType::kCategory) {
    column.codes.resize(std::max(size, column.codes.size()), data::kMissingCode);
  } else {
    column.numbers.resize(std::max(size, column.numbers.size()), data::kMissingNumber);
  }
}

void InputColumns::Finish(int64_t rows) {
  table_->rows = rows;
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    if (categories_[i] != nullptr) categories_[i]->Finish(&table_->columns[i]);
  }
}

std::optional<InputColumns::Unknown> InputColumns::FindUnknown() const {
  std::optional<Unknown> first;
  for (size_t i = 0; i < categories_.size(); ++i) {
    const model::InputField& field = schema_.inputs[i];
    if (categories_[i] == nullptr || field.any_category) continue;
    const std::vector<std::string>& texts = table_->columns[i].categories;
    for (size_t code = 0; code < texts.size(); ++code) {
      const int64_t row = categories_[i]->first_rows()[code];
      if (first && first->row <= row) continue;
      if (!std::ranges::binary_search(known_[i], std::string_view(texts[code])))
        first = {.input = i, .row = row, .text = texts[code]};
    }
  }
  return first;
}

}  // namespace slipway::serve
