// The plug-in libslipway_trainers.so.
#include "core/plugin.h"

#include "core/build_info.h"
#include "core/interrupt.h"
#include "train/fits_internal.h"
#include "train/plugin_internal.h"

namespace slipway::train {
namespace {

constexpr TrainerFunctions kFunctions{FitForest, FitBoosting, FitLogistic, FitLeastSquares};

}  // namespace
}  // namespace slipway::train

extern "C" {
extern __attribute__((visibility("default"))) const slipway::Plugin slipway_plugin_v1;
const slipway::Plugin slipway_plugin_v1{slipway::BuildId(), slipway::train::kTrainerPlugin,
                                        &slipway::train::kFunctions, slipway::FollowInterrupts};
}
