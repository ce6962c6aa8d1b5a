// Predictions as lines of text.
#pragma once

#include <string>
#include <vector>

#include "pipeline/predict.h"

namespace slipway::pipeline {

enum class PredictionText { kCsv, kJsonLines };

// What stands before the rows: the header of CSV.
std::string HeaderOf(PredictionText form, const std::vector<std::string>& ids,
                     const model::ModelSchema& schema);
// A line a row.
std::string LinesOf(PredictionText form, const PredictedRows& rows,
                    const model::ModelSchema& schema);

}  // namespace slipway::pipeline
