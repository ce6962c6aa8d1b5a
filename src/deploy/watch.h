// One rollout's version under watch: what came since the last look, fixed thresholds and the
// comparison with the stable version, and what a check of all that says.
//
// A threshold fails only beyond chance. It is tested on all requests so far and on those since the
// last check, each with a share of alpha that all looks together do not use up, so that the chance
// that a version within its limits ever fails one is below that share. A value that is above its
// limit and may be chance makes the check inconclusive, and that is no pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/comparison.h"
#include "deploy/counts.h"
#include "deploy/observed.h"
#include "deploy/settings.h"

namespace slipway::deploy {

enum class CheckVerdict : uint8_t { kPass, kFail, kInconclusive };
// "pass", "fail", "inconclusive".
const char* ToString(CheckVerdict verdict);

// One metric at one check.
struct Finding {
  std::string metric = {};
  CheckVerdict verdict = CheckVerdict::kPass;
  bool dry_run = false;  // Told, and not acted on.
  std::string text = {};
  Json evidence = Json::object();
};

struct Check {
  int64_t at_ms = 0;
  CheckVerdict verdict = CheckVerdict::kPass;
  bool counts = true;    // False while there are too few requests to judge by.
  bool missing = false;  // There were no metrics.
  std::vector<Finding> findings = {};

  // The finding that decided, in words.
  std::string Reason() const;
};
Json ToJson(const Check& check);
Result<Check> CheckFromJson(const Json& json);

// A value; any thread's own.
class Watch {
 public:
  // `stable_set` is 0 where nothing was stable. kInvalidInput for settings outside their ranges.
  static Result<Watch> Make(const CanarySettings& settings, int64_t stable_set, int64_t canary_set);

  // With each sight of the counts, so that the warm-up is left out and no more: what came before
  // the first sight, and the first requests of the new version.
  Status Collect(const Observed& observed);
  // Takes what came since the last glance as evidence, once a second: harm need not wait for the
  // next check to be seen.
  Status Glance(const Observed& observed);
  // The evidence of the last glance is enough to act on.
  bool harmful() const { return harmful_; }
  // Takes what came since the last check.
  Result<Check> Judge(const Observed& observed);
  // Copies of requests only: whether the version disagrees too often.
  Check JudgeShadow(const Observed& observed) const;

  // Of the new version, behind its warm-up.
  int64_t requests() const { return total_.requests; }
  bool enough() const { return requests() >= settings_.comparison.min_requests; }
  // Its error rate is above the stable one's by no more than the margin, at all looks.
  bool harm_is_bounded() const {
    return comparison_.has_value() && comparison_->MostHarm() <= settings_.comparison.error_margin;
  }

  Json ToJson() const;
  static Result<Watch> FromJson(const Json& json, const CanarySettings& settings);

 private:
  Watch(CanarySettings settings, int64_t stable_set, int64_t canary_set)
      : settings_(std::move(settings)), stable_set_(stable_set), canary_set_(canary_set) {}
  double Alpha() const;
  Status Make();
  void Begin(const Observed& observed);
  void Rebase(const Observed& observed);
  void RebaseGlance(const Observed& observed);
  ModelCounts MoreOf(const Observed& observed, int64_t set, const ModelCounts& before) const;
  Status Compare(const Observed& observed);
  bool HasHarm() const;
  void JudgeThresholds(const SetCounts& window, Check* check) const;
  Finding JudgeRate(const std::string& metric, double limit, const SetCounts& window) const;
  Finding JudgeLatency(const std::string& metric, double limit, const SetCounts& window) const;
  void JudgeHarms(Check* check) const;
  bool IsDryRun(std::string_view metric) const;

  CanarySettings settings_;
  int64_t stable_set_;
  int64_t canary_set_;
  std::string
      instance_;      // Of the splitter that the counts below are of; "" before the first sight.
  SetCounts canary_;  // As it was at the last check.
  SetCounts stable_, canary_seen_;  // As they were at the last glance.
  int64_t glance_ms_ = 0;
  bool harmful_ = false;
  std::string models_instance_;
  ModelCounts stable_model_, canary_model_;
  bool warm_ = false;
  int looks_ = 0;
  SetCounts total_;                       // Of the new version, behind its warm-up.
  SetCounts first_copy_;                  // Counts of copies when it was first seen.
  std::optional<Comparison> comparison_;  // None where nothing was stable.
};

}  // namespace slipway::deploy
