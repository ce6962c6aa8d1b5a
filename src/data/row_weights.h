// How much each row counts in training.
#pragma once

#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

// The numbers of `data.weight_column` by row; empty where no column is named. kInvalidInput where
// the column is not there, is no column of numbers, or has a row (which the error names) without a
// finite number from 0.
Result<std::vector<double>> RowWeights(const Table& table, const config::DataConfig& config);

}  // namespace slipway::data
