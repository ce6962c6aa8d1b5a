// What a person says to an experiment.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/verbs_internal.h"

namespace slipway::deploy {
namespace {

// The arm that a person means, or the one that was found to be better.
Result<Release> Chosen(const Service& service, bool full, int64_t version) {
  const Experiment& experiment = *service.rollout->experiment;
  std::vector<const Arm*> there;
  for (const Arm& arm : experiment.arms)
    if (arm.takes_part()) there.push_back(&arm);
  std::string known;
  for (const Arm* arm : there) known += (known.empty() ? "" : " or ") + arm->release.reference();
  if (version != 0) {
    for (const Arm* arm : there)
      if (arm->release.version == version) return arm->release;
    return Error(ErrorCode::kNotFound,
                 fmt::format("{}:{} takes no part in the experiment", service.model, version))
        .Expected(known);
  }
  if (const Arm* best = experiment.Best()) return best->release;
  if (full && there.size() == 1) return there.front()->release;
  return Error(ErrorCode::kConflict,
               fmt::format("the experiment of {} has not found a better version", service.name))
      .Try(fmt::format("slipway rollout promote --version N, to take {} all the same", known));
}

}  // namespace

// "ml-classifier:4 and ml-classifier:5"
std::string NamesOf(const NewRollout& rollout) {
  std::string names = rollout.release.reference();
  for (const Release& other : rollout.others) names += " and " + other.reference();
  return names;
}

Status CheckExperiment(const std::optional<Service>& service, const std::string& name,
                       const NewRollout& rollout) {
  if (rollout.settings.strategy != Strategy::kExperiment) {
    if (rollout.others.empty()) return {};
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} can't be delivered at once", NamesOf(rollout)))
        .Expected("one version, or --strategy experiment");
  }
  if (!service || !service->stable || service->down) {
    return Error(ErrorCode::kConflict,
                 fmt::format("{} serves nothing that an experiment could be compared with", name))
        .Try("slipway deploy MODEL first, without --strategy experiment");
  }
  std::vector<int64_t> versions = {service->stable->version, rollout.release.version};
  for (const Release& other : rollout.others) versions.push_back(other.version);
  std::ranges::sort(versions);
  const auto twice = std::ranges::adjacent_find(versions);
  if (twice != versions.end()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{}:{} is in the experiment twice{}", rollout.model, *twice,
                             *twice == service->stable->version
                                 ? ": the stable version takes part by itself"
                                 : ""))
        .Expected("versions other than the stable one, each once");
  }
  SLIPWAY_RETURN_IF_ERROR(Goal::Make(rollout.settings.experiment, 1 + rollout.others.size()));
  return {};
}

Experiment BeginExperiment(Service* service, const std::vector<Release>& others) {
  Experiment experiment;
  experiment.arms.push_back({.release = service->rollout->release});
  for (Release release : others) {
    GiveSet(service, &release);
    experiment.arms.push_back({.release = std::move(release)});
  }
  return experiment;
}

Result<Decision> Choose(const Service& service, bool full, const VerbContext& context,
                        int64_t version) {
  // A person may also decide for a version while all goes back, but has to name it.
  if (service.rollout->phase == Phase::kRollingBack && version == 0) {
    return Error(ErrorCode::kConflict, fmt::format("revision {} of {} is rolling back",
                                                   service.rollout->revision, service.name))
        .Try("slipway rollout promote --version N, to take that one all the same");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Release chosen, Chosen(service, full, version));
  Service next = service;
  Rollout& rollout = *next.rollout;
  rollout.release = chosen;
  rollout.pause.reset();
  rollout.reason.clear();
  EnterPhase(&rollout, Phase::kPromoting, context.now_ms);
  return Said(std::move(next), "promote", "promote " + chosen.reference(), context);
}

}  // namespace slipway::deploy
