#include "report/revision_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <string_view>

#include "core/clock.h"
#include "data/value_parser.h"

namespace slipway::report {
namespace {

using deploy::RolloutEvent;

bool Begins(const RolloutEvent& event) {
  const std::string verb = GetString(event.detail, "verb");
  return event.kind == "verb" && (verb == "deploy" || verb == "retry" || verb == "undo");
}

// What follows `mark` in `text`, up to a comma or a colon with a blank; "" where it is not there.
std::string After(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + mark.size());
  return std::string(rest.substr(0, std::min(rest.find(','), rest.find(": "))));
}

// "ml-classifier:3" in words of a verb.
void ReadReference(std::string_view text, RevisionSummary* summary) {
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" ,"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t colon = word.rfind(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    int64_t version = 0;
    const std::string_view digits = word.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size())
      continue;
    summary->model = word.substr(0, colon);
    summary->version = version;
    return;
  }
}

// What an experiment brings, from its first event.
void ReadTried(const Json& detail, RevisionSummary* summary) {
  summary->tried.clear();
  const auto sets = detail.is_object() ? detail.find("sets") : detail.end();
  if (sets == detail.end() || !sets->is_array() || sets->size() < 2) return;
  for (const Json& set : *sets) summary->tried.push_back(GetInteger(set, "version"));
}

void ReadBegin(const RolloutEvent& event, RevisionSummary* summary) {
  summary->kind = GetString(event.detail, "verb");
  summary->actor = GetString(event.detail, "actor");
  summary->began_ms = EventMs(event);
  summary->reason = GetString(event.detail, "reason");
  ReadReference(event.text, summary);
  ReadTried(event.detail, summary);
  summary->forced = GetBool(event.detail, "forced");
  if (summary->kind == "deploy") summary->strategy = After(event.text, " by ");
  if (summary->kind == "undo") summary->strategy = "blue-green";
}

void ReadPhase(const RolloutEvent& event, RevisionSummary* summary) {
  const std::string phase = GetString(event.detail, "phase");
  const size_t colon = event.text.find(": ");
  if ((phase == "rolling back" || phase == "failed") && colon != std::string::npos)
    summary->reason = event.text.substr(colon + 2);
  if (phase != "completed" && phase != "rolled back" && phase != "failed") return;
  summary->outcome = phase;
  summary->ended_ms = EventMs(event);
}

void ReadVerb(const RolloutEvent& event, RevisionSummary* summary) {
  const std::string verb = GetString(event.detail, "verb");
  if (verb == "abort") summary->reason = event.text;
  // Who promotes decides against what was said before.
  if (verb == "promote") summary->reason.clear();
}

// What is kept of the newest rollout is more than what its events say.
void TakeRollout(const deploy::Rollout& rollout, RevisionSummary* summary) {
  summary->revision = rollout.revision;
  summary->model = rollout.release.model;
  summary->version = rollout.release.version;
  summary->strategy = deploy::ToString(rollout.settings.strategy);
  summary->kind = rollout.kind;
  summary->actor = rollout.actor;
  summary->began_ms = rollout.began_ms;
  summary->ended_ms = rollout.ended_ms;
  summary->reason = rollout.reason;
  summary->forced = rollout.release.forced;
  summary->tried.clear();
  if (rollout.experiment) {
    for (const deploy::Arm& arm : rollout.experiment->arms) {
      summary->forced = summary->forced || arm.release.forced;
      if (rollout.experiment->arms.size() > 1) summary->tried.push_back(arm.release.version);
    }
  }
  if (deploy::HasEnded(rollout.phase)) {
    summary->outcome = deploy::ToString(rollout.phase);
  } else if (rollout.pause) {
    summary->outcome = "paused";
    summary->reason = rollout.pause->reason;
  } else {
    summary->outcome =
        rollout.phase == deploy::Phase::kRollingBack ? "rolling back" : "in progress";
  }
}

void TakeHistory(const deploy::HistoryEntry& entry, RevisionSummary* summary) {
  summary->model = entry.release.model;
  summary->version = entry.release.version;
  if (summary->ended_ms == 0) summary->ended_ms = entry.from_ms;
  summary->outcome = "completed";
  summary->left = entry.left;
  summary->forced = summary->forced || entry.release.forced;
  if (summary->strategy.empty()) {
    const auto settings = deploy::ReadSettings(entry.release.deployment);
    if (settings.ok()) summary->strategy = deploy::ToString(settings->strategy);
  }
}

}  // namespace

std::string RevisionSummary::reference() const {
  if (version == 0) return "–";
  if (outcome == "completed" || tried.size() < 2) return fmt::format("{}:{}", model, version);
  std::string names;
  for (const int64_t one : tried)
    names += fmt::format("{}:{}", names.empty() ? model : " and ", one);
  return names;
}

int64_t EventMs(const RolloutEvent& event) {
  constexpr double kMilliseconds = 1000;
  const auto seconds = data::ParseTimestamp(event.at);
  return seconds ? std::llround(*seconds * kMilliseconds) : 0;
}

std::string TimeOfDay(int64_t ms) {
  constexpr size_t kDate = 11;  // "2026-11-23T"
  constexpr size_t kTime = 8;
  return FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms))).substr(kDate, kTime);
}

RevisionSummary SummarizeRevision(const deploy::Service& service,
                                  const std::vector<RolloutEvent>& events) {
  RevisionSummary summary;
  const auto& rollout = service.rollout;
  if (events.empty()) {
    if (rollout) TakeRollout(*rollout, &summary);
    return summary;
  }
  summary.revision = events.front().revision;
  for (const RolloutEvent& event : events) {
    if (Begins(event)) ReadBegin(event, &summary);
    if (event.kind == "phase") ReadPhase(event, &summary);
    if (event.kind == "verb") ReadVerb(event, &summary);
  }
  if (rollout && rollout->revision == summary.revision) {
    TakeRollout(*rollout, &summary);
    return summary;
  }
  const auto kept =
      std::ranges::find(service.history, summary.revision, &deploy::HistoryEntry::revision);
  if (kept != service.history.end()) TakeHistory(*kept, &summary);
  // A rollout that is not the newest has ended; one whose end was not told made way for another.
  if (summary.outcome.empty()) {
    summary.outcome = "superseded";
    summary.ended_ms = EventMs(events.back());
  }
  // Of one that completed, why it was begun, if somebody said so.
  if (summary.outcome == "completed") {
    const auto began = std::ranges::find_if(events, Begins);
    summary.reason = began == events.end() ? "" : GetString(began->detail, "reason");
  }
  return summary;
}

std::vector<RevisionSummary> RevisionHistory(const deploy::Service& service,
                                             const std::vector<RolloutEvent>& events) {
  std::map<int64_t, std::vector<RolloutEvent>> by_revision;
  for (const RolloutEvent& event : events) by_revision[event.revision].push_back(event);
  std::map<int64_t, RevisionSummary> summaries;
  for (const deploy::HistoryEntry& entry : service.history) {
    RevisionSummary& summary = summaries[entry.revision];
    summary.revision = entry.revision;
    TakeHistory(entry, &summary);
  }
  for (const auto& [revision, of_revision] : by_revision)
    summaries[revision] = SummarizeRevision(service, of_revision);
  if (service.rollout && !by_revision.contains(service.rollout->revision))
    summaries[service.rollout->revision] = SummarizeRevision(service, {});
  std::vector<RevisionSummary> history;
  for (auto& [revision, summary] : summaries) {
    if (!history.empty() && history.back().outcome == "superseded" && history.back().reason.empty())
      history.back().reason = fmt::format("revision {} came", revision);
    history.push_back(std::move(summary));
  }
  return history;
}

}  // namespace slipway::report
