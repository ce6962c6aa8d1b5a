// Blue-green: a whole new set, one switch, and the old set kept warm until the new one has shown
// itself.
#include <fmt/format.h>

#include "deploy/planner_internal.h"

namespace slipway::deploy {

Status Planner::AdvanceBlueGreen() {
  Rollout& rollout = this->rollout();
  const BlueGreenSettings& settings = rollout.settings.blue_green;
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  if (rollout.stage_ms == 0) {
    if (!InForce(rollout.release.set, 100)) {
      if (Passed(rollout.phase_ms, settings.ready_timeout_seconds) && !rollout.pause)
        RollBack("the traffic could not be switched" + Because(TrafficTrouble()));
      return {};
    }
    BeginStage();
    Tell("stage", "switched", {{"weight", 100}});
  }
  if (CheckIsDue()) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool decided, TakeCheck());
    if (decided) return {};
  }
  if (rollout.pause || !Passed(rollout.stage_ms, settings.watch_seconds)) return {};
  if (settings.validation_requests == 0) {
    Complete();
    return {};
  }
  const auto& seen = seen_.validation;
  if (validated_ || !seen || seen->set != rollout.release.set || !seen->through_address) {
    decision_.actions.emplace_back(Validate{rollout.release, settings.validation_requests, true});
    if (Passed(rollout.stage_ms, settings.watch_seconds + settings.ready_timeout_seconds))
      RollBack("its address could not be asked for predictions");
    return {};
  }
  validated_ = true;
  if (seen->asked == settings.validation_requests && seen->right == seen->asked) {
    Complete();
    return {};
  }
  RollBack(fmt::format("{} of {} predictions were right{}", seen->right, seen->asked,
                       Because(seen->trouble)));
  return {};
}

}  // namespace slipway::deploy
