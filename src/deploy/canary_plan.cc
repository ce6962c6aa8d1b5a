// Canary: a share of the requests, growing by stages, each watched.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deploy/planner_internal.h"

namespace slipway::deploy {

int Rollout::NextStage() const {
  const auto& stages = settings.canary.stages;
  auto next = static_cast<size_t>(stage) + 1;
  while (weight && next < stages.size() && stages[next] <= *weight) ++next;
  return static_cast<int>(std::min(next, stages.size()));
}

double Planner::CanaryWeight() const {
  const Rollout& rollout = this->rollout();
  if (first() || rollout.settings.strategy != Strategy::kCanary) return 100;
  if (rollout.weight) return *rollout.weight;
  return rollout.settings.canary.stages[static_cast<size_t>(rollout.stage)];
}

// Failed checks that leave the share that must pass within reach.
int Planner::AllowedFailures() const {
  const Settings& settings = rollout().settings;
  if (settings.strategy != Strategy::kCanary) return 0;
  const double planned = std::max(
      1.0, std::floor(settings.canary.stage_seconds / settings.canary.check_interval_seconds));
  constexpr double kRounding = 1e-9;
  return static_cast<int>(std::floor(planned * (1 - settings.canary.success_ratio) + kRounding));
}

Status Planner::AdvanceShadowing() {
  Rollout& rollout = this->rollout();
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  if (rollout.pause) return {};
  const bool copies = seen_.traffic && seen_.traffic->in_force.mirror_set == rollout.release.set;
  if (!copies) {
    const bool begun = rollout.stage_ms != 0;
    const int64_t due_ms =
        begun ? After(rollout.stage_ms, rollout.settings.canary.shadow.seconds) : rollout.phase_ms;
    if (!Passed(due_ms, rollout.settings.ready_timeout_seconds())) return {};
    const std::string why = "copies of requests can't be sent" + Because(TrafficTrouble());
    begun ? PauseFor(why) : RollBack(why);
    return {};
  }
  if (rollout.stage_ms == 0) rollout.stage_ms = now();
  if (!Passed(rollout.stage_ms, rollout.settings.canary.shadow.seconds)) return {};
  const Check check = rollout.watch->JudgeShadow(seen_);
  rollout.last_check = check;
  Tell("check", fmt::format("shadow: {} · {}", ToString(check.verdict), check.Reason()),
       ToJson(check));
  switch (check.verdict) {
    case CheckVerdict::kPass: Enter(Phase::kProgressing, "agrees with the stable version"); break;
    case CheckVerdict::kFail: RollBack(check.Reason()); break;
    case CheckVerdict::kInconclusive: PauseFor(check.Reason()); break;
  }
  return {};
}

Status Planner::AdvanceCanary() {
  Rollout& rollout = this->rollout();
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  const double weight = CanaryWeight();
  if (rollout.stage_ms == 0) {
    if (!InForce(rollout.release.set, weight)) {
      const SetStatus canary = Canary();
      if (Passed(rollout.phase_ms, rollout.settings.ready_timeout_seconds()) && !rollout.pause) {
        const int needed = ReplicasFor(weight);
        const std::string what =
            canary.ready < needed
                ? fmt::format("{} of {} replicas were ready for {:g} % of the traffic",
                              canary.ready, needed, weight)
                : fmt::format("{:g} % of the traffic could not be given to it", weight);
        RollBack(what + Because(TrafficTrouble()));
      }
      return {};
    }
    BeginStage();
    Tell("stage", fmt::format("{:g} % of the traffic", weight),
         {{"stage", rollout.stage + 1}, {"weight", weight}});
  }
  const bool stage_ends =
      Passed(rollout.stage_ms, rollout.settings.canary.stage_seconds) && !rollout.pause;
  if (CheckIsDue() || (stage_ends && !HasAnswer())) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool decided, TakeCheck());
    if (decided) return {};
    const bool early = rollout.settings.canary.comparison.promote_early && !rollout.pause &&
                       rollout.watch->enough() && rollout.watch->harm_is_bounded() &&
                       rollout.counts.passed == rollout.counts.total() && rollout.counts.passed > 0;
    if (early && !stage_ends) {
      NextStage();
      return {};
    }
  }
  return stage_ends ? EndStage() : Status{};
}

// A check of this stage that is too new for another to see much.
bool Planner::HasAnswer() const {
  const Rollout& rollout = this->rollout();
  constexpr double kHalf = 0.5;
  return rollout.last_check && rollout.last_check->verdict != CheckVerdict::kInconclusive &&
         rollout.last_check->at_ms >= rollout.stage_ms &&
         !Passed(rollout.last_check->at_ms, kHalf * rollout.settings.check_interval_seconds());
}

Status Planner::EndStage() {
  const Rollout& rollout = this->rollout();
  if (!rollout.watch->enough()) {
    PauseFor(fmt::format("too few requests to judge by: {} of {}", rollout.watch->requests(),
                         rollout.settings.canary.comparison.min_requests));
    return {};
  }
  const StageCounts& counts = rollout.counts;
  const double needed = rollout.settings.canary.success_ratio * counts.total();
  if (counts.total() == 0 || counts.passed < needed) {
    PauseFor(fmt::format("{} of {} checks passed, {:g} % must{}", counts.passed, counts.total(),
                         100 * rollout.settings.canary.success_ratio,
                         Because(rollout.last_check->Reason())));
    return {};
  }
  if (rollout.last_check->verdict == CheckVerdict::kInconclusive) {
    PauseFor("the last check of the stage is no answer" + Because(rollout.last_check->Reason()));
    return {};
  }
  NextStage();
  return {};
}

void Planner::NextStage() {
  Rollout& rollout = this->rollout();
  const auto stages = static_cast<int>(rollout.settings.canary.stages.size());
  const int next = rollout.NextStage();
  rollout.weight.reset();
  if (next >= stages) return Enter(Phase::kPromoting, "all stages passed");
  rollout.stage = next;
  rollout.stage_ms = 0;
  rollout.phase_ms = now();
  rollout.counts = {};
  moved_ = true;
}

}  // namespace slipway::deploy
