// Experiment: new versions beside the stable one, each with its fixed share, until the labels tell
// which is best. One that does harm leaves at once.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/planner_internal.h"

namespace slipway::deploy {
namespace {

constexpr double kAll = 100;

std::string VersionOf(const Arm& arm) { return ":" + std::to_string(arm.release.version); }

void AddFindings(const Arm& arm, const Check& check, std::vector<Finding>* findings) {
  for (Finding finding : check.findings) {
    finding.metric = VersionOf(arm) + " " + finding.metric;
    finding.text = VersionOf(arm) + " " + finding.text;
    findings->push_back(std::move(finding));
  }
}

Finding GoalFinding(const Arm& arm, const GoalResult& result) {
  Finding finding{.metric = VersionOf(arm) + " goal"};
  finding.text =
      fmt::format("{} {}: {}", VersionOf(arm), result.InWords(), ToString(result.verdict));
  finding.evidence = ToJson(result);
  return finding;
}

}  // namespace

const Arm* Experiment::Best() const {
  const Arm* best = nullptr;
  for (const Arm& arm : arms) {
    if (!arm.takes_part() || !arm.result || arm.result->verdict != GoalVerdict::kBetter) continue;
    if (best == nullptr || arm.result->improvement > best->result->improvement) best = &arm;
  }
  return best;
}

double Experiment::WeightOfEach(const ExperimentSettings& settings) const {
  const auto versions = static_cast<double>(arms.size());
  return settings.share > 0 ? settings.share / versions : kAll / (versions + 1);
}

double Planner::ArmWeight() const {
  return rollout().experiment->WeightOfEach(rollout().settings.experiment);
}

std::vector<SetWish> Planner::WishesOfExperiment() const {
  std::vector<SetWish> wishes = {{*service_.stable, WantedReplicas(service_, *service_.stable)}};
  for (const Arm& arm : rollout().experiment->arms)
    if (arm.takes_part()) wishes.push_back(NoFewer(arm.release, ReplicasFor(ArmWeight())));
  return wishes;
}

// Who leaves, or has no replica, hands his part to the stable version where it is, so that no
// client of another moves.
TrafficPlan Planner::SplitOfExperiment() const {
  TrafficPlan plan;
  const std::vector<Arm>& arms = rollout().experiment->arms;
  const int64_t stable = service_.stable->set;
  double left = kAll;
  for (const Arm& arm : arms) {
    plan.sticky_parts.push_back({arm.has_share() ? arm.release.set : stable, ArmWeight()});
    if (!arm.has_share()) continue;
    plan.shares.push_back(plan.sticky_parts.back());
    left -= ArmWeight();
  }
  constexpr double kRounding = 1e-9;
  if (left > kRounding) plan.shares.push_back({stable, left});
  const double others = kAll - static_cast<double>(arms.size()) * ArmWeight();
  if (others > kRounding) plan.sticky_parts.push_back({stable, others});
  if (std::ranges::all_of(arms, &Arm::has_share)) plan.sticky_parts.clear();
  return plan;
}

Status Planner::AdvanceExperimentStart() {
  const int needed = ReplicasFor(ArmWeight());
  for (const Arm& arm : rollout().experiment->arms) {
    const SetStatus status = seen_.StatusOf(arm.release.set);
    if (status.ready >= needed) continue;
    const double timeout = rollout().settings.ready_timeout_seconds();
    if (Passed(rollout().phase_ms, timeout)) {
      RollBack(fmt::format("{} of {} replicas of {} were ready within {:g} s{}", status.ready,
                           needed, arm.release.reference(), timeout, Because(status.trouble)));
    }
    return {};
  }
  for (Arm& arm : rollout().experiment->arms)
    if (!PassedReplicaValidation(arm.release, &arm.validated)) return {};
  SLIPWAY_RETURN_IF_ERROR(SeeArms());
  Enter(Phase::kProgressing, "ready");
  return {};
}

// With each sight: what is counted before the first of it, and each one's warm-up, is left out.
Status Planner::SeeArms() {
  for (Arm& arm : rollout().experiment->arms) {
    if (!arm.takes_part()) continue;
    if (!arm.watch) {
      const CanarySettings guard = GuardOf(rollout().settings, rollout().experiment->arms.size());
      SLIPWAY_ASSIGN_OR_RETURN(arm.watch,
                               Watch::Make(guard, service_.stable->set, arm.release.set));
    }
    SLIPWAY_RETURN_IF_ERROR(arm.watch->Collect(seen_));
    SLIPWAY_RETURN_IF_ERROR(arm.watch->Glance(seen_));
    if (arm.goal) continue;
    SLIPWAY_ASSIGN_OR_RETURN(
        arm.goal, Goal::Make(rollout().settings.experiment, rollout().experiment->arms.size()));
    SLIPWAY_RETURN_IF_ERROR(arm.goal->Observe(seen_, service_.stable->set, arm.release.set));
  }
  return {};
}

Status Planner::AdvanceExperiment() {
  Rollout& rollout = this->rollout();
  Experiment& experiment = *rollout.experiment;
  SLIPWAY_RETURN_IF_ERROR(SeeArms());
  if (rollout.stage_ms == 0) {
    const bool split = std::ranges::all_of(experiment.arms, [&](const Arm& arm) {
      return !arm.has_share() || InForce(arm.release.set, ArmWeight());
    });
    if (!split) {
      if (Passed(rollout.phase_ms, rollout.settings.ready_timeout_seconds()) && !rollout.pause)
        RollBack("the traffic could not be split" + Because(seen_.traffic_trouble));
      return {};
    }
    BeginStage();
    if (experiment.began_ms == 0) {
      experiment.began_ms = now();
      BeginSplit();
    }
    Tell("stage", fmt::format("each new version has {:.4g} % of the traffic", ArmWeight()),
         {{"weight", ArmWeight()}});
  }
  LoseGoneArms();
  if (moved_) return {};
  const bool ends = Passed(experiment.began_ms, rollout.settings.experiment.seconds);
  if (!CheckIsDue() && (!ends || rollout.pause)) return {};
  SLIPWAY_RETURN_IF_ERROR(CheckArms());
  if (!moved_ && !rollout.pause) DecideExperiment(ends);
  return {};
}

void Planner::BeginSplit() { rollout().experiment->split_ms = now(); }

void Planner::LoseGoneArms() {
  const double timeout = rollout().settings.ready_timeout_seconds();
  const bool stable_ready = Stable().ready > 0;
  if (std::exchange(rollout().experiment->stable_ready, stable_ready) != stable_ready) BeginSplit();
  for (Arm& arm : rollout().experiment->arms) {
    if (!arm.takes_part()) continue;
    const SetStatus status = seen_.StatusOf(arm.release.set);
    const bool was_ready = arm.unready_ms == 0;
    if (was_ready != (status.ready > 0)) BeginSplit();
    if (status.ready > 0) {
      arm.unready_ms = 0;
      continue;
    }
    if (was_ready) arm.unready_ms = now();
    if (Passed(arm.unready_ms, timeout))
      Leave(&arm,
            fmt::format("no replica was ready for {:g} s{}", timeout, Because(status.trouble)));
  }
}

void Planner::Leave(Arm* arm, const std::string& reason) {
  arm->left = reason;
  arm->watch.reset();
  arm->goal.reset();
  BeginSplit();
  const std::string text =
      fmt::format("{} leaves the experiment: {}", arm->release.reference(), reason);
  Tell("arm", text, {{"version", arm->release.version}, {"reason", reason}});
  TagReason(arm->release, reason);
  Notify("left the experiment", text);
  const auto& arms = rollout().experiment->arms;
  if (std::ranges::none_of(arms, &Arm::takes_part))
    RollBack("no version is left in the experiment: " + text);
}

Status Planner::CheckArms() {
  Rollout& rollout = this->rollout();
  Check all{.at_ms = now(), .counts = false};
  std::vector<Finding> guards;
  std::vector<std::pair<Arm*, std::string>> harmful;
  for (Arm& arm : rollout.experiment->arms) {
    if (!arm.takes_part()) continue;
    SLIPWAY_ASSIGN_OR_RETURN(const Check check, arm.watch->Judge(seen_));
    all.missing |= check.missing;
    all.counts |= check.counts;
    if (check.verdict == CheckVerdict::kInconclusive) all.verdict = check.verdict;
    AddFindings(arm, check, &guards);
    if (check.verdict == CheckVerdict::kFail) {
      harmful.emplace_back(&arm, HarmIn(check));
      continue;
    }
    SLIPWAY_RETURN_IF_ERROR(arm.goal->Observe(seen_, service_.stable->set, arm.release.set));
    arm.result = arm.goal->Judge();
    all.findings.push_back(GoalFinding(arm, *arm.result));
  }
  if (!harmful.empty()) all.verdict = CheckVerdict::kFail;
  all.findings.insert(all.findings.end(), guards.begin(), guards.end());
  KeepCheck(std::move(all));
  for (const auto& [arm, reason] : harmful) Leave(arm, reason);
  if (!moved_) PausedForMissing();
  return {};
}

// The best takes over, or a person is asked: once for each version, and once more when the time is
// over.
void Planner::AskFor(const Arm& best, bool ends) {
  Experiment& experiment = *rollout().experiment;
  const int64_t version = best.release.version;
  if (experiment.told_version == version && !ends) return;
  std::string text = fmt::format("{} is better than {}: {}", best.release.reference(),
                                 service_.stable->reference(), best.result->InWords());
  bool others = false;
  for (const Arm& arm : experiment.arms) {
    if (&arm == &best || !arm.takes_part() || !arm.result) continue;
    if (arm.result->verdict != GoalVerdict::kBetter) continue;
    text += fmt::format("; so is {}: {}", VersionOf(arm), arm.result->InWords());
    others = true;
  }
  if (others) text += "; which of these is better than the other is not known";
  Tell("result", text, ToJson(*best.result));
  if (!rollout().settings.experiment.promote) {
    experiment.told_version = version;
    experiment.told_at_end = ends;
    return PauseFor(text);
  }
  rollout().release = best.release;
  Enter(Phase::kPromoting, "takes " + text);
}

// What it came to is no answer: whether it is over is a person's to say.
bool Planner::PausedForChange() {
  std::string text;
  for (Arm& arm : rollout().experiment->arms) {
    if (!arm.takes_part() || !arm.result || !arm.result->changed() || arm.told_changed) continue;
    arm.told_changed = true;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", arm.release.reference(),
                        arm.result->InWords());
  }
  if (text.empty()) return false;
  Tell("result", text);
  PauseFor(text);
  return true;
}

// A version that is better ends it, at the latest when its time is over; so does that none can be.
void Planner::DecideExperiment(bool ends) {
  const Experiment& experiment = *rollout().experiment;
  const Release& stable = *service_.stable;
  if (!ends && !Passed(experiment.began_ms, rollout().settings.experiment.min_seconds)) return;
  if (const Arm* best = experiment.Best()) return AskFor(*best, ends);
  if (!ends && PausedForChange()) return;
  const bool hopeless = std::ranges::all_of(experiment.arms, [](const Arm& arm) {
    return !arm.takes_part() || (arm.result && arm.result->verdict == GoalVerdict::kNotBetter);
  });
  if (!hopeless && !ends) return;
  std::string text = fmt::format("no version was found to be better than {}", stable.reference());
  for (const Arm& arm : experiment.arms) {
    if (arm.takes_part() && arm.result)
      text += fmt::format("; {} {}", VersionOf(arm), arm.result->InWords());
  }
  Tell("result", text);
  EndUndecided(text);
}

// All goes back, and no version is to blame.
void Planner::EndUndecided(const std::string& result) {
  rollout().reason = result;
  rollout().pause.reset();
  for (const Arm& arm : rollout().experiment->arms) {
    if (arm.takes_part())
      decision_.outside.push_back(
          ExperimentTagOf(service_, arm.release, rollout().revision, "not better: " + result));
  }
  Notify("experiment ended", result);
  Enter(Phase::kRollingBack, "goes back: " + result);
}

}  // namespace slipway::deploy
