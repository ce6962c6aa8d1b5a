// Arrow arrays into column pieces, for all formats that Arrow reads by columns.
#pragma once

#include <optional>

#include "core/result.h"
#include "data/column_builder_internal.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace slipway::data {

// What values of an Arrow type are to us; nothing for types that are no column of a table.
std::optional<ColumnType> ColumnTypeOf(const arrow::DataType& type);

// Appends the array's values to `piece`. With `as_it_is` nothing is trimmed and only null is
// missing.
void AppendArray(const arrow::Array& array, bool as_it_is, ColumnPiece& piece);

}  // namespace slipway::data
