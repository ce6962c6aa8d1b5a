#include "deploy/goal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace slipway::deploy {
namespace {

constexpr double kPercent = 100;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array kVerdicts = {std::pair(GoalVerdict::kUndecided, "undecided"),
                                  std::pair(GoalVerdict::kBetter, "better"),
                                  std::pair(GoalVerdict::kNotBetter, "not better")};

Result<analysis::DifferenceBounds> MakeRates(const ExperimentSettings& settings, double alpha) {
  constexpr double kNothingKnown = 0.5;
  analysis::DifferenceOptions options{.alpha = alpha / 2,
                                      .prior_rate = kNothingKnown,
                                      .prior_trials = 2,
                                      .cluster_size = settings.cluster_size};
  // What is decided by is among the bounds.
  const double effect = settings.min_effect;
  const auto at = std::ranges::lower_bound(options.grid, effect);
  if (effect < 1 && (at == options.grid.end() || *at != effect)) options.grid.insert(at, effect);
  return analysis::DifferenceBounds::Make(std::move(options));
}

Result<analysis::MeanDifference> MakeMeans(const ExperimentSettings& settings, double alpha) {
  // Narrowest once each of the two has several times what it must have.
  constexpr int64_t kTimes = 10;
  return analysis::MeanDifference::Make({.alpha = alpha,
                                         .tuned_for = kTimes * settings.min_labels,
                                         .least_trials = settings.min_labels,
                                         .cluster_size = settings.cluster_size});
}

double RateOf(int64_t events, int64_t trials) {
  return trials == 0 ? 0 : static_cast<double>(events) / static_cast<double>(trials);
}

std::string ValueText(GoalKind kind, double value) {
  return kind == GoalKind::kError ? fmt::format("{:.4g}", value)
                                  : fmt::format("{:.1f} %", kPercent * value);
}

// Without its unit: "3.2".
std::string DifferenceText(GoalKind kind, double difference) {
  return kind == GoalKind::kError ? fmt::format("{:.3g}", difference)
                                  : fmt::format("{:.1f}", kPercent * difference);
}

// A label that was corrected may have made the sum less.
analysis::NumberSums OfNewLabels(const analysis::NumberSums& sums) {
  if (sums.count == 0) return {};
  return {sums.count, std::max(0.0, sums.sum), std::max(0.0, sums.squares)};
}

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }

}  // namespace

const char* ToString(GoalVerdict verdict) {
  return std::ranges::find(kVerdicts, verdict, [](const auto& pair) { return pair.first; })->second;
}

std::string GoalResult::InWords() const {
  const std::string values = fmt::format("{} {} beside {}", ToString(kind), ValueText(kind, value),
                                         ValueText(kind, stable_value));
  if (changed()) return values + ", but the difference changed while it was measured";
  const char* const unit = kind == GoalKind::kError ? "" : " points";
  const bool worse = improvement < 0;
  const std::string by = fmt::format("{} by {}{}", worse ? "worse" : "better",
                                     DifferenceText(kind, std::abs(improvement)), unit);
  if (!std::isfinite(interval.lower) || !std::isfinite(interval.upper)) return values + ", " + by;
  // Each end with its own word where they lie on both sides.
  const double low = worse ? -interval.upper : interval.lower;
  const double high = worse ? -interval.lower : interval.upper;
  const char* const side = worse ? "worse" : "better";
  const char* const other = worse ? "better" : "worse";
  const std::string from =
      DifferenceText(kind, std::abs(low)) + (low < 0 ? std::string(" ") + other : "");
  return fmt::format("{}, {} ({} to {} {})", values, by, from, DifferenceText(kind, high), side);
}

Json ToJson(const GoalResult& result) {
  return {{"goal", ToString(result.kind)},
          {"verdict", ToString(result.verdict)},
          {"stable_labels", result.stable_labels},
          {"labels", result.labels},
          {"stable_value", result.stable_value},
          {"value", result.value},
          {"improvement", result.improvement},
          {"lower", NumberOrNull(result.interval.lower)},
          {"upper", NumberOrNull(result.interval.upper)}};
}

Result<GoalResult> GoalResultFromJson(const Json& json) {
  const auto bad = Error(ErrorCode::kIntegrity, "the stored result of an experiment can't be read");
  if (!json.is_object()) return bad;
  GoalResult result;
  const std::string goal = GetString(json, "goal");
  bool known = false;
  for (const GoalKind kind : {GoalKind::kAccuracy, GoalKind::kOutcome, GoalKind::kError}) {
    if (goal != ToString(kind)) continue;
    result.kind = kind;
    known = true;
  }
  const std::string verdict = GetString(json, "verdict");
  const auto found =
      std::ranges::find(kVerdicts, verdict, [](const auto& pair) { return pair.second; });
  if (!known || found == kVerdicts.end()) return bad;
  result.verdict = found->first;
  result.stable_labels = GetInteger(json, "stable_labels");
  result.labels = GetInteger(json, "labels");
  result.stable_value = GetNumber(json, "stable_value");
  result.value = GetNumber(json, "value");
  result.improvement = GetNumber(json, "improvement");
  result.interval = {GetNumber(json, "lower", -kInfinity), GetNumber(json, "upper", kInfinity)};
  return result;
}

Result<Goal> Goal::Make(const ExperimentSettings& settings, size_t versions) {
  const double alpha = settings.alpha / static_cast<double>(std::max<size_t>(versions, 1));
  if (settings.goal == GoalKind::kError) {
    SLIPWAY_ASSIGN_OR_RETURN(auto means, MakeMeans(settings, alpha));
    return Goal(settings, means);
  }
  SLIPWAY_ASSIGN_OR_RETURN(auto rates, MakeRates(settings, alpha));
  return Goal(settings, std::move(rates));
}

int64_t Goal::EventsOf(const LabelCounts& counts) const {
  if (settings_.goal == GoalKind::kAccuracy) return counts.correct;
  const auto it = counts.labels.find(settings_.outcome);
  return it == counts.labels.end() ? 0 : std::min(it->second, counts.labelled);
}

Status Goal::Take(const LabelCounts& stable, const LabelCounts& version) {
  if (auto* means = std::get_if<analysis::MeanDifference>(&bounds_))
    return means->Observe(OfNewLabels(stable.errors), OfNewLabels(version.errors));
  return std::get<analysis::DifferenceBounds>(bounds_).Observe(
      {.stable_trials = stable.labelled,
       .stable_events = EventsOf(stable),
       .canary_trials = version.labelled,
       .canary_events = EventsOf(version)});
}

Status Goal::Observe(const Observed& observed, int64_t stable_set, int64_t set) {
  const LabelCounts stable = observed.ModelOf(stable_set).in_epoch;
  const LabelCounts version = observed.ModelOf(set).in_epoch;
  const bool same = instance_ == observed.models_instance && !instance_.empty();
  if (same) SLIPWAY_RETURN_IF_ERROR(Take(Since(stable_, stable), Since(version_, version)));
  instance_ = observed.models_instance;
  stable_ = stable;
  version_ = version;
  return {};
}

GoalVerdict Goal::VerdictOf(const GoalResult& result) const {
  if (std::min(result.labels, result.stable_labels) < settings_.min_labels)
    return GoalVerdict::kUndecided;
  if (result.changed()) return GoalVerdict::kUndecided;
  // Bounds are themselves left behind: the improvement is above the lower, and below the upper.
  if (result.interval.upper <= settings_.min_effect) return GoalVerdict::kNotBetter;
  return result.interval.lower >= settings_.min_effect ? GoalVerdict::kBetter
                                                       : GoalVerdict::kUndecided;
}

GoalResult Goal::Judge() const {
  GoalResult result{.kind = settings_.goal};
  if (const auto* means = std::get_if<analysis::MeanDifference>(&bounds_)) {
    result.stable_labels = means->stable().count;
    result.labels = means->canary().count;
    result.stable_value = means->stable().mean();
    result.value = means->canary().mean();
    result.improvement = -means->difference();
    const auto bounds = means->bounds();
    result.interval = bounds ? analysis::Interval{-bounds->upper, -bounds->lower}
                             : analysis::Interval{-kInfinity, kInfinity};
  } else {
    const auto& rates = std::get<analysis::DifferenceBounds>(bounds_);
    const analysis::RateCounts& counts = rates.totals();
    result.stable_labels = counts.stable_trials;
    result.labels = counts.canary_trials;
    result.stable_value = RateOf(counts.stable_events, counts.stable_trials);
    result.value = RateOf(counts.canary_events, counts.canary_trials);
    result.improvement = result.value - result.stable_value;
    result.interval = rates.bounds();
  }
  result.verdict = VerdictOf(result);
  return result;
}

Json Goal::ToJson() const {
  return {{"bounds", std::visit([](const auto& bounds) { return bounds.ToJson(); }, bounds_)},
          {"instance", instance_},
          {"stable", deploy::ToJson(stable_)},
          {"version", deploy::ToJson(version_)}};
}

Result<Goal> Goal::FromJson(const Json& json, const ExperimentSettings& settings) {
  const auto has = [&](const char* key) { return json.is_object() && json.contains(key); };
  if (!has("bounds") || !has("stable") || !has("version"))
    return Error(ErrorCode::kIntegrity, "the stored evidence of an experiment is not whole");
  SLIPWAY_ASSIGN_OR_RETURN(Goal goal, Make(settings, 1));
  if (settings.goal == GoalKind::kError) {
    SLIPWAY_ASSIGN_OR_RETURN(goal.bounds_, analysis::MeanDifference::FromJson(json["bounds"]));
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(goal.bounds_, analysis::DifferenceBounds::FromJson(json["bounds"]));
  }
  goal.instance_ = GetString(json, "instance");
  SLIPWAY_ASSIGN_OR_RETURN(goal.stable_, LabelCountsFromJson(json["stable"]));
  SLIPWAY_ASSIGN_OR_RETURN(goal.version_, LabelCountsFromJson(json["version"]));
  return goal;
}

}  // namespace slipway::deploy
