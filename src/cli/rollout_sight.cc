#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "cli/rollout_sight_internal.h"
#include "deploy/plan.h"

namespace slipway::cli {
namespace {

using deploy::Phase;
using deploy::Release;
using deploy::Rollout;
using deploy::Strategy;

constexpr double kAll = 100;
constexpr double kMilliseconds = 1000;

double WeightOf(const RolloutSight& sight, int64_t set) {
  return sight.observed.traffic ? sight.observed.traffic->in_force.WeightOf(set) : 0;
}

SetSight Seen(const RolloutSight& sight, std::string role, int64_t set) {
  const deploy::SetStatus status = sight.observed.StatusOf(set);
  SetSight seen;
  seen.role = std::move(role);
  seen.set = set;
  seen.weight = WeightOf(sight, set);
  seen.ready = status.ready;
  seen.wanted = status.running;
  seen.trouble = status.trouble;
  const auto rate = std::ranges::find(sight.rates, set, &deploy::SetRate::set);
  if (rate != sight.rates.end()) seen.rate = *rate;
  return seen;
}

SetSight Seen(const RolloutSight& sight, std::string role, const Release& release) {
  SetSight seen = Seen(sight, std::move(role), release.set);
  seen.release = release;
  return seen;
}

// As the planner wishes it: as many as its share takes, and no fewer than it has.
int WantedOfNew(const RolloutSight& sight, const Rollout& rollout, const Release& release) {
  const int all = deploy::WantedReplicas(sight.service);
  if (rollout.phase == Phase::kRollingBack) return 0;
  if (rollout.phase == Phase::kPromoting ||
      (rollout.settings.strategy != Strategy::kCanary && !rollout.experiment))
    return all;
  constexpr double kRounding = 1e-9;
  const double share = all * WantedWeight(sight.service) / kAll;
  const int needed = std::max(1, static_cast<int>(std::ceil(share - kRounding)));
  return std::clamp(sight.observed.StatusOf(release.set).running, needed, std::max(needed, all));
}

// Of an experiment those that take part, while it is one.
void AddArms(const RolloutSight& sight, const Rollout& rollout, std::vector<SetSight>* sets) {
  for (const deploy::Arm& arm : rollout.experiment->arms) {
    if (!arm.takes_part()) continue;
    sets->push_back(Seen(sight, "tried", arm.release));
    sets->back().wanted = WantedOfNew(sight, rollout, arm.release);
  }
}

void AddNew(const RolloutSight& sight, const Rollout& rollout, std::vector<SetSight>* sets) {
  if (rollout.experiment && rollout.phase != Phase::kPromoting)
    return AddArms(sight, rollout, sets);
  const bool canary = rollout.settings.strategy == Strategy::kCanary && sight.service.stable;
  sets->push_back(Seen(sight, canary ? "canary" : "new", rollout.release));
  sets->back().wanted = WantedOfNew(sight, rollout, rollout.release);
}

// Where a release of that set is still known.
std::optional<Release> KnownRelease(const RolloutSight& sight, int64_t set) {
  const deploy::Service& service = sight.service;
  if (service.rollout && service.rollout->release.set == set) return service.rollout->release;
  if (service.rollout && service.rollout->experiment) {
    for (const deploy::Arm& arm : service.rollout->experiment->arms)
      if (arm.release.set == set) return arm.release;
  }
  for (const deploy::HistoryEntry& entry : service.history)
    if (entry.release.set == set) return entry.release;
  for (const Release& release : sight.former)
    if (release.set == set) return release;
  return std::nullopt;
}

std::string StateOfProgress(const Rollout& rollout, bool first) {
  switch (rollout.phase) {
    case Phase::kStarting: return "starting";
    case Phase::kShadowing: return "shadowing";
    case Phase::kPromoting: return "taking over";
    case Phase::kRollingBack: return "rolling back";
    default: break;
  }
  if (first) return "taking over";
  switch (rollout.settings.strategy) {
    case Strategy::kBlueGreen: return rollout.stage_ms == 0 ? "switching" : "watched";
    case Strategy::kRolling:
      return rollout.exchange && rollout.exchange->exchanged_ms != 0 ? "watched"
                                                                     : "exchanging replicas";
    case Strategy::kExperiment: return rollout.stage_ms == 0 ? "splitting" : "trying out";
    case Strategy::kCanary: break;
  }
  return fmt::format("stage {} of {}", rollout.stage + 1, rollout.settings.canary.stages.size());
}

std::string NextOfPause(const Rollout& rollout) {
  if (rollout.experiment && rollout.experiment->Best() != nullptr)
    return "slipway rollout promote, to take it; or abort";
  if (rollout.experiment)
    return "slipway rollout resume, to go on with it; promote --version N, or abort";
  if (rollout.pause->by_person)
    return "slipway rollout resume, to go on with this stage; promote or abort";
  return "slipway rollout resume, to judge this stage anew; promote, to go on all the same; or "
         "abort";
}

}  // namespace

const Rollout* InProgress(const RolloutSight& sight) {
  return sight.service.in_progress() ? &*sight.service.rollout : nullptr;
}

double WantedWeight(const deploy::Service& service) {
  if (!service.in_progress() || service.rollout->phase == Phase::kPromoting) return kAll;
  const Rollout& rollout = *service.rollout;
  if (rollout.phase == Phase::kRollingBack) return 0;
  if (rollout.experiment) return rollout.experiment->WeightOfEach(rollout.settings.experiment);
  if (!service.stable || rollout.settings.strategy != Strategy::kCanary) return kAll;
  if (rollout.weight) return *rollout.weight;
  const auto& stages = rollout.settings.canary.stages;
  const auto at = static_cast<size_t>(std::max(rollout.stage, 0));
  return at < stages.size() ? stages[at] : kAll;
}

std::optional<double> SecondsLeft(const RolloutSight& sight) {
  const Rollout* rollout = InProgress(sight);
  if (rollout == nullptr || rollout->pause || rollout->stage_ms == 0) return std::nullopt;
  int64_t began_ms = rollout->stage_ms;
  double lasts = 0;
  if (rollout->phase == Phase::kShadowing) {
    lasts = rollout->settings.canary.shadow.seconds;
  } else if (rollout->phase == Phase::kProgressing) {
    lasts = rollout->settings.stage_seconds();
    if (rollout->experiment) began_ms = rollout->experiment->began_ms;
    if (rollout->exchange) began_ms = rollout->exchange->exchanged_ms;
    if (began_ms == 0) return std::nullopt;
  } else {
    return std::nullopt;
  }
  return std::max(0.0, lasts - static_cast<double>(sight.now_ms - began_ms) / kMilliseconds);
}

std::vector<SetSight> SetsOf(const RolloutSight& sight) {
  const deploy::Service& service = sight.service;
  std::vector<SetSight> sets;
  if (service.stable) {
    sets.push_back(Seen(sight, "stable", *service.stable));
    const Rollout* rollout = InProgress(sight);
    const bool exchanged = rollout != nullptr && rollout->phase == Phase::kProgressing &&
                           rollout->settings.strategy == Strategy::kRolling;
    // Replica by replica, what there still is of it.
    if (!exchanged)
      sets.back().wanted = service.down ? 0 : deploy::WantedReplicas(service, *service.stable);
  }
  if (const Rollout* rollout = InProgress(sight)) AddNew(sight, *rollout, &sets);
  if (service.standby) {
    sets.push_back(Seen(sight, "standby", service.standby->release));
    sets.back().wanted = deploy::WantedReplicas(service, service.standby->release);
  }
  for (const deploy::SetStatus& status : sight.observed.sets) {
    if (std::ranges::find(sets, status.set, &SetSight::set) != sets.end() || status.running == 0)
      continue;
    sets.push_back(Seen(sight, "leaving", status.set));
    sets.back().release = KnownRelease(sight, status.set);
  }
  return sets;
}

bool IsAbandoned(const RolloutSight& sight) {
  return !sight.controller_runs && !sight.service.down;
}

const std::string& LeftFor(const deploy::Service& service, int64_t set) {
  static const std::string none;
  for (const deploy::HistoryEntry& entry : service.history)
    if (entry.release.set == set && !entry.left.empty()) return entry.left;
  return none;
}

std::string StateOf(const RolloutSight& sight) {
  const deploy::Service& service = sight.service;
  if (service.down) return "down";
  if (const Rollout* rollout = InProgress(sight))
    return rollout->pause ? "paused" : StateOfProgress(*rollout, !service.stable);
  if (service.rollout && service.rollout->phase != Phase::kCompleted)
    return deploy::ToString(service.rollout->phase);
  return service.stable ? "serving" : "empty";
}

std::string NextStep(const RolloutSight& sight) {
  const deploy::Service& service = sight.service;
  if (service.down) {
    return service.stable
               ? fmt::format("slipway up, to serve {} again", service.stable->reference())
               : "slipway deploy MODEL";
  }
  if (IsAbandoned(sight)) return "slipway up: no controller runs, and nothing moves without";
  if (const Rollout* rollout = InProgress(sight)) {
    if (rollout->pause) return NextOfPause(*rollout);
    if (rollout->told_stuck)
      return "slipway deploy MODEL, or slipway rollout promote --full, to take this one";
    return "";
  }
  if (service.rollout && service.rollout->phase != Phase::kCompleted)
    return "slipway rollout retry, or slipway deploy MODEL";
  // One that was gone back from is not offered again.
  if (service.standby && LeftFor(service, service.standby->release.set).empty())
    return fmt::format("slipway rollout undo goes back to {} at once",
                       service.standby->release.reference());
  return service.stable ? "" : "slipway deploy MODEL";
}

std::string ShortDuration(double seconds) {
  constexpr int64_t kMinute = 60;
  constexpr int64_t kHour = 3600;
  const auto whole = static_cast<int64_t>(std::ceil(std::max(seconds, 0.0)));
  return whole < kHour ? fmt::format("{}:{:02}", whole / kMinute, whole % kMinute)
                       : fmt::format("{} h {:02} min", whole / kHour, whole % kHour / kMinute);
}

std::string WeightText(double weight) { return fmt::format("{:.4g} %", weight); }

std::string VersionText(const std::optional<Release>& release) {
  return release ? fmt::format(":{}", release->version) : "–";
}

std::string VerdictText(const deploy::Check& check) {
  if (check.verdict != deploy::CheckVerdict::kPass) return check.Reason();
  const auto errors = std::ranges::find(check.findings, "errors", &deploy::Finding::metric);
  if (errors == check.findings.end()) return check.Reason();
  // The rates stand in the columns beside it.
  return errors->text.substr(0, errors->text.find(" · "));
}

const char* VerdictColor(const deploy::Check& check) {
  if (!check.counts) return "2";
  switch (check.verdict) {
    case deploy::CheckVerdict::kPass: return "2";
    case deploy::CheckVerdict::kFail: return "31";
    case deploy::CheckVerdict::kInconclusive: break;
  }
  return "33";
}

const char* StateColor(const std::string& state) {
  if (state == "serving") return "32";
  if (state == "paused" || state == "down" || state == "empty") return "33";
  return state == "rolling back" || state == "rolled back" || state == "failed" ? "31" : "36";
}

}  // namespace slipway::cli
