// A stretch of rows of a table, column by column: what a table too large for memory is looked at
// through. Plain views; whoever hands out a block owns what it shows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/types.h"

namespace slipway::data {

// `numbers` of numeric and timestamp columns (epoch seconds, NaN for missing), `codes` into
// `categories` of category columns (negative for missing). Categories of a block are in no order,
// may occur twice and need not all be used.
struct ColumnView {
  ColumnType type = ColumnType::kNumeric;
  std::span<const double> numbers;
  std::span<const int32_t> codes;
  const std::vector<std::string>* categories = nullptr;
};

struct Block {
  int64_t first_row = 0;  // From 0.
  int64_t rows = 0;
  std::vector<ColumnView> columns;
};

}  // namespace slipway::data
