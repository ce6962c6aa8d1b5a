#include "data/row_weights.h"

#include <fmt/format.h>

#include <cmath>

#include "data/messages_internal.h"

namespace slipway::data {

Result<std::vector<double>> RowWeights(const Table& table, const config::DataConfig& config) {
  constexpr const char* kKey = "data.weight_column";
  const std::string& name = config.weight_column;
  if (name.empty()) return std::vector<double>();
  const Column* column = table.Find(name);
  if (column == nullptr) {
    return UnknownName(fmt::format("the data has no column '{}'", name), kKey, name,
                       ColumnNames(table));
  }
  if (column->type != ColumnType::kNumeric) {
    return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is no column of numbers", name))
        .At(AtField(kKey))
        .Expected("numbers from 0");
  }
  for (int64_t row = 0; row < table.rows; ++row) {
    const double weight = column->numbers[static_cast<size_t>(row)];
    if (weight >= 0 && std::isfinite(weight)) continue;
    return Error(ErrorCode::kInvalidInput, column->IsMissing(row)
                                               ? std::string("a row's weight is missing")
                                               : fmt::format("{} can't be a weight", weight))
        .At(AtRow(row + 1, name))
        .Expected("a finite number from 0 in every row");
  }
  return column->numbers;
}

}  // namespace slipway::data
