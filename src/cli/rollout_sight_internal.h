// What a sight of a rollout comes to: shared by its tree, its tables and its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/rollout_view.h"

namespace slipway::cli {

// A set of replicas that there is, or is to be.
struct SetSight {
  std::string role;  // "stable", "canary", "new", "tried", "standby", "leaving"
  int64_t set = 0;
  std::optional<deploy::Release> release;  // None of a set that nobody knows any more.
  double weight = 0;                       // Percent of the traffic, in force.
  int ready = 0;
  int wanted = 0;
  std::string trouble;
  std::optional<deploy::SetRate> rate;
};
// Stable first, then the new one, the one kept ready, and what is on its way out.
std::vector<SetSight> SetsOf(const RolloutSight& sight);

// Of the newest rollout, where it is in progress.
const deploy::Rollout* InProgress(const RolloutSight& sight);
// Of the stage, the watch or the shadow; none where time does not end it, or has not begun.
std::optional<double> SecondsLeft(const RolloutSight& sight);
// What the new version is to have in this stage, in percent.
double WantedWeight(const deploy::Service& service);

// "3:10".
std::string ShortDuration(double seconds);
// "25 %".
std::string WeightText(double weight);
// ":3".
std::string VersionText(const std::optional<deploy::Release>& release);

// Why the release of that set was gone back from; "" where it was not, or nobody said.
const std::string& LeftFor(const deploy::Service& service, int64_t set);
// What the last check says, as short as it can be: "errors worse by > 0.5 points: no (e = 0.2 of
// 20)".
std::string VerdictText(const deploy::Check& check);
// An SGR colour for it.
const char* VerdictColor(const deploy::Check& check);
// Of a state, as StateOf has it.
const char* StateColor(const std::string& state);

}  // namespace slipway::cli
