// A service and its rollout as a person sees them on a terminal, and as machines read them. Pure
// functions: who watches calls them again with what is seen then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/session.h"
#include "core/json.h"
#include "deploy/observed.h"
#include "deploy/rollout_store.h"
#include "deploy/sight.h"
#include "deploy/types.h"
#include "report/revision_summary.h"

namespace slipway::cli {

struct RolloutSight {
  deploy::Service service;
  deploy::Observed observed;
  std::vector<deploy::SetRate> rates;  // Without sets of which none is known.
  std::string address;
  int64_t now_ms = 0;   // Milliseconds since the epoch.
  int64_t seen_ms = 0;  // When who controls looked last; 0 for never.
  // Of sets that the service keeps no more: a rollout before had them.
  std::vector<deploy::Release> former;
  bool controller_runs = true;
};

// Nothing moves: it is up, and nobody controls it.
bool IsAbandoned(const RolloutSight& sight);
// How it stands in one or two words: "serving", "starting", "shadowing", "stage 2 of 4",
// "exchanging replicas", "watched", "taking over", "rolling back", "rolled back", "failed",
// "paused", "down", "empty".
std::string StateOf(const RolloutSight& sight);
// What a person can do about it, as a sentence with a command; "" where there is nothing to do.
std::string NextStep(const RolloutSight& sight);

// The service in a line, its sets below it, and why it stands or goes back. Lines are cut to
// `width` columns; 0 for none, as where there is no terminal.
std::string RolloutTree(const RolloutSight& sight, const Session& session, size_t width);
// Moves the cursor up over `drawn`, which was printed last and whose lines did not wrap, and prints
// `next` in its place. For a terminal.
std::string Redrawn(const std::string& drawn, const std::string& next);
// "06:42:14Z  stage    25 % of the traffic": for a log that is followed.
std::string RolloutEventLine(const deploy::RolloutEvent& event, const Session& session);

// One line a revision, under a header, in their order.
std::string HistoryTable(const std::vector<report::RevisionSummary>& history,
                         const Session& session);
// One line a service, under a header.
std::string ServiceTable(const std::vector<RolloutSight>& services, const Session& session);

// What is not known or not there is null.
Json StatusJson(const RolloutSight& sight);
Json HistoryJson(const std::vector<report::RevisionSummary>& history);

}  // namespace slipway::cli
