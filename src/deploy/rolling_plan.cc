// Rolling: replica by replica, with at most so many more and so many fewer than wanted; then the
// new version is watched for a while.
#include <fmt/format.h>

#include <algorithm>

#include "deploy/planner_internal.h"

namespace slipway::deploy {

Status Planner::AdvanceRolling() {
  Rollout& rollout = this->rollout();
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  const SetStatus canary = Canary();
  // The first of them has to predict rightly before it gets requests.
  if (canary.ready > 0 && PassedReplicaValidation(rollout.release, &rollout.replicas_validated) &&
      rollout.stage_ms == 0)
    BeginStage();
  if (moved_) return {};
  ExchangeReplicas();
  const bool ends = WatchHasPassed();
  if (CheckIsDue() || (ends && rollout.settings.rolling.watch_seconds > 0)) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool decided, TakeCheck());
    if (decided) return {};
  }
  if (ends) {
    Complete();
    return {};
  }
  if (rollout.pause) rollout.phase_ms = now();
  const RollingSettings& settings = rollout.settings.rolling;
  const double watched = rollout.exchange->exchanged_ms != 0 ? settings.watch_seconds : 0;
  if (Passed(rollout.phase_ms, watched + settings.progress_deadline_seconds)) {
    RollBack(fmt::format("no progress within {:g} s, {} of {} replicas are new{}",
                         settings.progress_deadline_seconds, canary.available,
                         WantedReplicas(service_), Because(TrafficTrouble())));
  }
  return {};
}

void Planner::ExchangeReplicas() {
  Rollout& rollout = this->rollout();
  const RollingSettings& settings = rollout.settings.rolling;
  const int wanted = WantedReplicas(service_);
  const SetStatus stable = Stable();
  const int available = rollout.replicas_validated ? Canary().available : 0;
  if (!rollout.exchange)
    rollout.exchange = Exchange{.old = WantedReplicas(service_, *service_.stable)};
  Exchange& exchange = *rollout.exchange;
  if (available > rollout.most_available) {
    rollout.most_available = available;
    rollout.phase_ms = now();
    Tell("stage", fmt::format("{} of {} replicas are new", available, wanted),
         seen_.traffic ? Json{{"weight", seen_.traffic->in_force.WeightOf(rollout.release.set)}}
                       : Json::object());
  }
  if (rollout.pause) {
    // What stands still is not watched to its end either: that begins anew.
    exchange.exchanged_ms = 0;
    return;
  }
  const int room = wanted + settings.max_surge - std::max(stable.running, exchange.old);
  exchange.fresh = std::clamp(room, exchange.fresh, std::max(exchange.fresh, wanted));
  // Of the old ones so many stay that with the new ones that are available enough serve.
  exchange.old = std::min(exchange.old, std::max(0, wanted - settings.max_unavailable - available));
  const bool exchanged =
      available >= wanted && stable.running == 0 && InForce(rollout.release.set, 100);
  if (!exchanged || exchange.exchanged_ms != 0) return;
  exchange.exchanged_ms = rollout.phase_ms = now();
  if (settings.watch_seconds > 0)
    Tell("stage", fmt::format("watched for {:g} s", settings.watch_seconds), {{"weight", 100}});
}

// All replicas are new, and have been for long enough.
bool Planner::WatchHasPassed() const {
  const Rollout& rollout = this->rollout();
  const int64_t since_ms = rollout.exchange->exchanged_ms;
  return since_ms != 0 && Passed(since_ms, rollout.settings.rolling.watch_seconds) &&
         Canary().available >= WantedReplicas(service_) && InForce(rollout.release.set, 100);
}

std::vector<SetWish> Planner::WishesOfRolling() const {
  const Exchange exchange =
      rollout().exchange.value_or(Exchange{.old = WantedReplicas(service_, *service_.stable)});
  const int wanted = WantedReplicas(service_);
  int fresh = std::min(exchange.fresh, wanted);
  int old = std::min(exchange.old, wanted);
  // What more the load asks for is the old version's while it stands still, where there is any.
  const int least = wanted - rollout().settings.rolling.max_unavailable;
  if (rollout().pause && fresh + old < least) (old > 0 ? old : fresh) += least - fresh - old;
  return {{rollout().release, fresh}, {*service_.stable, old}};
}

}  // namespace slipway::deploy
