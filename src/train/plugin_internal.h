// What the program and libslipway_trainers.so agree on.
#pragma once

#include "core/result.h"
#include "train/boosting_options_internal.h"
#include "train/forest_options_internal.h"
#include "train/linear_options_internal.h"
#include "train/logistic_options_internal.h"
#include "train/trainer.h"

namespace slipway::train {

inline constexpr char kTrainerPlugin[] = "libslipway_trainers.so";

struct TrainerFunctions {
  Result<FittedModel> (*fit_forest)(const TrainingSet& set, const ForestPlan& plan);
  Result<FittedModel> (*fit_boosting)(const TrainingSet& set, const BoostingPlan& plan);
  Result<FittedModel> (*fit_logistic)(const TrainingSet& set, const LogisticPlan& plan);
  Result<FittedModel> (*fit_least_squares)(const TrainingSet& set, const LeastSquaresPlan& plan);
};

}  // namespace slipway::train
