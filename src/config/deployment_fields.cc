#include "config/fields_internal.h"

namespace slipway::config {
namespace {

constexpr Range kShare = {.min = 0, .max = 1};
constexpr Range kNotNegative = {.min = 0};
constexpr Range kPositive = {.min = 0, .above_min = true};
constexpr Range kAtLeastOne = {.min = 1};

std::vector<Field> BlueGreenFields() {
  return {
      {.key = "deployment.blue_green",
       .kind = Kind::kSection,
       .about = "Blue-green delivery.",
       .fill = false,
       .strategy = "blue-green"},
      {.key = "deployment.blue_green.ready_timeout_seconds",
       .kind = Kind::kNumber,
       .about = "Longest wait for the new set.",
       .range = kPositive,
       .fallback = 300},
      {.key = "deployment.blue_green.watch_seconds",
       .kind = Kind::kNumber,
       .about = "Watch after the switch.",
       .range = kNotNegative,
       .fallback = 30},
      {.key = "deployment.blue_green.validation_requests",
       .kind = Kind::kInteger,
       .about = "Predictions that must be right before the switch is kept.",
       .range = kNotNegative,
       .fallback = 10},
      {.key = "deployment.blue_green.scale_down_delay_seconds",
       .kind = Kind::kNumber,
       .about = "Wait before the old set goes.",
       .range = kNotNegative,
       .fallback = 30},
  };
}

std::vector<Field> CanaryFields() {
  return {
      {.key = "deployment.canary",
       .kind = Kind::kSection,
       .about = "Canary delivery.",
       .fill = false,
       .strategy = "canary"},
      {.key = "deployment.canary.stages",
       .kind = Kind::kNumber,
       .shape = Shape::kList,
       .about = "Shares of the traffic in percent, ascending to 100.",
       .range = {.min = 0, .max = 100, .above_min = true},
       .fallback = Json::array({10, 25, 50, 100})},
      {.key = "deployment.canary.stage_seconds",
       .kind = Kind::kNumber,
       .about = "Length of a stage.",
       .range = kPositive,
       .fallback = 300},
      {.key = "deployment.canary.check_interval_seconds",
       .kind = Kind::kNumber,
       .about = "Time between checks.",
       .range = kPositive,
       .fallback = 30},
      {.key = "deployment.canary.success_ratio",
       .kind = Kind::kNumber,
       .about = "Share of a stage's checks that must pass.",
       .range = kShare,
       .fallback = 0.8},
      {.key = "deployment.canary.thresholds",
       .kind = Kind::kNumber,
       .shape = Shape::kMap,
       .about = "Metric → the largest value that passes a check.",
       .range = kNotNegative,
       .keys = &CanaryMetrics(),
       .fallback = Json{{"error_rate", 0.05}, {"latency_p95", 500}}},
  };
}

std::vector<Field> ComparisonFields() {
  return {
      {.key = "deployment.canary.comparison",
       .kind = Kind::kSection,
       .about = "Comparison with the stable version."},
      {.key = "deployment.canary.comparison.alpha",
       .kind = Kind::kNumber,
       .about = "Chance of rolling back a canary within the margins.",
       .range = {.min = 0, .max = 1, .above_min = true},
       .fallback = 0.05},
      {.key = "deployment.canary.comparison.error_margin",
       .kind = Kind::kNumber,
       .about = "How much larger the error rate may be.",
       .range = kShare,
       .fallback = 0.005},
      {.key = "deployment.canary.comparison.latency_margin",
       .kind = Kind::kNumber,
       .about = "How much larger latencies may be, as a share.",
       .range = kNotNegative,
       .fallback = 0.10},
      {.key = "deployment.canary.comparison.min_requests",
       .kind = Kind::kInteger,
       .about = "Fewer requests decide nothing.",
       .range = kNotNegative,
       .fallback = 100},
      {.key = "deployment.canary.comparison.warmup_requests",
       .kind = Kind::kInteger,
       .about = "First requests that are left out.",
       .range = kNotNegative,
       .fallback = 50},
  };
}

std::vector<Field> RollingFields() {
  return {
      {.key = "deployment.rolling",
       .kind = Kind::kSection,
       .about = "Rolling delivery.",
       .fill = false,
       .strategy = "rolling"},
      {.key = "deployment.rolling.max_surge",
       .kind = Kind::kInteger,
       .about = "Replicas above the wanted number.",
       .range = kNotNegative,
       .fallback = 1},
      {.key = "deployment.rolling.max_unavailable",
       .kind = Kind::kInteger,
       .about = "Replicas below the wanted number.",
       .range = kNotNegative,
       .fallback = 0},
      {.key = "deployment.rolling.min_ready_seconds",
       .kind = Kind::kNumber,
       .about = "How long a replica must be ready to count.",
       .range = kNotNegative,
       .fallback = 0},
      {.key = "deployment.rolling.progress_deadline_seconds",
       .kind = Kind::kNumber,
       .about = "Longest time without progress.",
       .range = kPositive,
       .fallback = 600},
  };
}

std::vector<Field> MonitoringFields() {
  return {
      {.key = "deployment.monitoring_config",
       .kind = Kind::kSection,
       .about = "What is watched once it serves."},
      {.key = "deployment.monitoring_config.enable_metrics",
       .kind = Kind::kBoolean,
       .about = "Serves `/metrics`.",
       .fallback = true},
      {.key = "deployment.monitoring_config.log_predictions",
       .kind = Kind::kBoolean,
       .about = "Keeps requests and predictions.",
       .fallback = false},
      {.key = "deployment.monitoring_config.window_seconds",
       .kind = Kind::kNumber,
       .about = "Window of rates and latencies.",
       .range = kPositive,
       .fallback = 60},
      {.key = "deployment.monitoring_config.alert_thresholds",
       .kind = Kind::kNumber,
       .shape = Shape::kMap,
       .about = "Metric → the value past which an alert is raised.",
       .range = kNotNegative,
       .keys = &Alerts()},
      {.key = "deployment.monitoring_config.drift",
       .kind = Kind::kSection,
       .about = "When live traffic counts as drifted.",
       .fill = false},
      {.key = "deployment.monitoring_config.drift.alpha",
       .kind = Kind::kNumber,
       .about = "False discovery rate over all columns.",
       .range = {.min = 0, .max = 1, .above_min = true},
       .fallback = 0.05},
      {.key = "deployment.monitoring_config.drift.min_effect",
       .kind = Kind::kNumber,
       .about = "Smaller effects are no drift.",
       .range = kNotNegative,
       .fallback = 0.1},
      {.key = "deployment.monitoring_config.actions",
       .kind = Kind::kChoice,
       .shape = Shape::kMap,
       .about = "Alert → what to do.",
       .values = &AlertActions(),
       .keys = &Alerts()},
  };
}

}  // namespace

std::vector<Field> DeploymentFields() {
  std::vector<Field> fields = {
      {.key = "deployment",
       .bind = Into([](auto& c) -> auto& { return c.deployment.all; }),
       .kind = Kind::kSection,
       .about = "How it is delivered.",
       .later = "the deploy stage"},
      {SLIPWAY_KEY(deployment.environment), .about = "The environment to deliver to."},
      {SLIPWAY_KEY(deployment.deployment_strategy), .kind = Kind::kChoice,
       .about = "How traffic moves to a new version.", .values = &DeploymentStrategies()},
      {.key = "deployment.target",
       .kind = Kind::kChoice,
       .about = "Where it runs.",
       .values = &DeploymentTargets(),
       .fallback = "local"},
      {.key = "deployment.service_name", .about = "Name of the service; where absent the model's."},
      {.key = "deployment.namespace", .about = "Namespace in the cluster.", .fallback = "default"},
      {.key = "deployment.port",
       .kind = Kind::kInteger,
       .about = "Port to listen on.",
       .range = {.min = 1, .max = 65535},
       .fallback = 8080},
      {.key = "deployment.image", .about = "Image of the prediction server."},
      {.key = "deployment.resource_requirements",
       .kind = Kind::kSection,
       .about = "Requests and limits of a replica."},
      {.key = "deployment.resource_requirements.cpu",
       .kind = Kind::kQuantity,
       .about = "Cores: `2` or `500m`."},
      {.key = "deployment.resource_requirements.memory",
       .kind = Kind::kQuantity,
       .about = "Bytes: `1Gi` or `512M`."},
      {.key = "deployment.scaling_config", .kind = Kind::kSection, .about = "How many replicas."},
      {.key = "deployment.scaling_config.min_replicas",
       .kind = Kind::kInteger,
       .about = "Least replicas.",
       .range = kNotNegative,
       .fallback = 1},
      {.key = "deployment.scaling_config.max_replicas",
       .kind = Kind::kInteger,
       .about = "Most replicas; where absent `min_replicas`.",
       .range = kAtLeastOne},
  };
  for (auto* part :
       {&MonitoringFields, &BlueGreenFields, &CanaryFields, &ComparisonFields, &RollingFields}) {
    for (Field& field : part()) fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<Field> StoreFields() {
  return {
      {SLIPWAY_KEY(artifact_store),
       .about = "Where artifacts are kept: `local`, a path with a slash, a URI, or a name under "
                "`stores`.",
       .fallback = "local", .stage = "register"},
      {SLIPWAY_KEY(model_registry),
       .about = "Where versions are recorded: `local`, a path with a slash, a URI, `mlflow…`, or a "
                "name under `registries`.",
       .fallback = "local", .stage = "register"},
      {SLIPWAY_KEY(registries), .shape = Shape::kMap, .about = "Name → URI of a registry.",
       .stage = "register"},
      {SLIPWAY_KEY(stores), .shape = Shape::kMap, .about = "Name → URI of an artifact store.",
       .stage = "register"},
      {SLIPWAY_KEY(notifications), .kind = Kind::kSection, .shape = Shape::kList,
       .about = "Whom to tell.", .later = "notifications"},
      {.key = "notifications.type",
       .kind = Kind::kChoice,
       .about = "How.",
       .values = &NotificationTypes(),
       .required = true},
      {.key = "notifications.url",
       .about = "Where to; keep it in a variable: `${SLACK_URL}`.",
       .required = true},
      {SLIPWAY_KEY(approvals), .kind = Kind::kSection, .shape = Shape::kMap,
       .about = "Environment → who must agree before delivery.", .later = "approvals"},
      {.key = "approvals.minimum",
       .kind = Kind::kInteger,
       .about = "People who must agree.",
       .range = kAtLeastOne,
       .fallback = 1},
      {.key = "approvals.groups",
       .kind = Kind::kText,
       .shape = Shape::kList,
       .about = "Groups they must belong to."},
  };
}

}  // namespace slipway::config
