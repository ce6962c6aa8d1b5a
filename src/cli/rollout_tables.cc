// Events as lines, revisions and services as tables, and a sight as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "cli/rollout_sight_internal.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/text.h"
#include "monitor/monitor.h"

namespace slipway::cli {
namespace {

std::string Timestamp(int64_t ms) {
  return FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms)));
}

// "2026-11-23 06:41", "–" of 0.
std::string ShortTime(int64_t ms) {
  constexpr size_t kUpToMinutes = 16;
  if (ms == 0) return "–";
  std::string text = Timestamp(ms).substr(0, kUpToMinutes);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

const char* EventColor(const deploy::RolloutEvent& event) {
  if (event.kind == "check") {
    const auto check = deploy::CheckFromJson(event.detail);
    return check.ok() ? VerdictColor(*check) : "";
  }
  if (event.kind == "pause") return "33";
  if (event.kind == "stuck") return "31";
  const std::string phase = GetString(event.detail, "phase");
  if (phase == "completed") return "32";
  return phase == "rolling back" || phase == "rolled back" || phase == "failed" ? "31" : "";
}

// Without the word that its kind says already.
std::string EventText(const deploy::RolloutEvent& event) {
  for (const std::string_view said : {"check: ", "paused: "})
    if (event.text.starts_with(said)) return event.text.substr(said.size());
  const std::string actor = GetString(event.detail, "actor");
  // An abort names its actor already.
  const bool named = actor.empty() || event.text.find("by " + actor) != std::string::npos;
  return named ? event.text : event.text + " · by " + actor;
}

const char* OutcomeColor(const std::string& outcome) {
  if (outcome == "completed") return "32";
  if (outcome == "in progress") return "36";
  if (outcome == "paused") return "33";
  return outcome == "superseded" ? "2" : "31";
}

// "canary", "experiment of :4 :5", "undo", "rolling, retry", "canary, forced".
std::string How(const report::RevisionSummary& revision) {
  std::string how = revision.kind;
  if (revision.kind != "undo" && !revision.strategy.empty()) {
    how = revision.strategy;
    // Where one was taken, the others stand here only.
    if (revision.outcome == "completed" && !revision.tried.empty()) {
      how += " of";
      for (const int64_t version : revision.tried) how += fmt::format(" :{}", version);
    }
    if (revision.kind != "deploy" && !revision.kind.empty()) how += ", " + revision.kind;
  }
  return revision.forced ? how + ", forced" : how;
}

std::string Why(const report::RevisionSummary& revision) {
  return revision.left.empty() ? revision.reason : "gone back from: " + revision.left;
}

std::string OrNone(const std::string& text) { return text.empty() ? "–" : text; }

// Null of NaN, as JSON has no such number.
Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json SetJson(const SetSight& set) {
  Json json = {{"set", set.set}, {"role", set.role}};
  json["model"] = set.release ? Json(set.release->model) : Json();
  json["version"] = set.release ? Json(set.release->version) : Json();
  json["label"] = set.release ? Json(set.release->label) : Json();
  json["digest"] = set.release ? Json(set.release->digest) : Json();
  json["weight"] = set.weight;
  json["replicas"] = {{"ready", set.ready}, {"wanted", set.wanted}};
  json["trouble"] = set.trouble;
  json["requests_per_second"] = set.rate ? Number(set.rate->requests_per_second) : Json();
  json["error_rate"] = set.rate ? Number(set.rate->error_rate) : Json();
  json["p95_ms"] = set.rate ? Number(set.rate->p95_ms) : Json();
  return json;
}

Json StageJson(const RolloutSight& sight) {
  const deploy::Rollout* rollout = InProgress(sight);
  if (rollout == nullptr || rollout->phase != deploy::Phase::kProgressing || !sight.service.stable)
    return {};
  const bool canary = rollout->settings.strategy == deploy::Strategy::kCanary;
  const auto left = SecondsLeft(sight);
  // While replicas are exchanged nothing but their number tells how far it is.
  if (rollout->settings.strategy == deploy::Strategy::kRolling && !left) return {};
  return {{"number", canary ? rollout->stage + 1 : 1},
          {"of", canary ? rollout->settings.canary.stages.size() : 1},
          {"seconds_left", left ? Json(*left) : Json()}};
}

void AddRollout(const RolloutSight& sight, Json* json) {
  const auto& rollout = sight.service.rollout;
  (*json)["phase"] = rollout ? Json(deploy::ToString(rollout->phase)) : Json();
  (*json)["paused"] = rollout && rollout->pause.has_value();
  std::string reason;
  if (rollout) reason = rollout->pause ? rollout->pause->reason : rollout->reason;
  (*json)["reason"] = reason;
  (*json)["revision"] = rollout ? Json(rollout->revision) : Json();
  (*json)["kind"] = rollout ? Json(rollout->kind) : Json();
  (*json)["strategy"] = rollout ? Json(deploy::ToString(rollout->settings.strategy)) : Json();
  const bool seen = rollout && sight.observed.traffic.has_value();
  (*json)["weight"] =
      seen ? Json(sight.observed.traffic->in_force.WeightOf(rollout->release.set)) : Json();
  (*json)["stage"] = StageJson(sight);
}

Json ExperimentJson(const RolloutSight& sight) {
  const auto& rollout = sight.service.rollout;
  if (!rollout || !rollout->experiment) return {};
  Json arms = Json::array();
  for (const deploy::Arm& arm : rollout->experiment->arms) {
    Json one = {{"model", arm.release.model},
                {"version", arm.release.version},
                {"left", arm.left},
                {"result", arm.result ? deploy::ToJson(*arm.result) : Json()}};
    arms.push_back(std::move(one));
  }
  const deploy::Arm* const best = rollout->experiment->Best();
  return {{"goal", deploy::ToString(rollout->settings.experiment.goal)},
          {"better", best == nullptr ? Json() : Json(best->release.version)},
          {"versions", std::move(arms)}};
}

Json LastCheckJson(const RolloutSight& sight) {
  const auto& rollout = sight.service.rollout;
  if (!rollout || !rollout->last_check) return {};
  Json json = deploy::ToJson(*rollout->last_check);
  json["at"] = Timestamp(rollout->last_check->at_ms);
  json.erase("at_ms");
  json["reason"] = rollout->last_check->Reason();
  return json;
}

Json AlertsJson(const RolloutSight& sight) {
  Json alerts = Json::array();
  for (const auto& [alert, standing] : monitor::OpenAlerts(sight.service)) {
    alerts.push_back({{"alert", alert},
                      {"level", monitor::ToString(standing.level)},
                      {"since", Timestamp(standing.since_ms)},
                      {"value", standing.value},
                      {"limit", standing.limit},
                      {"text", standing.text}});
  }
  return alerts;
}

void AddSets(const RolloutSight& sight, Json* json) {
  for (const char* key : {"stable", "canary", "standby"}) (*json)[key] = nullptr;
  for (const char* key : {"tried", "leaving"}) (*json)[key] = Json::array();
  for (const SetSight& set : SetsOf(sight)) {
    if (set.role == "leaving" || set.role == "tried") {
      (*json)[set.role].push_back(SetJson(set));
    } else {
      // Machines find the new version in one place, whatever the strategy.
      (*json)[set.role == "new" ? "canary" : set.role] = SetJson(set);
    }
  }
}

}  // namespace

std::string RolloutEventLine(const deploy::RolloutEvent& event, const Session& session) {
  constexpr size_t kKindWidth = 7;
  std::string kind = Printable(event.kind);
  kind.resize(std::max(kind.size(), kKindWidth), ' ');
  const std::string text = Printable(EventText(event));
  const char* sgr = EventColor(event);
  return session.Paint("2", report::TimeOfDay(report::EventMs(event)) + "Z") + "  " + kind + "  " +
         (*sgr == '\0' ? text : session.Paint(sgr, text)) + "\n";
}

std::string HistoryTable(const std::vector<report::RevisionSummary>& history,
                         const Session& session) {
  std::vector<Row> rows = {
      {{"REVISION", "", true}, {"VERSION"}, {"HOW"}, {"WHEN (UTC)"}, {"BY"}, {"ENDED"}, {"WHY"}}};
  for (const report::RevisionSummary& revision : history) {
    rows.push_back({{std::to_string(revision.revision), "", true},
                    {revision.reference()},
                    {OrNone(How(revision))},
                    {ShortTime(revision.began_ms != 0 ? revision.began_ms : revision.ended_ms)},
                    {OrNone(revision.actor)},
                    {revision.outcome, OutcomeColor(revision.outcome)},
                    {Why(revision)}});
  }
  return Table(rows, session);
}

std::string ServiceTable(const std::vector<RolloutSight>& services, const Session& session) {
  std::vector<Row> rows = {
      {{"SERVICE"}, {"ENVIRONMENT"}, {"STABLE"}, {"STATE"}, {"NEW"}, {"ADDRESS"}}};
  for (const RolloutSight& sight : services) {
    const std::string state = StateOf(sight);
    std::string fresh = "–";
    for (const SetSight& set : SetsOf(sight)) {
      if (set.role != "canary" && set.role != "new" && set.role != "tried") continue;
      fresh = (fresh == "–" ? "" : fresh + ", ") + VersionText(set.release) + " " +
              WeightText(set.weight);
    }
    const auto& stable = sight.service.stable;
    rows.push_back({{sight.service.name},
                    {sight.service.environment},
                    {stable ? stable->reference() : "–"},
                    {state + (IsAbandoned(sight) ? ", nobody controls it" : ""),
                     IsAbandoned(sight) ? "31" : StateColor(state)},
                    {fresh},
                    {OrNone(sight.address)}});
  }
  return Table(rows, session);
}

Json StatusJson(const RolloutSight& sight) {
  Json json = {{"service", sight.service.name},
               {"environment", sight.service.environment},
               {"state", StateOf(sight)}};
  AddRollout(sight, &json);
  AddSets(sight, &json);
  json["experiment"] = ExperimentJson(sight);
  json["last_check"] = LastCheckJson(sight);
  json["alerts"] = AlertsJson(sight);
  json["address"] = sight.address;
  json["traffic_trouble"] = sight.observed.traffic_trouble;
  json["controller_runs"] = sight.controller_runs;
  json["next"] = NextStep(sight);
  return json;
}

Json HistoryJson(const std::vector<report::RevisionSummary>& history) {
  Json all = Json::array();
  const auto moment = [](int64_t ms) { return ms == 0 ? Json() : Json(Timestamp(ms)); };
  for (const report::RevisionSummary& revision : history) {
    all.push_back({{"revision", revision.revision},
                   {"model", revision.model},
                   {"version", revision.version == 0 ? Json() : Json(revision.version)},
                   {"versions", revision.tried},
                   {"forced", revision.forced},
                   {"kind", revision.kind},
                   {"strategy", revision.strategy},
                   {"actor", revision.actor},
                   {"began_at", moment(revision.began_ms)},
                   {"ended_at", moment(revision.ended_ms)},
                   {"outcome", revision.outcome},
                   {"reason", revision.reason},
                   {"left", revision.left}});
  }
  return all;
}

}  // namespace slipway::cli
