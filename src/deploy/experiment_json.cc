// An experiment within the document of its service.
#include <utility>

#include "deploy/service_json_internal.h"

namespace slipway::deploy {
namespace {

// What another build has gathered can't be gone on with: it is gathered anew, which may take longer
// and decides nothing.
Result<Arm> ArmFromJson(const Json& json, const ExperimentSettings& settings,
                        const CanarySettings& guard) {
  const Json* release = Find(json, "release");
  if (release == nullptr) return BadRecord("has an experiment without a release");
  Arm arm;
  SLIPWAY_ASSIGN_OR_RETURN(arm.release, ReleaseFromJson(*release));
  arm.validated = GetBool(json, "validated");
  arm.left = GetString(json, "left");
  arm.unready_ms = GetInteger(json, "unready_ms");
  arm.told_changed = GetBool(json, "told_changed");
  if (const Json* watch = Find(json, "watch")) {
    if (auto read = Watch::FromJson(*watch, guard); read.ok()) arm.watch = *std::move(read);
  }
  if (const Json* goal = Find(json, "goal")) {
    if (auto read = Goal::FromJson(*goal, settings); read.ok()) arm.goal = *std::move(read);
  }
  if (const Json* result = Find(json, "result")) {
    SLIPWAY_ASSIGN_OR_RETURN(arm.result, GoalResultFromJson(*result));
  }
  return arm;
}

}  // namespace

Json ExperimentToJson(const Experiment& experiment) {
  Json arms = Json::array();
  for (const Arm& arm : experiment.arms) {
    Json one = {{"release", ReleaseToJson(arm.release)},
                {"validated", arm.validated},
                {"left", arm.left},
                {"unready_ms", arm.unready_ms},
                {"told_changed", arm.told_changed}};
    if (arm.watch) one["watch"] = arm.watch->ToJson();
    if (arm.goal) one["goal"] = arm.goal->ToJson();
    if (arm.result) one["result"] = ToJson(*arm.result);
    arms.push_back(std::move(one));
  }
  return {{"arms", std::move(arms)},
          {"began_ms", experiment.began_ms},
          {"split_ms", experiment.split_ms},
          {"stable_ready", experiment.stable_ready},
          {"told_version", experiment.told_version},
          {"told_at_end", experiment.told_at_end}};
}

Result<Experiment> ExperimentFromJson(const Json& json, const Settings& settings) {
  Experiment experiment;
  experiment.began_ms = GetInteger(json, "began_ms");
  // Of a build before this one it began with the experiment.
  experiment.split_ms = GetInteger(json, "split_ms", experiment.began_ms);
  experiment.stable_ready = GetBool(json, "stable_ready", true);
  experiment.told_version = GetInteger(json, "told_version");
  experiment.told_at_end = GetBool(json, "told_at_end");
  const Json* arms = Find(json, "arms");
  if (arms == nullptr || !arms->is_array() || arms->empty())
    return BadRecord("has an experiment without versions");
  const CanarySettings guard = GuardOf(settings, arms->size());
  for (const Json& arm : *arms) {
    SLIPWAY_ASSIGN_OR_RETURN(experiment.arms.emplace_back(),
                             ArmFromJson(arm, settings.experiment, guard));
  }
  return experiment;
}

}  // namespace slipway::deploy
