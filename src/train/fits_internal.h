// The fits of libslipway_trainers.so.
#pragma once

#include "core/result.h"
#include "train/boosting_options_internal.h"
#include "train/forest_options_internal.h"
#include "train/linear_options_internal.h"
#include "train/logistic_options_internal.h"
#include "train/trainer.h"

namespace slipway::train {

// The set is checked: rows and columns there are, and every value is finite.
Result<FittedModel> FitForest(const TrainingSet& set, const ForestPlan& plan);
Result<FittedModel> FitBoosting(const TrainingSet& set, const BoostingPlan& plan);
Result<FittedModel> FitLogistic(const TrainingSet& set, const LogisticPlan& plan);
Result<FittedModel> FitLeastSquares(const TrainingSet& set, const LeastSquaresPlan& plan);

}  // namespace slipway::train
