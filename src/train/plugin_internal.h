// What the program and libslipway_trainers.so agree on.
#pragma once

#include "core/result.h"
#include "train/forest_options_internal.h"
#include "train/trainer.h"

namespace slipway::train {

inline constexpr char kTrainerPlugin[] = "libslipway_trainers.so";

struct TrainerFunctions {
  Result<FittedForest> (*fit_forest)(const TrainingSet& set, const ForestPlan& plan);
};

}  // namespace slipway::train
