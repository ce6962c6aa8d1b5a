// Small tables for the tests of this folder, written by hand.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "data/types.h"

namespace slipway::data {

inline Column Numbers(std::string name, std::vector<double> values) {
  Column column;
  column.name = std::move(name);
  column.integral = std::ranges::all_of(
      values, [](double value) { return std::isnan(value) || value == std::trunc(value); });
  column.numbers = std::move(values);
  return column;
}

// "" is a missing value.
inline Column Texts(std::string name, const std::vector<std::string>& values) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kCategory;
  column.categories = values;
  std::erase(column.categories, "");
  std::ranges::sort(column.categories);
  column.categories.erase(std::ranges::unique(column.categories).begin(), column.categories.end());
  for (const std::string& value : values) {
    const auto found = std::ranges::lower_bound(column.categories, value);
    column.codes.push_back(value.empty() ? kMissingCode
                                         : static_cast<int32_t>(found - column.categories.begin()));
  }
  return column;
}

inline Table MakeTable(std::vector<Column> columns) {
  Table table;
  table.rows = columns.empty() ? 0 : columns.front().size();
  table.columns = std::move(columns);
  return table;
}

inline std::vector<int64_t> AllRows(const Table& table) {
  std::vector<int64_t> rows(static_cast<size_t>(table.rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// The column that the oracle figures of the tests are about, as numpy makes it:
//   i = np.arange(1000); x = ((i * 7919) % 1009) ** 2 / 1000.0 - 30; x[i % 13 == 0] = np.nan
inline Column OracleColumn(std::string name) {
  std::vector<double> values;
  for (int64_t i = 0; i < 1000; ++i) {
    const auto root = static_cast<double>(i * 7919 % 1009);
    values.push_back(i % 13 == 0 ? kMissingNumber : root * root / 1000.0 - 30);
  }
  return Numbers(std::move(name), std::move(values));
}

}  // namespace slipway::data
