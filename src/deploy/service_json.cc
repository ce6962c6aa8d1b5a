// The document of a service. What it can't do without is asked for; what older ones lack has its
// default.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "deploy/service_json_internal.h"

namespace slipway::deploy {

Error BadRecord(const std::string& what) {
  return Error(ErrorCode::kIntegrity, "the stored record of a service " + what);
}

const Json* Find(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it == json.end() || it->is_null() ? nullptr : &*it;
}

Json ReleaseToJson(const Release& release) {
  Json json = {{"set", release.set},         {"model", release.model},
               {"version", release.version}, {"label", release.label},
               {"digest", release.digest},   {"deployment", release.deployment},
               {"forced", release.forced}};
  if (!release.own_bounds.empty()) json["own_bounds"] = release.own_bounds;
  if (!release.prediction_bounds.empty()) json["prediction_bounds"] = release.prediction_bounds;
  return json;
}

namespace {

Status ReadBounds(const Json& json, const char* key, std::vector<double>* bounds) {
  const Json* found = Find(json, key);
  if (found == nullptr) return {};
  const bool numbers = found->is_array() && std::ranges::all_of(*found, &Json::is_number);
  if (!numbers) return BadRecord(fmt::format("has {} that are no list of numbers", key));
  for (const Json& bound : *found) bounds->push_back(bound.get<double>());
  return {};
}

}  // namespace

Result<Release> ReleaseFromJson(const Json& json) {
  Release release;
  release.set = GetInteger(json, "set");
  release.model = GetString(json, "model");
  release.version = GetInteger(json, "version");
  release.label = GetString(json, "label");
  release.digest = GetString(json, "digest");
  release.forced = GetBool(json, "forced");
  if (const Json* deployment = Find(json, "deployment")) release.deployment = *deployment;
  SLIPWAY_RETURN_IF_ERROR(ReadBounds(json, "own_bounds", &release.own_bounds));
  SLIPWAY_RETURN_IF_ERROR(ReadBounds(json, "prediction_bounds", &release.prediction_bounds));
  if (release.set <= 0 || release.model.empty()) return BadRecord("has a release without a model");
  return release;
}

namespace {

constexpr int kFormat = 1;

constexpr std::array kPhases = {
    std::pair(Phase::kStarting, "starting"),        std::pair(Phase::kShadowing, "shadowing"),
    std::pair(Phase::kProgressing, "progressing"),  std::pair(Phase::kPromoting, "promoting"),
    std::pair(Phase::kRollingBack, "rolling back"), std::pair(Phase::kCompleted, "completed"),
    std::pair(Phase::kRolledBack, "rolled back"),   std::pair(Phase::kFailed, "failed")};

// How this rollout is done, where that is not what its release says.
Json SettingsToJson(const Settings& settings) {
  return {{"strategy", ToString(settings.strategy)},
          {"watch_seconds", settings.blue_green.watch_seconds},
          {"validation_requests", settings.blue_green.validation_requests}};
}

Result<Settings> SettingsFromJson(const Json& json, const Release& release) {
  SLIPWAY_ASSIGN_OR_RETURN(Settings settings, ReadSettings(release.deployment));
  const Json* said = Find(json, "settings");
  if (said == nullptr) return settings;
  SLIPWAY_ASSIGN_OR_RETURN(settings.strategy, ParseStrategy(GetString(*said, "strategy")));
  settings.blue_green.watch_seconds =
      GetNumber(*said, "watch_seconds", settings.blue_green.watch_seconds);
  settings.blue_green.validation_requests = static_cast<int>(
      GetInteger(*said, "validation_requests", settings.blue_green.validation_requests));
  return settings;
}

Json RolloutToJson(const Rollout& rollout) {
  Json json = {{"revision", rollout.revision},
               {"release", ReleaseToJson(rollout.release)},
               {"settings", SettingsToJson(rollout.settings)},
               {"kind", rollout.kind},
               {"actor", rollout.actor},
               {"phase", ToString(rollout.phase)},
               {"reason", rollout.reason},
               {"began_ms", rollout.began_ms},
               {"phase_ms", rollout.phase_ms},
               {"ended_ms", rollout.ended_ms},
               {"stage", rollout.stage},
               {"stage_ms", rollout.stage_ms},
               {"unready_ms", rollout.unready_ms},
               {"next_check_ms", rollout.next_check_ms},
               {"missing_in_a_row", rollout.missing_in_a_row},
               {"counts",
                {{"passed", rollout.counts.passed},
                 {"failed", rollout.counts.failed},
                 {"inconclusive", rollout.counts.inconclusive}}},
               {"replicas_validated", rollout.replicas_validated},
               {"most_available", rollout.most_available},
               {"told_stuck", rollout.told_stuck}};
  if (rollout.pause) {
    json["pause"] = {{"by_person", rollout.pause->by_person}, {"reason", rollout.pause->reason}};
  }
  if (rollout.weight) json["weight"] = *rollout.weight;
  if (rollout.exchange) {
    json["exchange"] = {{"fresh", rollout.exchange->fresh},
                        {"old", rollout.exchange->old},
                        {"exchanged_ms", rollout.exchange->exchanged_ms}};
  }
  if (rollout.last_check) json["last_check"] = ToJson(*rollout.last_check);
  if (rollout.watch) json["watch"] = rollout.watch->ToJson();
  if (rollout.experiment) json["experiment"] = ExperimentToJson(*rollout.experiment);
  return json;
}

void ReadNumbers(const Json& json, Rollout* rollout) {
  rollout->began_ms = GetInteger(json, "began_ms");
  rollout->phase_ms = GetInteger(json, "phase_ms");
  rollout->ended_ms = GetInteger(json, "ended_ms");
  rollout->stage = static_cast<int>(GetInteger(json, "stage"));
  rollout->stage_ms = GetInteger(json, "stage_ms");
  rollout->unready_ms = GetInteger(json, "unready_ms");
  rollout->next_check_ms = GetInteger(json, "next_check_ms");
  rollout->missing_in_a_row = static_cast<int>(GetInteger(json, "missing_in_a_row"));
  rollout->replicas_validated = GetBool(json, "replicas_validated");
  rollout->most_available = static_cast<int>(GetInteger(json, "most_available"));
  rollout->told_stuck = GetBool(json, "told_stuck");
  if (const Json* counts = Find(json, "counts")) {
    rollout->counts = {static_cast<int>(GetInteger(*counts, "passed")),
                       static_cast<int>(GetInteger(*counts, "failed")),
                       static_cast<int>(GetInteger(*counts, "inconclusive"))};
  }
  if (const Json* weight = Find(json, "weight"); weight != nullptr && weight->is_number())
    rollout->weight = weight->get<double>();
  if (const Json* exchange = Find(json, "exchange")) {
    rollout->exchange = {static_cast<int>(GetInteger(*exchange, "fresh")),
                         static_cast<int>(GetInteger(*exchange, "old")),
                         GetInteger(*exchange, "exchanged_ms")};
  }
}

Result<Rollout> RolloutFromJson(const Json& json) {
  Rollout rollout;
  rollout.revision = GetInteger(json, "revision");
  const Json* release = Find(json, "release");
  if (release == nullptr) return BadRecord("has a rollout without a release");
  SLIPWAY_ASSIGN_OR_RETURN(rollout.release, ReleaseFromJson(*release));
  SLIPWAY_ASSIGN_OR_RETURN(rollout.settings, SettingsFromJson(json, rollout.release));
  SLIPWAY_ASSIGN_OR_RETURN(rollout.phase, ParsePhase(GetString(json, "phase")));
  rollout.kind = GetString(json, "kind", "deploy");
  rollout.actor = GetString(json, "actor");
  rollout.reason = GetString(json, "reason");
  ReadNumbers(json, &rollout);
  if (rollout.stage < 0 || rollout.stage >= static_cast<int>(rollout.settings.canary.stages.size()))
    return BadRecord(fmt::format("is at stage {}, which there is not", rollout.stage));
  if (const Json* pause = Find(json, "pause"))
    rollout.pause = Pause{GetBool(*pause, "by_person"), GetString(*pause, "reason")};
  if (const Json* check = Find(json, "last_check")) {
    SLIPWAY_ASSIGN_OR_RETURN(rollout.last_check, CheckFromJson(*check));
  }
  if (const Json* experiment = Find(json, "experiment")) {
    SLIPWAY_ASSIGN_OR_RETURN(rollout.experiment, ExperimentFromJson(*experiment, rollout.settings));
  } else if (rollout.settings.strategy == Strategy::kExperiment) {
    return BadRecord("has an experiment without versions");
  }
  if (const Json* watch = Find(json, "watch")) {
    // What another build has gathered can't be gone on with: it is gathered anew, which may take
    // longer and promotes nothing.
    if (auto read = Watch::FromJson(*watch, rollout.settings.canary); read.ok())
      rollout.watch = *std::move(read);
  }
  return rollout;
}

Json HistoryToJson(const std::vector<HistoryEntry>& history) {
  Json json = Json::array();
  for (const HistoryEntry& entry : history) {
    json.push_back({{"revision", entry.revision},
                    {"release", ReleaseToJson(entry.release)},
                    {"from_ms", entry.from_ms},
                    {"left", entry.left}});
  }
  return json;
}

Status ReadHistory(const Json& json, std::vector<HistoryEntry>* history) {
  for (const Json& one : json) {
    const Json* release = Find(one, "release");
    if (release == nullptr) return BadRecord("has a revision without a release");
    HistoryEntry entry;
    entry.revision = GetInteger(one, "revision");
    entry.from_ms = GetInteger(one, "from_ms");
    entry.left = GetString(one, "left");
    SLIPWAY_ASSIGN_OR_RETURN(entry.release, ReleaseFromJson(*release));
    history->push_back(std::move(entry));
  }
  return {};
}

Json ScalingToJson(const ScalingState& scaling) {
  Json wishes = Json::array();
  for (const ScalingState::Wish& wish : scaling.wishes)
    wishes.push_back(Json::array({wish.at_ms, wish.replicas}));
  return {{"replicas", scaling.replicas}, {"wishes", std::move(wishes)}};
}

void ReadScaling(const Json& json, ScalingState* scaling) {
  scaling->replicas = static_cast<int>(GetInteger(json, "replicas"));
  const Json* wishes = Find(json, "wishes");
  if (wishes == nullptr || !wishes->is_array()) return;
  for (const Json& wish : *wishes) {
    if (wish.is_array() && wish.size() == 2 && wish[0].is_number_integer() &&
        wish[1].is_number_integer())
      scaling->wishes.push_back({wish[0].get<int64_t>(), wish[1].get<int>()});
  }
}

}  // namespace

const char* ToString(Phase phase) {
  return std::ranges::find(kPhases, phase, [](const auto& pair) { return pair.first; })->second;
}

Result<Phase> ParsePhase(const std::string& name) {
  for (const auto& [phase, text] : kPhases)
    if (name == text) return phase;
  return BadRecord(fmt::format("is in the phase \"{}\", which there is not", name));
}

Json ToJson(const Service& service) {
  Json json = {{"format", kFormat},
               {"name", service.name},
               {"environment", service.environment},
               {"model", service.model},
               {"host", service.host},
               {"port", service.port},
               {"notifications", service.notifications},
               {"origin", service.origin},
               {"down", service.down},
               {"next_revision", service.next_revision},
               {"next_set", service.next_set},
               {"stable_ms", service.stable_ms},
               {"history", HistoryToJson(service.history)},
               {"scaling", ScalingToJson(service.scaling)}};
  if (service.stable) json["stable"] = ReleaseToJson(*service.stable);
  if (service.standby) {
    json["standby"] = {{"release", ReleaseToJson(service.standby->release)},
                       {"until_ms", service.standby->until_ms}};
  }
  if (service.rollout) json["rollout"] = RolloutToJson(*service.rollout);
  if (!service.watched.empty()) json["watched"] = service.watched;
  return json;
}

Result<Service> ServiceFromJson(const Json& json) {
  if (!json.is_object()) return BadRecord("is no object");
  if (GetInteger(json, "format") > kFormat)
    return BadRecord("was written by a newer Slipway").Try("that one");
  Service service;
  service.name = GetString(json, "name");
  service.environment = GetString(json, "environment");
  service.model = GetString(json, "model");
  service.host = GetString(json, "host", service.host);
  service.port = static_cast<int>(GetInteger(json, "port", service.port));
  if (const Json* origin = Find(json, "origin")) service.origin = *origin;
  if (const Json* notifications = Find(json, "notifications"))
    service.notifications = *notifications;
  service.down = GetBool(json, "down");
  service.next_revision = GetInteger(json, "next_revision", 1);
  service.next_set = GetInteger(json, "next_set", 1);
  service.stable_ms = GetInteger(json, "stable_ms");
  if (service.name.empty()) return BadRecord("has no name");
  if (const Json* stable = Find(json, "stable")) {
    SLIPWAY_ASSIGN_OR_RETURN(service.stable, ReleaseFromJson(*stable));
  }
  if (const Json* standby = Find(json, "standby"); standby != nullptr) {
    const Json* release = Find(*standby, "release");
    if (release == nullptr) return BadRecord("has a standby without a release");
    SLIPWAY_ASSIGN_OR_RETURN(Release kept, ReleaseFromJson(*release));
    service.standby = Standby{std::move(kept), GetInteger(*standby, "until_ms")};
  }
  if (const Json* rollout = Find(json, "rollout")) {
    SLIPWAY_ASSIGN_OR_RETURN(service.rollout, RolloutFromJson(*rollout));
  }
  if (const Json* history = Find(json, "history"))
    SLIPWAY_RETURN_IF_ERROR(ReadHistory(*history, &service.history));
  if (const Json* scaling = Find(json, "scaling")) ReadScaling(*scaling, &service.scaling);
  if (const Json* watched = Find(json, "watched"); watched != nullptr && watched->is_object())
    service.watched = *watched;
  return service;
}

}  // namespace slipway::deploy
