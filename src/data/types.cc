#include "data/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace slipway::data {

const char* ToString(ColumnType type) {
  switch (type) {
    case ColumnType::kNumeric: return "numeric";
    case ColumnType::kCategory: return "category";
    case ColumnType::kTimestamp: return "timestamp";
  }
  return "unknown";
}

const char* ToString(Part part) {
  switch (part) {
    case Part::kTrain: return "train";
    case Part::kValidation: return "validation";
    case Part::kTest: return "test";
  }
  return "unknown";
}

bool IsWholeNumber(double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  return std::fabs(value) <= kExactIntegers && value == std::trunc(value);
}

bool Column::IsMissing(int64_t row) const {
  const auto index = static_cast<size_t>(row);
  return type == ColumnType::kCategory ? codes[index] == kMissingCode : std::isnan(numbers[index]);
}

int64_t Column::CountMissing() const {
  if (type == ColumnType::kCategory) {
    return std::count(codes.begin(), codes.end(), kMissingCode);
  }
  return std::count_if(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); });
}

std::string Column::TextAt(int64_t row) const {
  if (IsMissing(row)) return "";
  const auto index = static_cast<size_t>(row);
  if (type == ColumnType::kCategory) return categories[static_cast<size_t>(codes[index])];
  return fmt::format("{}", numbers[index]);
}

const Column* Table::Find(const std::string& name, size_t near) const {
  if (near < columns.size() && columns[near].name == name) return &columns[near];
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

Column* Table::Find(const std::string& name) {
  return const_cast<Column*>(static_cast<const Table&>(*this).Find(name));
}

}  // namespace slipway::data
