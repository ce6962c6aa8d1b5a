// Deploys another version, or other settings of the one that serves.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/verbs.h"
#include "deploy/verbs_internal.h"

namespace slipway::deploy {
namespace {

// Of what is watched and told, which no replica reads.
Json WithoutWatching(Json deployment) {
  const auto monitoring = deployment.find("monitoring_config");
  if (monitoring == deployment.end() || !monitoring->is_object()) return deployment;
  for (const char* key :
       {"window_seconds", "alert_thresholds", "drift", "actions", "retrain_interval_seconds"})
    monitoring->erase(key);
  if (monitoring->empty()) deployment.erase(monitoring);
  return deployment;
}

bool IsStable(const Service& service, const Release& release) {
  return service.stable && service.stable->digest == release.digest &&
         service.stable->version == release.version;
}

// The stable release from now on, wherever it is kept.
void SetDeployment(Service* service, const Json& deployment) {
  service->stable->deployment = deployment;
  for (HistoryEntry& entry : service->history)
    if (entry.release.set == service->stable->set) entry.release.deployment = deployment;
  if (service->rollout && service->rollout->release.set == service->stable->set)
    service->rollout->release.deployment = deployment;
}

// "; forced: the gates of m:4 have not passed".
std::string ForcedText(const NewRollout& rollout) {
  std::string names = rollout.release.forced ? rollout.release.reference() : "";
  for (const Release& other : rollout.others)
    if (other.forced) names += (names.empty() ? "" : " and ") + other.reference();
  return names.empty() ? "" : ", forced: gates not passed, of " + names;
}

void TakeRest(const NewRollout& rollout, Service* service) {
  service->host = rollout.host;
  service->port = rollout.port;
  service->notifications = rollout.notifications;
  service->origin = rollout.origin;
}

// What may change while the same version goes on serving.
Result<Decision> Configure(const Service& service, const NewRollout& rollout,
                           const VerbContext& context) {
  std::vector<std::string> changed;
  if (service.notifications != rollout.notifications) changed.emplace_back("notifications");
  if (service.stable->deployment != rollout.release.deployment) changed.emplace_back("alerts");
  if (service.origin != rollout.origin) changed.emplace_back("where it is trained anew from");
  if (changed.empty()) {
    return Error(ErrorCode::kConflict, fmt::format("{} is what {} serves already",
                                                   rollout.release.reference(), service.name))
        .Try("another version, or slipway rollout status");
  }
  Service next = service;
  TakeRest(rollout, &next);
  SetDeployment(&next, rollout.release.deployment);
  std::string list;
  for (const std::string& one : changed) list += (list.empty() ? "" : ", ") + one;
  return Said(
      std::move(next), "configure",
      fmt::format("{} goes on serving, with other settings: {}", rollout.release.reference(), list),
      context);
}

}  // namespace

Result<Decision> Deploy(const std::optional<Service>& service, const std::string& name,
                        const NewRollout& rollout, int64_t now_ms) {
  Service next = service.value_or(Service{});
  const VerbContext context{now_ms, rollout.actor};
  const bool same = !next.in_progress() && rollout.others.empty() &&
                    rollout.settings.strategy != Strategy::kExperiment &&
                    IsStable(next, rollout.release);
  if (same && next.down) {
    // It is all there: it only has to come up again, and there is nobody to be careful for.
    TakeRest(rollout, &next);
    SetDeployment(&next, rollout.release.deployment);
    SLIPWAY_ASSIGN_OR_RETURN(Decision decision, BringUp(next, context));
    decision.notes.back().text = rollout.release.reference() + " is stable, and comes up again";
    return decision;
  }
  if (service && !service->down && (next.host != rollout.host || next.port != rollout.port)) {
    return Error(ErrorCode::kConflict,
                 fmt::format("{} listens on {}:{}, and not on {}:{}", name, next.host, next.port,
                             rollout.host, rollout.port))
        .Try("slipway down first, or the same deployment.port");
  }
  if (same &&
      WithoutWatching(next.stable->deployment) == WithoutWatching(rollout.release.deployment))
    return Configure(next, rollout, context);
  TakeRest(rollout, &next);
  // What can't be watched by is told now, and not by a controller that nobody looks at.
  if (const auto watch = Watch::Make(rollout.settings.canary, 1, 2); !watch.ok())
    return watch.error();
  SLIPWAY_RETURN_IF_ERROR(CheckExperiment(service, name, rollout));
  next.name = name;
  next.environment = rollout.environment;
  next.model = rollout.model;
  next.down = false;
  std::string text = fmt::format("deploy {} by {}{}", NamesOf(rollout),
                                 ToString(rollout.settings.strategy), ForcedText(rollout));
  if (next.in_progress()) {
    text += fmt::format(", superseding revision {}", next.rollout->revision);
    EndBy(&next, "superseded by another", now_ms);
  }
  next.rollout = Begin(&next, rollout.release, rollout.settings, "deploy", context);
  if (rollout.settings.strategy == Strategy::kExperiment)
    next.rollout->experiment = BeginExperiment(&next, rollout.others);
  next.rollout->reason = rollout.reason;
  Decision decision = Said(std::move(next), "deploy", text, context);
  if (!rollout.reason.empty()) decision.notes.back().detail["reason"] = rollout.reason;
  for (const Release& release : ReleasesOf(*decision.service.rollout)) {
    if (release.forced)
      decision.outside.push_back(ForcedTagOf(decision.service, release, context.actor));
  }
  return decision;
}

}  // namespace slipway::deploy
