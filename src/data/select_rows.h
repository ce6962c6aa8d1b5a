// A part of a table.
#pragma once

#include <span>

#include "data/types.h"

namespace slipway::data {

// The rows at these indices, in this order. Category columns keep their dictionary, used or not.
Table SelectRows(const Table& table, std::span<const int64_t> rows);

}  // namespace slipway::data
