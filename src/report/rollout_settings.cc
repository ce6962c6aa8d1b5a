// What a rollout was configured by, in words.
#include <fmt/format.h>

#include "core/text.h"
#include "report/rollout_story_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

constexpr double kPercent = 100;

std::string Points(double share) { return fmt::format("{:g} points", kPercent * share); }

void AddSticky(const deploy::CanarySettings& canary, Facts* facts) {
  if (!canary.sticky.header.empty())
    facts->emplace_back("Sticky by", "header " + canary.sticky.header);
  if (!canary.sticky.cookie.empty())
    facts->emplace_back("Sticky by", "cookie " + canary.sticky.cookie);
}

void AddStages(const deploy::CanarySettings& canary, Facts* facts) {
  std::vector<std::string> stages;
  for (const double stage : canary.stages) stages.push_back(WeightText(stage));
  facts->emplace_back("Stages",
                      Join(stages, " → ") + ", " + FormatSeconds(canary.stage_seconds) + " each");
  facts->emplace_back("Passed checks that a stage needs",
                      WeightText(kPercent * canary.success_ratio));
  if (canary.shadow.seconds > 0) {
    facts->emplace_back("Shadow",
                        fmt::format("{} with copies of {} of the requests, at most {} may disagree",
                                    FormatSeconds(canary.shadow.seconds),
                                    WeightText(kPercent * canary.shadow.share),
                                    WeightText(kPercent * canary.shadow.max_disagreement)));
    const splitter::NumberTolerance& tolerance = canary.shadow.tolerance;
    if (tolerance != splitter::NumberTolerance()) {
      facts->emplace_back(
          "Numbers agree within",
          fmt::format("{} of the larger one, or {:g}", WeightText(kPercent * tolerance.relative),
                      tolerance.absolute));
    }
  }
  AddSticky(canary, facts);
  if (!canary.header.name.empty())
    facts->emplace_back("Always to it", canary.header.name + ": " + canary.header.value);
}

void AddExperiment(const deploy::Settings& settings, Facts* facts) {
  const deploy::ExperimentSettings& experiment = settings.experiment;
  const bool error = experiment.goal == deploy::GoalKind::kError;
  facts->emplace_back("Goal", experiment.goal == deploy::GoalKind::kOutcome
                                  ? "labels that are " + experiment.outcome
                                  : deploy::ToString(experiment.goal));
  facts->emplace_back("Traffic of the new versions together",
                      experiment.share > 0 ? WeightText(experiment.share)
                                           : "as much for each as for the stable one");
  facts->emplace_back("It ends after", FormatSeconds(experiment.seconds));
  if (experiment.min_seconds > 0)
    facts->emplace_back("Nothing is decided before", FormatSeconds(experiment.min_seconds));
  facts->emplace_back("Chance that an interval ever misses",
                      "at most " + WeightText(kPercent * experiment.alpha));
  facts->emplace_back("Better by more than", error ? fmt::format("{:g}", experiment.min_effect)
                                                   : Points(experiment.min_effect));
  facts->emplace_back("Labels of each before anything is decided",
                      FormatCount(experiment.min_labels));
  if (experiment.cluster_size != 1)
    facts->emplace_back("Labels that may share their fate",
                        fmt::format("{:g}", experiment.cluster_size));
  facts->emplace_back("The best", experiment.promote ? "takes over by itself" : "is told");
  AddSticky(settings.canary, facts);
}

void AddStrategy(const deploy::Settings& settings, Facts* facts) {
  switch (settings.strategy) {
    case deploy::Strategy::kCanary: AddStages(settings.canary, facts); break;
    case deploy::Strategy::kBlueGreen:
      facts->emplace_back("Watched after the switch",
                          FormatSeconds(settings.blue_green.watch_seconds));
      facts->emplace_back("Predictions that must be right",
                          FormatCount(settings.blue_green.validation_requests));
      break;
    case deploy::Strategy::kRolling:
      facts->emplace_back(
          "Replicas more, and fewer, than wanted",
          fmt::format("{} and {}", settings.rolling.max_surge, settings.rolling.max_unavailable));
      facts->emplace_back("Available once ready for",
                          FormatSeconds(settings.rolling.min_ready_seconds));
      break;
    case deploy::Strategy::kExperiment: AddExperiment(settings, facts); break;
  }
}

void AddChecks(const deploy::Settings& settings, Facts* facts) {
  const deploy::CanarySettings& canary = settings.canary;
  const deploy::ComparisonSettings& comparison = canary.comparison;
  facts->emplace_back("A check each", FormatSeconds(settings.check_interval_seconds()));
  for (const auto& [metric, limit] : canary.thresholds) {
    facts->emplace_back(FindingTitle(metric) + " at most", metric.starts_with("latency")
                                                               ? fmt::format("{:g} ms", limit)
                                                               : WeightText(kPercent * limit));
  }
  facts->emplace_back("Margin of errors", Points(comparison.error_margin));
  facts->emplace_back(
      "Margin of latency",
      fmt::format("{} and {:g} ms", WeightText(kPercent * comparison.latency_margin),
                  comparison.latency_slack_ms));
  facts->emplace_back("Margin of accuracy",
                      fmt::format("{}, of a regression {} of its mean absolute error",
                                  Points(comparison.accuracy_margin),
                                  WeightText(kPercent * comparison.mae_margin)));
  facts->emplace_back("Predictions may differ by", Points(comparison.prediction_limit));
  facts->emplace_back("Chance to roll back a version within all",
                      "at most " + WeightText(kPercent * comparison.alpha));
  facts->emplace_back("Requests before it is judged",
                      fmt::format("{}, after {} to warm up", FormatCount(comparison.min_requests),
                                  FormatCount(comparison.warmup_requests)));
  if (comparison.cluster_size != 1)
    facts->emplace_back("Requests that may share their fate",
                        fmt::format("{:g} in a row", comparison.cluster_size));
  if (comparison.promote_early) facts->emplace_back("A stage ends", "once harm is bounded");
  if (!canary.dry_run.empty())
    facts->emplace_back("Told and not acted on", Join(canary.dry_run, ", "));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ConfiguredFacts(const deploy::Settings& settings) {
  Facts facts = {{"Strategy", deploy::ToString(settings.strategy)}};
  AddStrategy(settings, &facts);
  facts.emplace_back("Longest wait for replicas", FormatSeconds(settings.ready_timeout_seconds()));
  AddChecks(settings, &facts);
  if (settings.standby_seconds() > 0) {
    facts.emplace_back("The version before is kept ready for",
                       FormatSeconds(settings.standby_seconds()));
  }
  const deploy::ScalingSettings& scaling = settings.scaling;
  facts.emplace_back(
      "Replicas",
      scaling.max_replicas > scaling.min_replicas
          ? fmt::format("{} to {}, at {} of their cores", scaling.min_replicas,
                        scaling.max_replicas, WeightText(kPercent * scaling.target_utilization))
          : FormatCount(scaling.min_replicas));
  return facts;
}

}  // namespace slipway::report
