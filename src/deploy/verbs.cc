#include "deploy/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/verbs_internal.h"

namespace slipway::deploy {

Decision Said(Service service, const std::string& verb, const std::string& text,
              const VerbContext& context) {
  Decision decision;
  decision.service = std::move(service);
  Json detail = {{"verb", verb}, {"actor", context.actor}};
  const Rollout* rollout = decision.service.rollout ? &*decision.service.rollout : nullptr;
  if (rollout != nullptr && rollout->began_ms == context.now_ms) {
    detail["model"] = rollout->release.model;
    detail["version"] = rollout->release.version;
    detail["strategy"] = ToString(rollout->settings.strategy);
    // Reports of this revision are written when the service has gone on to others.
    detail["deployment"] = rollout->release.deployment;
    detail["sets"] = Json::array();
    for (const Release& release : ReleasesOf(*rollout)) {
      detail["sets"].push_back(
          {{"set", release.set}, {"model", release.model}, {"version", release.version}});
      if (release.forced) detail["forced"] = true;
    }
  }
  decision.notes.push_back({"verb", text, std::move(detail)});
  return decision;
}

std::vector<Release> ReleasesOf(const Rollout& rollout) {
  if (!rollout.experiment) return {rollout.release};
  std::vector<Release> releases;
  for (const Arm& arm : rollout.experiment->arms) releases.push_back(arm.release);
  return releases;
}

void EnterPhase(Rollout* rollout, Phase phase, int64_t now_ms) {
  rollout->phase = phase;
  rollout->phase_ms = now_ms;
  rollout->stage_ms = 0;
  rollout->counts = {};
}

Error Nothing(const Service& service, const std::string& verb) {
  if (!service.rollout) {
    return Error(ErrorCode::kConflict,
                 fmt::format("there is nothing to {}: {} has had no rollout", verb, service.name))
        .Try("slipway deploy MODEL");
  }
  return Error(
             ErrorCode::kConflict,
             fmt::format("there is nothing to {}: revision {} of {} has ended, {}", verb,
                         service.rollout->revision, service.name, ToString(service.rollout->phase)))
      .Try(service.rollout->phase == Phase::kCompleted
               ? "slipway rollout undo, or slipway deploy MODEL"
               : "slipway rollout retry, or slipway deploy MODEL");
}

namespace {

// Whether bounds still tell from each other what a release predicts: at least half as many buckets
// hold some of it as there would be by its own.
bool Tell(const std::vector<double>& bounds, const std::vector<double>& own) {
  std::set<std::ptrdiff_t> buckets;
  for (const double value : own)
    buckets.insert(std::ranges::lower_bound(bounds, value) - bounds.begin());
  return !bounds.empty() && (own.empty() || 2 * buckets.size() >= own.size() + 1);
}

}  // namespace

void GiveSet(Service* service, Release* release) {
  release->set = service->next_set++;
  release->prediction_bounds = release->own_bounds;
  const std::optional<Release>& stable = service->stable;
  if (stable && Tell(stable->prediction_bounds, stable->own_bounds))
    release->prediction_bounds = stable->prediction_bounds;
}

Rollout Begin(Service* service, Release release, Settings settings, std::string kind,
              const VerbContext& context) {
  Rollout rollout;
  rollout.revision = service->next_revision++;
  if (release.set == 0) GiveSet(service, &release);
  rollout.release = std::move(release);
  rollout.settings = std::move(settings);
  rollout.kind = std::move(kind);
  rollout.actor = context.actor;
  rollout.began_ms = context.now_ms;
  rollout.phase_ms = context.now_ms;
  return rollout;
}

void EndBy(Service* service, const std::string& why, int64_t now_ms) {
  Rollout& rollout = *service->rollout;
  rollout.reason = why;
  EnterPhase(&rollout, service->stable ? Phase::kRolledBack : Phase::kFailed, now_ms);
  rollout.ended_ms = now_ms;
  rollout.pause.reset();
}

void TellLeft(const Service& service, const std::vector<Release>& releases, int64_t revision,
              const std::string& why, const VerbContext& context, Decision* decision) {
  if (releases.empty()) return;
  for (const Release& release : releases)
    decision->outside.push_back(RollbackTagOf(service, release, revision, why));
  decision->outside.push_back(
      NotifyOf(service, releases.front(), revision, "rolled back", why, context.now_ms));
}

void TellLeft(const Service& service, const Rollout& rollout, const std::string& why,
              const VerbContext& context, Decision* decision) {
  TellLeft(service, rollout.TriedReleases(), rollout.revision, why, context, decision);
}

namespace {

Status AskInProgress(const Service& service, const std::string& verb) {
  if (!service.in_progress()) return Nothing(service, verb);
  if (service.rollout->phase != Phase::kRollingBack) return {};
  return Error(ErrorCode::kConflict, fmt::format("revision {} of {} is rolling back",
                                                 service.rollout->revision, service.name))
      .Try("slipway rollout retry once it has");
}

}  // namespace

Result<Decision> Promote(const Service& service, bool full, const VerbContext& context,
                         int64_t version) {
  if (!service.in_progress()) return Nothing(service, "promote");
  if (service.rollout->experiment && service.rollout->phase != Phase::kPromoting)
    return Choose(service, full, context, version);
  if (version != 0 && service.rollout->experiment) {
    return Error(ErrorCode::kConflict,
                 fmt::format("{} takes over just now", service.rollout->release.reference()))
        .Try("slipway rollout abort, or undo once it has");
  }
  if (version != 0) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is no experiment: there is nothing to choose from",
                             service.rollout->revision, service.name))
        .Try("slipway rollout promote");
  }
  Service next = service;
  Rollout& rollout = *next.rollout;
  // A person may also decide for the new version while it is on its way back.
  if (rollout.phase == Phase::kRollingBack && !full) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is rolling back", rollout.revision, service.name))
        .Try("slipway rollout promote --full, to take it all the same");
  }
  const bool paused = rollout.pause.has_value();
  rollout.pause.reset();
  rollout.reason.clear();
  if (full) {
    if (rollout.phase != Phase::kPromoting) EnterPhase(&rollout, Phase::kPromoting, context.now_ms);
    return Said(std::move(next), "promote", "promote in full", context);
  }
  switch (rollout.phase) {
    case Phase::kProgressing:
      if (rollout.settings.strategy != Strategy::kCanary) break;
      if (const int stage = rollout.NextStage();
          stage < static_cast<int>(rollout.settings.canary.stages.size())) {
        rollout.stage = stage;
        EnterPhase(&rollout, Phase::kProgressing, context.now_ms);
      } else {
        EnterPhase(&rollout, Phase::kPromoting, context.now_ms);
      }
      rollout.weight.reset();
      return Said(std::move(next), "promote", "promote to the next stage", context);
    case Phase::kShadowing:
      EnterPhase(&rollout, Phase::kProgressing, context.now_ms);
      return Said(std::move(next), "promote", "promote past the shadow", context);
    default: break;
  }
  if (paused) {
    rollout.phase_ms = context.now_ms;
    rollout.stage_ms = 0;
    return Said(std::move(next), "promote", "promote", context);
  }
  return Error(ErrorCode::kConflict,
               fmt::format("revision {} of {} is {} and has no stage to skip", rollout.revision,
                           service.name, ToString(rollout.phase)))
      .Try("slipway rollout promote --full");
}

Result<Decision> PauseRollout(const Service& service, const std::string& reason,
                              const VerbContext& context) {
  SLIPWAY_RETURN_IF_ERROR(AskInProgress(service, "pause"));
  Service next = service;
  Rollout& rollout = *next.rollout;
  if (rollout.phase == Phase::kPromoting) {
    return Error(ErrorCode::kConflict, fmt::format("revision {} of {} takes over just now",
                                                   rollout.revision, service.name))
        .Try("slipway rollout abort, or undo once it has");
  }
  if (rollout.pause && rollout.pause->by_person) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is paused already", rollout.revision, service.name))
        .Try("slipway rollout resume");
  }
  rollout.pause = Pause{true, reason.empty() ? "by " + context.actor : reason};
  return Said(std::move(next), "pause", "pause: " + rollout.pause->reason, context);
}

Result<Decision> Resume(const Service& service, const VerbContext& context) {
  SLIPWAY_RETURN_IF_ERROR(AskInProgress(service, "resume"));
  Service next = service;
  Rollout& rollout = *next.rollout;
  if (!rollout.pause) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is not paused", rollout.revision, service.name));
  }
  if (rollout.experiment && rollout.experiment->told_at_end) {
    return Error(ErrorCode::kConflict,
                 fmt::format("the time of revision {} of {} is over: {}", rollout.revision,
                             service.name, rollout.pause->reason))
        .Try("slipway rollout promote, or abort");
  }
  rollout.pause.reset();
  rollout.missing_in_a_row = 0;
  EnterPhase(&rollout, rollout.phase, context.now_ms);
  return Said(std::move(next), "resume", "resume", context);
}

Result<Decision> SetWeight(const Service& service, double percent, const VerbContext& context) {
  SLIPWAY_RETURN_IF_ERROR(AskInProgress(service, "weigh"));
  if (!(percent >= 0 && percent <= 100)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a weight of {:g} %", percent))
        .Expected("0 to 100");
  }
  Service next = service;
  Rollout& rollout = *next.rollout;
  if (rollout.settings.strategy != Strategy::kCanary || !next.stable) {
    std::string is = "is the first, which has all of the traffic";
    if (rollout.experiment) {
      is = "is an experiment, whose shares stay as they are";
    } else if (next.stable) {
      is = fmt::format("is delivered by {}, which has no weight to set",
                       ToString(rollout.settings.strategy));
    }
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} {}", rollout.revision, service.name, is))
        .Try("slipway rollout promote --full, or abort");
  }
  if (rollout.phase != Phase::kProgressing) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is {} and gets no share of the traffic",
                             rollout.revision, service.name, ToString(rollout.phase)))
        .Try("it again once its first stage has begun");
  }
  rollout.weight = percent;
  EnterPhase(&rollout, Phase::kProgressing, context.now_ms);
  return Said(std::move(next), "set-weight", fmt::format("weight {:g} % by hand", percent),
              context);
}

Result<Decision> Abort(const Service& service, const std::string& reason,
                       const VerbContext& context) {
  SLIPWAY_RETURN_IF_ERROR(AskInProgress(service, "abort"));
  Service next = service;
  Rollout& rollout = *next.rollout;
  const std::string why = "aborted by " + context.actor + (reason.empty() ? "" : ": " + reason);
  if (next.stable) {
    rollout.reason = why;
    rollout.pause.reset();
    EnterPhase(&rollout, Phase::kRollingBack, context.now_ms);
  } else {
    EndBy(&next, why, context.now_ms);
  }
  Decision decision = Said(std::move(next), "abort", why, context);
  TellLeft(service, *service.rollout, why, context, &decision);
  return decision;
}

Result<Decision> Retry(const Service& service, const VerbContext& context) {
  if (!service.rollout) return Nothing(service, "retry");
  const Rollout& last = *service.rollout;
  if (service.in_progress()) {
    if (last.phase != Phase::kRollingBack) {
      return Error(ErrorCode::kConflict,
                   fmt::format("revision {} of {} is {}{}", last.revision, service.name,
                               ToString(last.phase), last.pause ? ", paused" : ""))
          .Try(last.pause ? "slipway rollout resume" : "slipway rollout abort first");
    }
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is rolling back", last.revision, service.name))
        .Try("it again once it has");
  }
  if (last.phase == Phase::kCompleted) return Nothing(service, "retry");
  Service next = service;
  next.down = false;
  Release release = last.release;
  release.set = 0;
  next.rollout = Begin(&next, std::move(release), last.settings, "retry", context);
  if (last.experiment) {
    std::vector<Release> others;
    for (const Arm& arm : last.experiment->arms)
      if (arm.release.set != last.release.set) others.push_back(arm.release);
    for (Release& other : others) other.set = 0;
    next.rollout->experiment = BeginExperiment(&next, others);
  }
  return Said(std::move(next), "retry",
              fmt::format("retry {} of revision {}", last.release.reference(), last.revision),
              context);
}

Result<Decision> TakeDown(const Service& service, const VerbContext& context) {
  if (service.down)
    return Error(ErrorCode::kConflict, fmt::format("{} is down already", service.name));
  Service next = service;
  if (next.in_progress()) EndBy(&next, "taken down by " + context.actor, context.now_ms);
  next.standby.reset();
  next.down = true;
  return Said(std::move(next), "down", "down", context);
}

Result<Decision> BringUp(const Service& service, const VerbContext& context) {
  if (!service.down) return Said(service, "up", "up", context);
  Service next = service;
  next.down = false;
  return Said(std::move(next), "up", "up", context);
}

}  // namespace slipway::deploy
