#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/text.h"
#include "model/columns_internal.h"

namespace slipway::model {
namespace {

// Text in a column of numbers is an error even where it reads as a number: who made the table
// decided that it is text.
Result<data::Column> TextAsNumbers(const data::Column& column, const InputField& field) {
  const auto first_text =
      std::ranges::find_if(column.codes, [](int32_t code) { return code != data::kMissingCode; });
  if (first_text != column.codes.end()) {
    Location location;
    location.row = first_text - column.codes.begin() + 1;
    location.field = field.name;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("'{}' is text", column.TextAt(location.row - 1)))
        .At(std::move(location))
        .Expected("a number");
  }
  data::Column numbers;
  numbers.name = column.name;
  numbers.numbers.assign(column.codes.size(), data::kMissingNumber);
  return numbers;
}

Error MissingInput(const std::string& name, const data::Table& table) {
  std::vector<std::string> names;
  for (const data::Column& column : table.columns) names.push_back(column.name);
  Location location;
  location.field = name;
  const std::string nearest = NearestName(name, names);
  Error error =
      Error(ErrorCode::kInvalidInput, "the model needs this column, which the input lacks")
          .At(std::move(location));
  if (nearest.empty()) return error;
  return std::move(error).Try(fmt::format("renaming '{}'", nearest));
}

Result<data::Column> ConvertColumn(const data::Column& column, const InputField& field) {
  if (field.type != data::ColumnType::kCategory) {
    if (column.type == data::ColumnType::kCategory) return TextAsNumbers(column, field);
    data::Column numbers = column;
    numbers.type = field.type;
    return numbers;
  }
  std::vector<std::string> texts;
  texts.reserve(static_cast<size_t>(column.size()));
  for (int64_t row = 0; row < column.size(); ++row) texts.push_back(column.TextAt(row));
  return MakeCategoryColumn(column.name, texts);
}

}  // namespace

Result<std::optional<data::Table>> ConvertInputs(const data::Table& table,
                                                 const std::vector<InputField>& inputs) {
  bool fits = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const data::Column* column = table.Find(inputs[i].name, i);
    if (column == nullptr) return MissingInput(inputs[i].name, table);
    fits = fits && column->type == inputs[i].type;
  }
  if (fits) return std::nullopt;
  data::Table converted;
  converted.rows = table.rows;
  for (const InputField& field : inputs) {
    const data::Column& column = *table.Find(field.name);
    if (column.type == field.type) {
      converted.columns.push_back(column);
    } else {
      SLIPWAY_ASSIGN_OR_RETURN(data::Column other, ConvertColumn(column, field));
      converted.columns.push_back(std::move(other));
    }
  }
  return converted;
}

}  // namespace slipway::model
