// Tables as blocks, for the tests of what streams.
#pragma once

#include <cstddef>
#include <span>

#include "data/block.h"
#include "data/test_tables_internal.h"

namespace slipway::data {

// Rows from `begin` to before `end`; `table` must live on.
inline Block BlockOf(const Table& table, int64_t begin, int64_t end) {
  Block block;
  block.first_row = begin;
  block.rows = end - begin;
  const auto at = static_cast<size_t>(begin);
  const auto count = static_cast<size_t>(end - begin);
  for (const Column& column : table.columns) {
    ColumnView& view = block.columns.emplace_back();
    view.type = column.type;
    if (column.type == ColumnType::kCategory) {
      view.codes = std::span(column.codes).subspan(at, count);
      view.categories = &column.categories;
    } else {
      view.numbers = std::span(column.numbers).subspan(at, count);
    }
  }
  return block;
}

inline Block BlockOf(const Table& table) { return BlockOf(table, 0, table.rows); }

}  // namespace slipway::data
