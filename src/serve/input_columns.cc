#include <charconv>
#include <cmath>

#include "core/time_text.h"
#include "data/category_column.h"
#include "serve/input_columns_internal.h"

namespace slipway::serve {
namespace {

// As the reader of files trims.
std::string_view TrimValue(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> NumberOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = error == std::errc() && end == text.data() + text.size();
  if (!all || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

InputColumns::InputColumns(const model::ModelSchema& schema)
    : schema_(schema), known_(schema.inputs.size()) {
  for (const std::string& value : schema.missing_values) {
    const std::string_view text = TrimValue(value);
    if (text.empty()) continue;
    missing_texts_.emplace_back(text);
    missing_first_[static_cast<unsigned char>(text.front())] = true;
    if (const std::optional<double> number = NumberOf(text)) missing_numbers_.push_back(*number);
  }
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

void InputColumns::Begin(data::Table* table) {
  table_ = table;
  table->rows = 0;
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

bool InputColumns::IsMissing(std::string_view text) const {
  if (text.empty()) return true;
  return missing_first_[static_cast<unsigned char>(text.front())] &&
         std::ranges::find(missing_texts_, text) != missing_texts_.end();
}

void InputColumns::AddText(size_t input, std::string_view text) {
  text = TrimValue(text);
  if (IsMissing(text)) return AddMissing(input);
  categories_[input]->Add(data::CanonicalBoolean(text), &table_->columns[input]);
}

bool InputColumns::AddTime(size_t input, std::string_view text) {
  text = TrimValue(text);
  if (IsMissing(text)) {
    AddMissing(input);
    return true;
  }
  const std::optional<double> time = ParseIsoTime(text);
  if (time) Numbers(input).push_back(*time);
  return time.has_value();
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
