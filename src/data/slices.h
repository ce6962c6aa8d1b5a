// A column as a few parts of its rows: what a model is looked at by, part after part.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/types.h"

namespace slipway::data {

// Each given row is in one of the parts.
struct SlicedColumn {
  std::string column;
  std::vector<std::string> parts;  // "= Female", "in (28, 37]", "> 37", "in 2023 Q1", "missing" …
  std::vector<int32_t> codes;      // One a given row: an index of `parts`.
};

// Cuts these rows of a column into at most `most_values` parts and two more: what is missing, and
// other values. Categories by value, the most frequent of the training rows. Numbers by value where
// training has at most ten, else at the quartiles of the training rows, ranges closed on the right.
// Times by the coarsest of year, quarter, month and day that tells the rows apart, else at the
// quartiles. `training` is the column's profile. Parts without a row are left out.
SlicedColumn SliceColumn(const Column& column, const ColumnProfile& training,
                         std::span<const int64_t> rows, size_t most_values);

}  // namespace slipway::data
