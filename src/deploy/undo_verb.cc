// Goes back to what was stable before.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/outside_internal.h"
#include "deploy/verbs.h"
#include "deploy/verbs_internal.h"

namespace slipway::deploy {
namespace {

// The newest before the stable one that may well serve again; the end where there is none.
std::vector<HistoryEntry>::const_iterator NotLeft(const std::vector<HistoryEntry>& history) {
  for (size_t i = history.size(); i-- > 1;)
    if (history[i - 1].left.empty()) return history.begin() + static_cast<std::ptrdiff_t>(i) - 1;
  return history.end();
}

}  // namespace

Settings ForUndo(Settings settings) {
  settings.strategy = Strategy::kBlueGreen;
  settings.blue_green.watch_seconds = 0;
  settings.blue_green.validation_requests = 0;
  return settings;
}

Result<Decision> Undo(const Service& service, std::optional<int64_t> to, const VerbContext& context,
                      const std::string& reason) {
  if (!service.rollout) return Nothing(service, "undo");
  if (service.in_progress() && !to) return Abort(service, reason, context);
  if (!service.in_progress() && service.rollout->phase != Phase::kCompleted && !to) {
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} has ended, {}: there is nothing to undo",
                             service.rollout->revision, service.name,
                             ToString(service.rollout->phase)))
        .Try("slipway rollout history, and undo --to N");
  }
  const auto& history = service.history;
  if (!to && history.size() > 1 && NotLeft(history) == history.end()) {
    const HistoryEntry& before = history[history.size() - 2];
    return Error(ErrorCode::kConflict,
                 fmt::format("{} was gone back from: {}", before.release.reference(), before.left))
        .Try(fmt::format("slipway rollout undo --to {}, to take it all the same", before.revision));
  }
  const auto found =
      to ? std::ranges::find(history, *to, &HistoryEntry::revision) : NotLeft(history);
  if (found == history.end()) {
    std::vector<std::string> known;
    for (const HistoryEntry& entry : history) known.push_back(std::to_string(entry.revision));
    Error error(to ? ErrorCode::kNotFound : ErrorCode::kConflict,
                to ? fmt::format("{} has no revision {} that was stable", service.name, *to)
                   : fmt::format("{} served nothing before", service.name));
    if (to && !known.empty()) {
      std::string list;
      for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
      return std::move(error).Expected("one of " + list);
    }
    return std::move(error).Try("slipway rollout history");
  }
  if (service.stable && found->release.set == service.stable->set) {
    // On its way elsewhere it goes back there as it does for an abort.
    if (service.in_progress()) return Abort(service, reason, context);
    return Error(ErrorCode::kConflict,
                 fmt::format("revision {} of {} is stable already", found->revision, service.name))
        .Try("slipway rollout history, for those that it can go to");
  }
  Service next = service;
  next.down = false;
  Release release = found->release;
  const bool warm = next.standby && next.standby->release.set == release.set;
  if (!warm) release.set = 0;
  std::string text = fmt::format("undo to {} of revision {}{}", release.reference(),
                                 found->revision, warm ? ", which is kept ready" : "");
  SLIPWAY_ASSIGN_OR_RETURN(Settings settings, ReadSettings(release.deployment));
  if (next.in_progress()) EndBy(&next, "superseded by an undo", context.now_ms);
  next.rollout = Begin(&next, std::move(release), ForUndo(std::move(settings)), "undo", context);
  // It predicted rightly when it came up.
  next.rollout->replicas_validated = warm;
  if (warm) next.standby.reset();
  next.rollout->reason = reason;
  Decision decision = Said(std::move(next), "undo", text, context);
  if (!found->left.empty()) decision.notes.back().detail["left"] = found->left;
  const std::string why = reason.empty() ? "undone by " + context.actor : reason;
  // What rolls back already has been told.
  if (service.in_progress() && service.rollout->phase != Phase::kRollingBack)
    TellLeft(service, *service.rollout, why, context, &decision);
  if (service.stable)
    TellLeft(service, {*service.stable}, history.back().revision, why, context, &decision);
  if (reason.empty()) return decision;
  decision.notes.back().detail["reason"] = reason;
  for (HistoryEntry& entry : decision.service.history)
    if (service.stable && entry.release.set == service.stable->set) entry.left = reason;
  return decision;
}

}  // namespace slipway::deploy
