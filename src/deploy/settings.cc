#include "deploy/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway::deploy {
namespace {

constexpr std::array kStrategies = {
    std::pair(Strategy::kBlueGreen, "blue-green"), std::pair(Strategy::kCanary, "canary"),
    std::pair(Strategy::kRolling, "rolling"), std::pair(Strategy::kExperiment, "experiment")};
constexpr std::array kGoals = {std::pair(GoalKind::kAccuracy, "accuracy"),
                               std::pair(GoalKind::kOutcome, "outcome"),
                               std::pair(GoalKind::kError, "error")};
// Without it a client would see now one version, now another.
constexpr const char* kExperimentCookie = "slipway-version";

// A section by its name; an empty one where it is not written.
const Json& Section(const Json& parent, const char* key) {
  static const Json none = Json::object();
  const auto it = parent.find(key);
  return it != parent.end() && it->is_object() ? *it : none;
}

int Whole(const Json& section, const char* key, int fallback) {
  return static_cast<int>(GetInteger(section, key, fallback));
}

void Read(const Json& json, ScalingSettings* out) {
  out->min_replicas = Whole(json, "min_replicas", out->min_replicas);
  out->max_replicas = Whole(json, "max_replicas", std::max(out->min_replicas, 1));
  out->target_utilization = GetNumber(json, "target_utilization", out->target_utilization);
  out->scale_down_seconds = GetNumber(json, "scale_down_seconds", out->scale_down_seconds);
}

void Read(const Json& json, BlueGreenSettings* out) {
  out->ready_timeout_seconds = GetNumber(json, "ready_timeout_seconds", out->ready_timeout_seconds);
  out->watch_seconds = GetNumber(json, "watch_seconds", out->watch_seconds);
  out->check_interval_seconds =
      GetNumber(json, "check_interval_seconds", out->check_interval_seconds);
  out->validation_requests = Whole(json, "validation_requests", out->validation_requests);
  out->scale_down_delay_seconds =
      GetNumber(json, "scale_down_delay_seconds", out->scale_down_delay_seconds);
}

void Read(const Json& json, ComparisonSettings* out) {
  out->alpha = GetNumber(json, "alpha", out->alpha);
  out->error_margin = GetNumber(json, "error_margin", out->error_margin);
  out->latency_margin = GetNumber(json, "latency_margin", out->latency_margin);
  out->latency_slack_ms = GetNumber(json, "latency_slack_ms", out->latency_slack_ms);
  out->accuracy_margin = GetNumber(json, "accuracy_margin", out->accuracy_margin);
  out->mae_margin = GetNumber(json, "mae_margin", out->mae_margin);
  out->prediction_limit = GetNumber(json, "prediction_limit", out->prediction_limit);
  out->min_requests = GetInteger(json, "min_requests", out->min_requests);
  out->warmup_requests = GetInteger(json, "warmup_requests", out->warmup_requests);
  out->cluster_size = GetNumber(json, "cluster_size", out->cluster_size);
  out->promote_early = GetBool(json, "promote_early", out->promote_early);
}

void Read(const Json& json, ShadowSettings* out) {
  out->seconds = GetNumber(json, "seconds", out->seconds);
  out->share = GetNumber(json, "share", out->share);
  out->max_disagreement = GetNumber(json, "max_disagreement", out->max_disagreement);
  splitter::NumberTolerance& tolerance = out->tolerance;
  tolerance.relative = GetNumber(json, "relative_tolerance", tolerance.relative);
  tolerance.absolute = GetNumber(json, "absolute_tolerance", tolerance.absolute);
}

template <typename T>
void ReadList(const Json& json, const char* key, std::vector<T>* out) {
  const auto it = json.find(key);
  if (it != json.end() && it->is_array()) *out = it->get<std::vector<T>>();
}

void Read(const Json& json, CanarySettings* out) {
  ReadList(json, "stages", &out->stages);
  out->stage_seconds = GetNumber(json, "stage_seconds", out->stage_seconds);
  out->check_interval_seconds =
      GetNumber(json, "check_interval_seconds", out->check_interval_seconds);
  out->ready_timeout_seconds = GetNumber(json, "ready_timeout_seconds", out->ready_timeout_seconds);
  out->success_ratio = GetNumber(json, "success_ratio", out->success_ratio);
  out->scale_down_delay_seconds =
      GetNumber(json, "scale_down_delay_seconds", out->scale_down_delay_seconds);
  if (const auto it = json.find("thresholds"); it != json.end() && it->is_object()) {
    out->thresholds.clear();
    for (const auto& [metric, limit] : it->items())
      out->thresholds.emplace_back(metric, limit.get<double>());
  }
  ReadList(json, "dry_run", &out->dry_run);
  Read(Section(json, "comparison"), &out->comparison);
  Read(Section(json, "shadow"), &out->shadow);
  out->sticky.header = GetString(Section(json, "sticky"), "header");
  out->sticky.cookie = GetString(Section(json, "sticky"), "cookie");
  out->header.name = GetString(Section(json, "header"), "name");
  out->header.value = GetString(Section(json, "header"), "value");
}

void Read(const Json& json, RollingSettings* out) {
  out->max_surge = Whole(json, "max_surge", out->max_surge);
  out->max_unavailable = Whole(json, "max_unavailable", out->max_unavailable);
  out->min_ready_seconds = GetNumber(json, "min_ready_seconds", out->min_ready_seconds);
  out->progress_deadline_seconds =
      GetNumber(json, "progress_deadline_seconds", out->progress_deadline_seconds);
  out->watch_seconds = GetNumber(json, "watch_seconds", out->watch_seconds);
}

Status Read(const Json& json, ExperimentSettings* out) {
  const std::string goal = GetString(json, "goal", ToString(out->goal));
  const auto known = std::ranges::find(kGoals, goal, [](const auto& pair) { return pair.second; });
  if (known == kGoals.end()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("deployment.experiment.goal: unknown goal \"{}\"", goal))
        .Expected("accuracy, outcome or error");
  }
  out->goal = known->first;
  out->outcome = GetString(json, "outcome");
  out->share = GetNumber(json, "share", out->share);
  out->seconds = GetNumber(json, "seconds", out->seconds);
  out->min_seconds = GetNumber(json, "min_seconds", out->min_seconds);
  out->check_interval_seconds =
      GetNumber(json, "check_interval_seconds", out->check_interval_seconds);
  out->alpha = GetNumber(json, "alpha", out->alpha);
  out->min_effect = GetNumber(json, "min_effect", out->min_effect);
  out->min_labels = GetInteger(json, "min_labels", out->min_labels);
  out->cluster_size = GetNumber(json, "cluster_size", out->cluster_size);
  out->promote = GetBool(json, "promote", out->promote);
  return {};
}

Status Check(const Settings& settings) {
  const ExperimentSettings& experiment = settings.experiment;
  if (experiment.goal == GoalKind::kOutcome && experiment.outcome.empty()) {
    return Error(ErrorCode::kInvalidInput,
                 "deployment.experiment: the goal is an outcome, and not said which")
        .Try("outcome: \"1\", the class that is hoped for");
  }
  if (experiment.goal != GoalKind::kError && experiment.min_effect >= 1) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("deployment.experiment.min_effect: {:g} of a goal that is a share",
                             experiment.min_effect))
        .Expected("below 1: 0.01 is one point of a hundred");
  }
  if (experiment.min_seconds > experiment.seconds) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("deployment.experiment.min_seconds: {:g} of an experiment that ends "
                             "after {:g}",
                             experiment.min_seconds, experiment.seconds))
        .Expected("no more than deployment.experiment.seconds");
  }
  if (settings.rolling.max_surge == 0 && settings.rolling.max_unavailable == 0) {
    return Error(ErrorCode::kInvalidInput,
                 "deployment.rolling: max_surge and max_unavailable are both 0, so that no replica "
                 "may come and none may go")
        .Try("max_surge: 1");
  }
  const auto& stages = settings.canary.stages;
  if (stages.empty() || stages.back() != 100 || !std::ranges::is_sorted(stages)) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("deployment.canary.stages: [{}] does not lead to all of the traffic",
                             fmt::join(stages, ", ")))
        .Expected("ascending percentages that end in 100");
  }
  if (!settings.canary.sticky.header.empty() && !settings.canary.sticky.cookie.empty()) {
    return Error(ErrorCode::kInvalidInput,
                 "deployment.canary.sticky: header and cookie are both given")
        .Expected("one of the two");
  }
  return {};
}

}  // namespace

const char* ToString(GoalKind goal) {
  return std::ranges::find(kGoals, goal, [](const auto& pair) { return pair.first; })->second;
}

const char* ToString(Strategy strategy) {
  return std::ranges::find(kStrategies, strategy, [](const auto& pair) { return pair.first; })
      ->second;
}

Result<Strategy> ParseStrategy(const std::string& name) {
  for (const auto& [strategy, text] : kStrategies)
    if (name == text) return strategy;
  return Error(ErrorCode::kInvalidInput, fmt::format("unknown strategy \"{}\"", name))
      .Expected("blue-green, canary, rolling or experiment");
}

double Settings::ready_timeout_seconds() const {
  switch (strategy) {
    case Strategy::kBlueGreen: return blue_green.ready_timeout_seconds;
    case Strategy::kCanary:
    case Strategy::kExperiment: return canary.ready_timeout_seconds;
    case Strategy::kRolling: break;
  }
  return rolling.progress_deadline_seconds;
}

double Settings::check_interval_seconds() const {
  switch (strategy) {
    case Strategy::kBlueGreen: return blue_green.check_interval_seconds;
    case Strategy::kExperiment: return experiment.check_interval_seconds;
    case Strategy::kCanary:
    case Strategy::kRolling: break;
  }
  return canary.check_interval_seconds;
}

double Settings::stage_seconds() const {
  switch (strategy) {
    case Strategy::kBlueGreen: return blue_green.watch_seconds;
    case Strategy::kCanary: return canary.stage_seconds;
    case Strategy::kExperiment: return experiment.seconds;
    case Strategy::kRolling: break;
  }
  return rolling.watch_seconds;
}

double Settings::standby_seconds() const {
  switch (strategy) {
    case Strategy::kBlueGreen: return blue_green.scale_down_delay_seconds;
    case Strategy::kCanary:
    case Strategy::kExperiment: return canary.scale_down_delay_seconds;
    case Strategy::kRolling: break;
  }
  return 0;
}

CanarySettings GuardOf(const Settings& settings, size_t versions) {
  CanarySettings guard = settings.canary;
  guard.shadow = {};  // Nobody gets copies in an experiment.
  guard.comparison.alpha /= static_cast<double>(std::max<size_t>(versions, 1));
  return guard;
}

Result<Settings> ReadSettings(const Json& deployment) {
  Settings settings;
  SLIPWAY_ASSIGN_OR_RETURN(settings.strategy,
                           ParseStrategy(GetString(deployment, "deployment_strategy", "rolling")));
  Read(Section(deployment, "scaling_config"), &settings.scaling);
  Read(Section(deployment, "blue_green"), &settings.blue_green);
  Read(Section(deployment, "canary"), &settings.canary);
  Read(Section(deployment, "rolling"), &settings.rolling);
  SLIPWAY_RETURN_IF_ERROR(Read(Section(deployment, "experiment"), &settings.experiment));
  if (settings.strategy == Strategy::kExperiment && settings.canary.sticky.header.empty() &&
      settings.canary.sticky.cookie.empty())
    settings.canary.sticky.cookie = kExperimentCookie;
  SLIPWAY_RETURN_IF_ERROR(Check(settings));
  return settings;
}

}  // namespace slipway::deploy
