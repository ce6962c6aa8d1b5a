// What is to be: which sets with how many replicas, and which of them gets which share.
#include <algorithm>
#include <cmath>

#include "deploy/planner_internal.h"

namespace slipway::deploy {
namespace {

constexpr double kAll = 100;

Settings SettingsOf(const Release& release) {
  // It was read when it was deployed.
  return ReadSettings(release.deployment).value_or(Settings{});
}

ScalingSettings ScalingOf(const Service& service) {
  ScalingSettings scaling =
      service.stable ? SettingsOf(*service.stable).scaling : ScalingSettings{};
  if (!service.in_progress()) return scaling;
  const Rollout& rollout = *service.rollout;
  const ScalingSettings& next = rollout.settings.scaling;
  if (!service.stable) return next;
  if (rollout.phase == Phase::kRollingBack) return scaling;
  if (rollout.kind == "undo") return next;
  scaling.min_replicas = std::max(scaling.min_replicas, next.min_replicas);
  scaling.max_replicas = std::max(scaling.max_replicas, next.max_replicas);
  return scaling;
}

int Within(const ScalingSettings& scaling, int asked) {
  const int most = std::max(scaling.max_replicas, scaling.min_replicas);
  return std::max(1, std::clamp(asked, scaling.min_replicas, most));
}

// Replicas for a share of the traffic, of so many that take all of it.
int ShareOf(int replicas, double percent) {
  constexpr double kRounding = 1e-9;
  return std::max(1, static_cast<int>(std::ceil(replicas * percent / kAll - kRounding)));
}

}  // namespace

int WantedReplicas(const Service& service) {
  return Within(ScalingOf(service), service.scaling.replicas);
}

int WantedReplicas(const Service& service, const Release& release) {
  return Within(SettingsOf(release).scaling, service.scaling.replicas);
}

// As the HorizontalPodAutoscaler of Kubernetes does: used over target, a tolerance of a tenth, up
// at once, down to the largest wish of the last minutes.
void Planner::Scale() {
  constexpr double kTolerance = 0.1;
  constexpr double kMilliseconds = 1000;
  const ScalingSettings settings = ScalingOf(service_);
  ScalingState& state = service_.scaling;
  double used = 0;
  int ready = 0;
  for (const SetStatus& status : seen_.sets) {
    if (status.utilization < 0 || status.ready == 0) continue;
    used += status.utilization * status.ready;
    ready += status.ready;
  }
  if (ready == 0) return;
  const int now_wanted = WantedReplicas(service_);
  const double ratio = used / (now_wanted * settings.target_utilization);
  int wish = now_wanted;
  if (std::abs(ratio - 1) > kTolerance)
    wish = static_cast<int>(std::ceil(used / settings.target_utilization));
  wish = std::clamp(wish, settings.min_replicas,
                    std::max(settings.max_replicas, settings.min_replicas));
  std::erase_if(state.wishes, [&](const ScalingState::Wish& old) {
    return static_cast<double>(now() - old.at_ms) >= settings.scale_down_seconds * kMilliseconds ||
           old.replicas <= wish;
  });
  state.wishes.push_back({now(), wish});
  const int most = std::ranges::max(state.wishes, {}, &ScalingState::Wish::replicas).replicas;
  const int next = std::max(wish, std::min(most, now_wanted));
  if (next == now_wanted) return;
  state.replicas = next;
  Tell("scale", std::to_string(now_wanted) + " → " + std::to_string(next) + " replicas",
       {{"from", now_wanted}, {"to", next}, {"cores", used}});
}

int Planner::ReplicasFor(double percent) const {
  return ShareOf(WantedReplicas(service_), percent);
}

SetWish Planner::NoFewer(const Release& release, int needed) const {
  const int most = std::max(needed, WantedReplicas(service_));
  return {release, std::clamp(seen_.StatusOf(release.set).running, needed, most)};
}

bool Planner::InForce(int64_t set, double percent) const {
  constexpr double kRounding = 1e-6;
  if (!seen_.traffic) return false;
  const TrafficPlan& plan = seen_.traffic->in_force;
  if (percent == 0 && (plan.mirror_set == set || plan.header_set == set)) return false;
  return std::abs(plan.WeightOf(set) - percent) < kRounding;
}

std::vector<SetWish> Planner::Wishes() const {
  std::vector<SetWish> wishes;
  if (service_.down) return wishes;
  const auto own = [&](const Release& release) -> SetWish {
    return {release, WantedReplicas(service_, release)};
  };
  if (service_.standby) wishes.push_back(own(service_.standby->release));
  if (!service_.in_progress() || rollout().phase == Phase::kRollingBack) {
    if (service_.stable) wishes.push_back(own(*service_.stable));
    return wishes;
  }
  if (rollout().settings.strategy == Strategy::kRolling && rollout().phase == Phase::kProgressing) {
    for (SetWish& wish : WishesOfRolling()) wishes.push_back(std::move(wish));
    return wishes;
  }
  const bool tried = rollout().experiment && rollout().phase != Phase::kPromoting;
  if (tried) {
    for (SetWish& wish : WishesOfExperiment()) wishes.push_back(std::move(wish));
    return wishes;
  }
  if (service_.stable) wishes.push_back(own(*service_.stable));
  const bool replica_by_replica = rollout().settings.strategy == Strategy::kRolling && !first();
  if (rollout().phase == Phase::kStarting && replica_by_replica) return wishes;
  const int needed =
      rollout().phase == Phase::kPromoting ? WantedReplicas(service_) : ReplicasFor(CanaryWeight());
  wishes.push_back(NoFewer(rollout().release, needed));
  return wishes;
}

TrafficPlan Planner::WantedTraffic() const {
  TrafficPlan plan;
  if (service_.down) return plan;
  if (!service_.in_progress()) {
    if (service_.stable) plan = AllTo(*service_.stable);
    AddRules(&plan);
    return plan;
  }
  switch (rollout().phase) {
    case Phase::kProgressing:
      switch (rollout().settings.strategy) {
        case Strategy::kCanary: plan = Split(CanaryWeight()); break;
        case Strategy::kBlueGreen: plan = Split(kAll); break;
        case Strategy::kRolling: plan = ByReplicas(); break;
        case Strategy::kExperiment: plan = SplitOfExperiment(); break;
      }
      break;
    case Phase::kPromoting: plan = Split(kAll); break;
    case Phase::kRollingBack:
      plan = AllTo(*service_.stable);
      // It has had its time to come up: what there is of it takes all.
      if (rollout().told_stuck && Stable().ready > 0) plan.shares = {{service_.stable->set, kAll}};
      break;
    default:
      if (service_.stable) plan = AllTo(*service_.stable);
      break;
  }
  AddRules(&plan);
  return plan;
}

// What others than these keep for now, in percent: as much as these can't take yet, so that those
// who come back, or up, are not overloaded.
double Planner::LeaveToOthers(const std::vector<int64_t>& sets, double can_take,
                              TrafficPlan* plan) const {
  if (!seen_.traffic) return 0;
  double others = 0;
  double has = 0;
  const auto is_other = [&](const Share& share) {
    return std::ranges::find(sets, share.set) == sets.end() && seen_.StatusOf(share.set).ready > 0;
  };
  for (const Share& share : seen_.traffic->in_force.shares) {
    if (is_other(share)) others += share.weight;
  }
  for (const int64_t set : sets) has += seen_.traffic->in_force.WeightOf(set);
  const double left = std::min(others, kAll - std::max(can_take, has));
  if (left <= 0) return 0;
  for (const Share& share : seen_.traffic->in_force.shares) {
    if (is_other(share)) plan->shares.push_back({share.set, left * share.weight / others});
  }
  return left;
}

TrafficPlan Planner::AllTo(const Release& release) const {
  TrafficPlan plan;
  const double can_take =
      kAll * seen_.StatusOf(release.set).ready / WantedReplicas(service_, release);
  const double left = LeaveToOthers({release.set}, can_take, &plan);
  if (left < kAll) plan.shares.push_back({release.set, kAll - left});
  return plan;
}

// `percent` to the new release, where it has the replicas; else what it has now.
TrafficPlan Planner::Split(double percent) const {
  const int64_t set = rollout().release.set;
  const double now = seen_.traffic ? seen_.traffic->in_force.WeightOf(set) : 0;
  const bool more = percent > now;
  if (more && Canary().ready < ReplicasFor(percent)) percent = now;
  if (first()) percent = percent > 0 ? kAll : 0;
  // Back to the stable version only what it can take.
  if (!first() && percent < now &&
      Stable().ready < ShareOf(WantedReplicas(service_, *service_.stable), kAll - percent))
    percent = now;
  TrafficPlan plan;
  if (percent > 0) plan.shares.push_back({set, percent});
  if (percent < kAll && !first()) plan.shares.push_back({service_.stable->set, kAll - percent});
  return plan;
}

TrafficPlan Planner::ByReplicas() const {
  const std::vector<SetWish> wishes = WishesOfRolling();
  // Who has not shown that it predicts rightly gets nothing yet.
  const int fresh = rollout().replicas_validated ? Canary().ready : 0;
  // Who is to go gets nothing from now on.
  const int old = std::min(Stable().ready, wishes.back().replicas);
  if (fresh + old == 0) return seen_.traffic ? seen_.traffic->in_force : TrafficPlan{};
  const int64_t set = rollout().release.set;
  TrafficPlan plan;
  const double left = LeaveToOthers({set, service_.stable->set},
                                    kAll * (fresh + old) / WantedReplicas(service_), &plan);
  const double percent = (kAll - left) * fresh / (fresh + old);
  if (percent > 0) plan.shares.push_back({set, percent});
  if (old > 0 && left < kAll) plan.shares.push_back({service_.stable->set, kAll - left - percent});
  return plan;
}

void Planner::AddRules(TrafficPlan* plan) const {
  if (!service_.rollout) return;
  const CanarySettings& canary = service_.rollout->settings.canary;
  plan->sticky_header = canary.sticky.header;
  plan->sticky_cookie = canary.sticky.cookie;
  // Throughout a rollout clients stay where they are; the next one meets others first.
  if (!canary.sticky.header.empty() || !canary.sticky.cookie.empty())
    plan->sticky_salt = service_.name + "/" + std::to_string(rollout().revision);
  if (!service_.in_progress() || first() || rollout().settings.strategy != Strategy::kCanary)
    return;
  const int64_t set = rollout().release.set;
  const Phase phase = rollout().phase;
  if (phase == Phase::kShadowing) {
    plan->mirror_set = set;
    plan->mirror_share = canary.shadow.share;
    plan->mirror_tolerance = canary.shadow.tolerance;
  }
  if (phase == Phase::kProgressing && !canary.header.name.empty() && Canary().ready > 0) {
    plan->header_set = set;
    plan->header_name = canary.header.name;
    plan->header_value = canary.header.value;
  }
}

}  // namespace slipway::deploy
