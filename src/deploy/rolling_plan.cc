// Rolling: replica by replica, with at most so many more and so many fewer than wanted.
#include <fmt/format.h>

#include <algorithm>

#include "deploy/planner_internal.h"

namespace slipway::deploy {

Status Planner::AdvanceRolling() {
  Rollout& rollout = this->rollout();
  const RollingSettings& settings = rollout.settings.rolling;
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  const SetStatus canary = Canary();
  if (rollout.stage_ms == 0 && canary.ready > 0) {
    BeginStage();
  }
  if (CheckIsDue()) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool decided, TakeCheck());
    if (decided) return {};
  }
  if (canary.available > rollout.most_available) {
    rollout.most_available = canary.available;
    rollout.phase_ms = now();
    Tell("stage",
         fmt::format("{} of {} replicas are new", canary.available, WantedReplicas(service_)),
         seen_.traffic ? Json{{"weight", seen_.traffic->in_force.WeightOf(rollout.release.set)}}
                       : Json::object());
  }
  if (rollout.pause) {
    rollout.phase_ms = now();
    return {};
  }
  if (canary.available >= WantedReplicas(service_) && Stable().running == 0 &&
      InForce(rollout.release.set, 100)) {
    Complete();
    return {};
  }
  if (Passed(rollout.phase_ms, settings.progress_deadline_seconds)) {
    RollBack(fmt::format("no progress within {:g} s, {} of {} replicas are new{}",
                         settings.progress_deadline_seconds, canary.available,
                         WantedReplicas(service_), Because(TrafficTrouble())));
  }
  return {};
}

std::vector<SetWish> Planner::WishesOfRolling() const {
  const RollingSettings& settings = rollout().settings.rolling;
  const int wanted = WantedReplicas(service_);
  const SetStatus canary = Canary();
  const SetStatus stable = Stable();
  if (rollout().pause) {
    return {{rollout().release, std::min(canary.running, wanted)},
            {*service_.stable, std::min(stable.running, wanted)}};
  }
  const int room = wanted + settings.max_surge - stable.running;
  const int fresh = std::clamp(std::max(room, canary.running), 0, wanted);
  // Of the old ones so many stay that with the new ones that are available enough serve.
  const int least = std::max(0, wanted - settings.max_unavailable - canary.available);
  return {{rollout().release, fresh}, {*service_.stable, std::min(stable.running, least)}};
}

}  // namespace slipway::deploy
