// Predictions of tables that memory need not hold.
#pragma once

#include <functional>
#include <string_view>

#include "pipeline/predict.h"
#include "pipeline/predict_text_internal.h"

namespace slipway::pipeline {

// Reads the input once; `append` gets the text of the predictions in the order of the rows, one
// piece at a time, from any thread. After an error what it got is to be thrown away.
Result<PredictedFile> PredictInBlocks(const model::Model& model, const PredictOptions& options,
                                      PredictionText form,
                                      const std::function<Status(std::string_view)>& append,
                                      ProgressSink& progress);

}  // namespace slipway::pipeline
