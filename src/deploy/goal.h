// Which of two versions is better by an experiment's goal, from the labels that came for their
// predictions: an interval for the difference that holds at all looks at once (slipway::analysis
// has the methods), and what it decides.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "analysis/difference_bounds.h"
#include "analysis/mean_difference.h"
#include "core/json.h"
#include "core/result.h"
#include "deploy/counts.h"
#include "deploy/observed.h"
#include "deploy/settings.h"

namespace slipway::deploy {

enum class GoalVerdict : uint8_t { kUndecided, kBetter, kNotBetter };
// "undecided", "better", "not better".
const char* ToString(GoalVerdict verdict);

// Values are shares, or absolute errors. The interval is that of the improvement: the version's
// value minus the stable one's, or of errors the other way round.
struct GoalResult {
  GoalKind kind = GoalKind::kAccuracy;
  GoalVerdict verdict = GoalVerdict::kUndecided;
  int64_t stable_labels = 0, labels = 0;
  double stable_value = 0, value = 0;
  double improvement = 0;
  analysis::Interval interval = {};  // Infinite where nothing is known yet.

  // No difference fits all looks: at some it was above the lower bound, and at others, as a drift
  // or the charm of the new goes by, below the upper one. Then nothing is decided.
  bool changed() const { return interval.lower > interval.upper; }
  // "accuracy 91.2 % beside 88.0 %, better by 3.2 points (0.4 to 6.0 better)", or "(1.0 worse
  // to 6.0 better)".
  std::string InWords() const;
};
Json ToJson(const GoalResult& result);
Result<GoalResult> GoalResultFromJson(const Json& json);

// A value; any thread's own.
class Goal {
 public:
  // alpha is shared out among so many versions. kInvalidInput for settings outside their ranges.
  static Result<Goal> Make(const ExperimentSettings& settings, size_t versions);

  // Takes the labels that came since the last look, of predictions that were made since the traffic
  // is shared as it is (ModelCounts::in_epoch); what came before the first one, or while another
  // process counted, is left out.
  Status Observe(const Observed& observed, int64_t stable_set, int64_t set);
  GoalResult Judge() const;

  Json ToJson() const;
  static Result<Goal> FromJson(const Json& json, const ExperimentSettings& settings);

 private:
  using Bounds = std::variant<analysis::DifferenceBounds, analysis::MeanDifference>;

  Goal(ExperimentSettings settings, Bounds bounds)
      : settings_(std::move(settings)), bounds_(std::move(bounds)) {}
  Status Take(const LabelCounts& stable, const LabelCounts& version);
  int64_t EventsOf(const LabelCounts& counts) const;
  GoalVerdict VerdictOf(const GoalResult& result) const;

  ExperimentSettings settings_;
  Bounds bounds_;
  std::string instance_;  // That counted what follows; "" before the first look.
  LabelCounts stable_, version_;
};

}  // namespace slipway::deploy
