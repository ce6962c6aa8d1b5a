#include "data/select_rows.h"

namespace slipway::data {
namespace {

template <typename T>
std::vector<T> Gather(const std::vector<T>& values, std::span<const int64_t> rows) {
  std::vector<T> selected;
  if (values.empty()) return selected;
  selected.reserve(rows.size());
  for (const int64_t row : rows) selected.push_back(values[static_cast<size_t>(row)]);
  return selected;
}

}  // namespace

Table SelectRows(const Table& table, std::span<const int64_t> rows) {
  Table selected;
  selected.rows = static_cast<int64_t>(rows.size());
  selected.columns.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    Column part;
    part.name = column.name;
    part.type = column.type;
    part.integral = column.integral;
    part.numbers = Gather(column.numbers, rows);
    part.codes = Gather(column.codes, rows);
    part.categories = column.categories;
    selected.columns.push_back(std::move(part));
  }
  return selected;
}

}  // namespace slipway::data
