// The checks of a rollout, whatever its strategy.
#include <fmt/format.h>

#include <algorithm>

#include "deploy/planner_internal.h"

namespace slipway::deploy {
namespace {

// More in a row than that are no accident (consecutiveErrorLimit of Argo Rollouts).
constexpr int kMostMissing = 4;

std::string InWords(const Check& check) {
  std::string text = fmt::format("check: {}", ToString(check.verdict));
  if (!check.Reason().empty()) text += " · " + check.Reason();
  for (const Finding& finding : check.findings) {
    if (finding.dry_run && finding.verdict != CheckVerdict::kPass)
      text += " · not acted on: " + finding.text;
  }
  return text;
}

}  // namespace

Status Planner::SeeCounts() {
  Rollout& rollout = this->rollout();
  if (!rollout.watch) {
    SLIPWAY_ASSIGN_OR_RETURN(rollout.watch, Watch::Make(rollout.settings.canary,
                                                        service_.stable ? service_.stable->set : 0,
                                                        rollout.release.set));
  }
  // What is seen before its first request is what counts begin from.
  SLIPWAY_RETURN_IF_ERROR(rollout.watch->Collect(seen_));
  return rollout.watch->Glance(seen_);
}

void Planner::BeginStage() {
  rollout().stage_ms = now();
  rollout().next_check_ms = After(now(), rollout().settings.check_interval_seconds());
}

bool Planner::CheckIsDue() const {
  return rollout().stage_ms != 0 && (now() >= rollout().next_check_ms || HarmIsSeen());
}

// Before the check that would have found it.
bool Planner::HarmIsSeen() const {
  if (rollout().watch && rollout().watch->harmful()) return true;
  return rollout().experiment &&
         std::ranges::any_of(rollout().experiment->arms,
                             [](const Arm& arm) { return arm.watch && arm.watch->harmful(); });
}

// Evidence of harm beside the stable version stands whatever share of the checks has passed.
bool Planner::HasHarm(const Check& check) const {
  return std::ranges::any_of(check.findings, [](const Finding& finding) {
    return finding.verdict == CheckVerdict::kFail && !finding.dry_run &&
           std::ranges::find(kComparedMetrics, finding.metric) != kComparedMetrics.end();
  });
}

std::string Planner::HarmIn(const Check& check) {
  std::string reason;
  for (const Finding& finding : check.findings) {
    if (finding.verdict == CheckVerdict::kFail && !finding.dry_run)
      reason += (reason.empty() ? "" : "; ") + finding.text;
  }
  return reason;
}

Result<bool> Planner::TakeCheck() {
  SLIPWAY_ASSIGN_OR_RETURN(Check check, rollout().watch->Judge(seen_));
  KeepCheck(std::move(check));
  return ActOn(*rollout().last_check);
}

void Planner::KeepCheck(Check check) {
  Rollout& rollout = this->rollout();
  rollout.next_check_ms = After(now(), rollout.settings.check_interval_seconds());
  rollout.missing_in_a_row = check.missing ? rollout.missing_in_a_row + 1 : 0;
  // What stands still passes nothing, and fails all the same.
  if (check.counts && (!rollout.pause || check.verdict == CheckVerdict::kFail)) {
    switch (check.verdict) {
      case CheckVerdict::kPass: ++rollout.counts.passed; break;
      case CheckVerdict::kFail: ++rollout.counts.failed; break;
      case CheckVerdict::kInconclusive: ++rollout.counts.inconclusive; break;
    }
  }
  Tell("check", InWords(check), ToJson(check));
  rollout.last_check = std::move(check);
}

bool Planner::PausedForMissing() {
  const Rollout& rollout = this->rollout();
  if (rollout.missing_in_a_row <= kMostMissing || rollout.pause) return false;
  PauseFor(fmt::format("{} checks in a row had no metrics: {}", rollout.missing_in_a_row,
                       rollout.last_check->Reason()));
  return true;
}

bool Planner::ActOn(const Check& check) {
  const Rollout& rollout = this->rollout();
  if (HasHarm(check)) {
    RollBack(HarmIn(check));
    return true;
  }
  if (check.verdict == CheckVerdict::kFail && rollout.counts.failed > AllowedFailures()) {
    RollBack(check.Reason());
    return true;
  }
  return PausedForMissing();
}

}  // namespace slipway::deploy
