#include "deploy/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/planner_internal.h"

namespace slipway::deploy {
namespace {

constexpr double kMilliseconds = 1000;
constexpr size_t kMostHistory = 10;

std::string VersionInWords(const Release& release) { return release.reference(); }

// Stages of the registry that a delivery moves; in other environments versions stay as they are.
bool HasStage(const std::string& environment) {
  return environment == "staging" || environment == "production";
}

}  // namespace

Result<Decision> Plan(const Service& service, const Observed& observed) {
  return Planner(service, observed).Run();
}

Result<Decision> Planner::Run() {
  if (!service_.down) {
    Scale();
    ExpireStandby();
    SLIPWAY_RETURN_IF_ERROR(Advance());
  }
  WishAndAct();
  decision_.service = std::move(service_);
  return std::move(decision_);
}

void StopNone(const Observed& seen, SetReplicas* action) {
  const int64_t set = action->release.set;
  if (seen.traffic && seen.traffic->in_force.WeightOf(set) <= 0) return;
  action->replicas = std::max(action->replicas, seen.StatusOf(set).ready);
}

int64_t NextLook(const Service& service, int64_t now_ms) {
  constexpr int64_t kLongest = 1000;
  int64_t next = now_ms + kLongest;
  if (!service.in_progress()) return next;
  const Rollout& rollout = *service.rollout;
  if (rollout.stage_ms == 0) {
    // Something comes up: the sooner it is seen, the sooner it serves.
    constexpr int64_t kStarting = 100;
    return now_ms + kStarting;
  }
  const double seconds = rollout.phase == Phase::kShadowing ? rollout.settings.canary.shadow.seconds
                                                            : rollout.settings.stage_seconds();
  const int64_t began_ms = rollout.exchange ? rollout.exchange->exchanged_ms : rollout.stage_ms;
  for (const int64_t at :
       {rollout.next_check_ms, began_ms + static_cast<int64_t>(seconds * kMilliseconds)}) {
    if (at > now_ms) next = std::min(next, at);
  }
  return next;
}

int64_t LabelEpoch(const Service& service) {
  if (!service.in_progress() || service.rollout->phase != Phase::kProgressing) return 0;
  const Rollout& rollout = *service.rollout;
  return rollout.experiment ? rollout.experiment->split_ms : rollout.stage_ms;
}

int64_t Planner::After(int64_t ms, double seconds) {
  return ms + static_cast<int64_t>(seconds * kMilliseconds);
}

bool Planner::Passed(int64_t since_ms, double seconds) const {
  return static_cast<double>(now() - since_ms) >= seconds * kMilliseconds;
}

void Planner::Tell(std::string kind, std::string text, Json detail) {
  decision_.notes.push_back({std::move(kind), std::move(text), std::move(detail)});
}

void Planner::Notify(const std::string& event, const std::string& text) {
  decision_.outside.push_back(
      NotifyOf(service_, rollout().release, rollout().revision, event, text, now()));
}

void Planner::ExpireStandby() {
  if (!service_.standby || now() < service_.standby->until_ms) return;
  Tell("standby", VersionInWords(service_.standby->release) + " is kept ready no longer");
  service_.standby.reset();
}

// One thing leads to another within one call: a switch need not wait for the next.
Status Planner::Advance() {
  constexpr int kMostSteps = 16;
  for (int step = 0; step < kMostSteps; ++step) {
    if (!service_.in_progress()) return {};
    moved_ = false;
    if (IsGone()) continue;
    SLIPWAY_RETURN_IF_ERROR(AdvanceOnce());
    if (!moved_) return {};
  }
  return {};
}

bool Planner::IsGone() {
  Rollout& rollout = this->rollout();
  // An experiment goes on without those that are gone.
  if (rollout.experiment && rollout.phase == Phase::kProgressing) return false;
  const bool has_traffic = rollout.phase == Phase::kShadowing ||
                           rollout.phase == Phase::kProgressing ||
                           rollout.phase == Phase::kPromoting;
  if (!has_traffic || Canary().ready > 0 || InForce(rollout.release.set, 0)) {
    rollout.unready_ms = 0;
    return false;
  }
  if (rollout.unready_ms == 0) rollout.unready_ms = now();
  const double timeout = rollout.settings.ready_timeout_seconds();
  if (!Passed(rollout.unready_ms, timeout)) return false;
  const std::string trouble = Canary().trouble;
  RollBack(fmt::format("no replica was ready for {:g} s{}", timeout, Because(trouble)));
  return true;
}

Status Planner::AdvanceOnce() {
  switch (rollout().phase) {
    case Phase::kStarting: return AdvanceStarting();
    case Phase::kShadowing: return AdvanceShadowing();
    case Phase::kProgressing:
      switch (rollout().settings.strategy) {
        case Strategy::kCanary: return AdvanceCanary();
        case Strategy::kBlueGreen: return AdvanceBlueGreen();
        case Strategy::kRolling: return AdvanceRolling();
        case Strategy::kExperiment: return AdvanceExperiment();
      }
      return {};
    case Phase::kPromoting: return AdvancePromoting();
    case Phase::kRollingBack: AdvanceRollingBack(); return {};
    case Phase::kCompleted:
    case Phase::kRolledBack:
    case Phase::kFailed: return {};
  }
  return {};
}

void Planner::Enter(Phase phase, const std::string& text) {
  Rollout& rollout = this->rollout();
  rollout.phase = phase;
  rollout.phase_ms = now();
  rollout.stage_ms = 0;
  rollout.counts = {};
  moved_ = true;
  Tell("phase", text, {{"phase", ToString(phase)}});
}

void Planner::PauseFor(const std::string& reason) {
  rollout().pause = Pause{false, reason};
  moved_ = true;
  Tell("pause", "paused: " + reason);
  Notify("paused", reason);
}

// Its replicas come up and each predicts what the artifact says that it predicts.
Status Planner::AdvanceStarting() {
  if (rollout().pause) return {};
  if (rollout().experiment) return AdvanceExperimentStart();
  const bool replica_by_replica = rollout().settings.strategy == Strategy::kRolling && !first();
  const SetStatus canary = Canary();
  const int needed = replica_by_replica ? 0 : ReplicasFor(CanaryWeight());
  if (canary.ready < needed) {
    const double timeout = rollout().settings.ready_timeout_seconds();
    if (Passed(rollout().phase_ms, timeout)) {
      RollBack(fmt::format("{} of {} replicas were ready within {:g} s{}", canary.ready, needed,
                           timeout, Because(canary.trouble)));
    }
    return {};
  }
  if (!replica_by_replica &&
      !PassedReplicaValidation(rollout().release, &rollout().replicas_validated))
    return {};
  SLIPWAY_RETURN_IF_ERROR(SeeCounts());
  if (first()) {
    Enter(Phase::kPromoting, "ready; nothing served before it");
  } else if (rollout().settings.strategy == Strategy::kCanary &&
             rollout().settings.canary.shadow.seconds > 0) {
    Enter(Phase::kShadowing, "ready; gets copies of requests");
  } else {
    Enter(Phase::kProgressing, replica_by_replica ? "replicas are exchanged" : "ready");
  }
  return {};
}

bool Planner::PassedReplicaValidation(const Release& release, bool* validated) {
  if (*validated) return true;
  const auto& seen = seen_.validation;
  if (validated_ || !seen || seen->set != release.set || seen->through_address) {
    decision_.actions.emplace_back(Validate{release, 1, false});
    if (Passed(rollout().phase_ms, rollout().settings.ready_timeout_seconds()))
      RollBack(
          fmt::format("replicas of {} could not be asked for predictions", release.reference()));
    return false;
  }
  validated_ = true;
  if (seen->asked == 0 || seen->right < seen->asked) {
    const std::string of = rollout().experiment ? " of " + release.reference() : "";
    RollBack(fmt::format("{} of {} first predictions{} were right{}", seen->right, seen->asked, of,
                         Because(seen->trouble)));
    return false;
  }
  *validated = true;
  return true;
}

Status Planner::AdvancePromoting() {
  const int64_t set = rollout().release.set;
  if (InForce(set, 100)) {
    Complete();
  } else if (Passed(rollout().phase_ms, rollout().settings.ready_timeout_seconds())) {
    RollBack(fmt::format("{} of {} replicas were ready to take all traffic{}", Canary().ready,
                         WantedReplicas(service_), Because(TrafficTrouble())));
  }
  return {};
}

void Planner::Complete() {
  const Release release = rollout().release;
  if (HasStage(service_.environment)) {
    Json detail = ReleaseFacts(release);
    detail["stage"] = service_.environment;
    detail["forced"] = release.forced;
    decision_.outside.push_back({"stage", std::move(detail)});
  }
  const double standby = rollout().settings.standby_seconds();
  service_.standby.reset();
  if (service_.stable && service_.stable->set != release.set && standby > 0) {
    service_.standby = Standby{*service_.stable, After(now(), standby)};
  }
  service_.stable = release;
  service_.stable_ms = now();
  service_.history.push_back({rollout().revision, release, now()});
  if (service_.history.size() > kMostHistory) service_.history.erase(service_.history.begin());
  End(Phase::kCompleted, VersionInWords(release) + " is stable");
  Notify("promoted", VersionInWords(release) + " is stable");
}

std::vector<Release> Rollout::TriedReleases() const {
  if (!experiment || phase == Phase::kPromoting) return {release};
  std::vector<Release> releases;
  for (const Arm& arm : experiment->arms)
    if (arm.takes_part()) releases.push_back(arm.release);
  return releases;
}

void Planner::TagReason(const Release& release, const std::string& reason) {
  decision_.outside.push_back(RollbackTagOf(service_, release, rollout().revision, reason));
}

void Planner::RollBack(const std::string& reason) {
  rollout().reason = reason;
  rollout().pause.reset();
  for (const Release& release : rollout().TriedReleases()) TagReason(release, reason);
  Notify("rolled back", reason);
  if (first()) return End(Phase::kFailed, "failed: " + reason);
  Enter(Phase::kRollingBack, "rolls back: " + reason);
}

void Planner::AdvanceRollingBack() {
  Rollout& rollout = this->rollout();
  // Where nobody is ready all weight is its own at once, and serves no one.
  if (InForce(rollout.release.set, 0) && Stable().ready > 0) {
    return End(Phase::kRolledBack, VersionInWords(*service_.stable) + " has all traffic again");
  }
  if (rollout.told_stuck || !Passed(rollout.phase_ms, rollout.settings.ready_timeout_seconds()))
    return;
  rollout.told_stuck = true;
  const SetStatus stable = Stable();
  const std::string text = fmt::format(
      "the stable version does not come up, {} of {} replicas are ready{}: deploy another, or "
      "promote this one",
      stable.ready, WantedReplicas(service_), Because(stable.trouble));
  Tell("stuck", text);
  Notify("stuck", text);
}

void Planner::End(Phase phase, const std::string& text) {
  Enter(phase, text);
  rollout().ended_ms = now();
  rollout().watch.reset();
  rollout().pause.reset();
  if (rollout().experiment) {
    // What they came to stays.
    for (Arm& arm : rollout().experiment->arms) {
      arm.watch.reset();
      arm.goal.reset();
    }
  }
}

// Traffic first: who is to serve has its replicas already, and who is to go has no requests.
void Planner::WishAndAct() {
  const std::vector<SetWish> wishes = Wishes();
  const TrafficPlan traffic = WantedTraffic();
  if (seen_.traffic && !(seen_.traffic->in_force == traffic))
    decision_.actions.emplace_back(SetTraffic{traffic});
  for (const SetWish& wish : wishes) {
    SetReplicas action{wish.release, wish.replicas};
    if (!seen_.traffic && !service_.down) StopNone(seen_, &action);
    decision_.actions.emplace_back(std::move(action));
  }
  for (const SetStatus& status : seen_.sets) {
    const bool wished = std::ranges::any_of(
        wishes, [&](const SetWish& wish) { return wish.release.set == status.set; });
    const bool serves = traffic.WeightOf(status.set) > 0 || !InForce(status.set, 0);
    if (wished || (serves && !service_.down)) continue;
    Release gone;
    gone.set = status.set;
    decision_.actions.emplace_back(SetReplicas{std::move(gone), 0});
  }
}

}  // namespace slipway::deploy
