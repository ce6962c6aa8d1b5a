// Reports of one rollout: how it ended and why, which share of the traffic it had when, what the
// checks saw, and who decided what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "deploy/rollout_store.h"
#include "deploy/types.h"

namespace slipway::report {

struct RolloutReport {
  deploy::Service service;                   // As it is kept now, whatever its newest revision.
  std::vector<deploy::RolloutEvent> events;  // Of one revision, ascending.
  int64_t now_ms = 0;                        // Milliseconds since the epoch.
  std::string slipway_version;
};

// Self-contained, no script needed to read it, under 2 MB, light and dark, pictures as inline SVG.
std::string RenderRolloutHtml(const RolloutReport& report);
// Fit for the summary of a CI job: under 60,000 characters.
std::string RenderRolloutMarkdown(const RolloutReport& report);
// All of it: every check with its evidence, and every event.
Json RenderRolloutJson(const RolloutReport& report);

}  // namespace slipway::report
