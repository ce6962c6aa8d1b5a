// How a service is delivered and kept: the `deployment` section of a configuration as the deploy
// stage reads it. Plain values; a release carries the section that it came with, so that going back
// to it brings back its settings too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "splitter/routes.h"

namespace slipway::deploy {

// An experiment delivers nothing until it has been decided.
enum class Strategy : uint8_t { kBlueGreen, kCanary, kRolling, kExperiment };

// "blue-green", "canary", "rolling", "experiment".
const char* ToString(Strategy strategy);
// kInvalidInput lists the four.
Result<Strategy> ParseStrategy(const std::string& name);

// Times are in seconds, as in the configuration.
struct ScalingSettings {
  int min_replicas = 1;
  int max_replicas = 1;
  double target_utilization = 0.8;  // Of a replica's cores: above it there are more, below fewer.
  double scale_down_seconds = 300;  // The largest number asked for within them counts.
};

struct BlueGreenSettings {
  double ready_timeout_seconds = 300;
  double watch_seconds = 30;
  double check_interval_seconds = 5;
  int validation_requests = 10;
  double scale_down_delay_seconds = 30;
};

struct ComparisonSettings {
  double alpha = 0.05;  // Chance of ever rolling back a version within all margins.
  double error_margin = 0.005;
  double latency_margin = 0.10;
  double latency_slack_ms = 1;  // What is longer by no more is no harm either.
  double accuracy_margin = 0.05;
  double mae_margin = 0.10;        // Of a regression's mean absolute error, as a share of it.
  double prediction_limit = 0.10;  // Of the total variation between predictions.
  int64_t min_requests = 100;
  int64_t warmup_requests = 50;
  double cluster_size = 1;     // Requests in a row that may share their fate.
  bool promote_early = false;  // A stage ends once harm is bounded by the margin.
};

// Requests that also go to the new version before it answers any.
struct ShadowSettings {
  double seconds = 0;  // 0 for none.
  double share = 1;
  double max_disagreement = 0.05;  // Share of answers that may differ from the stable version's.
  splitter::NumberTolerance tolerance = {};  // Of the numbers of answers.
};

struct StickySettings {
  std::string header;
  std::string cookie;
};

struct HeaderSettings {
  std::string name;  // "" for none.
  std::string value;
};

struct CanarySettings {
  std::vector<double> stages = {10, 25, 50, 100};  // Percent; the last is 100.
  double stage_seconds = 300;
  double check_interval_seconds = 30;
  double ready_timeout_seconds = 300;
  double success_ratio = 0.8;
  double scale_down_delay_seconds = 30;
  std::vector<std::pair<std::string, double>> thresholds = {{"error_rate", 0.05},
                                                            {"latency_p95", 500}};
  std::vector<std::string> dry_run = {"predictions"};  // Told, and not acted on.
  ComparisonSettings comparison;
  ShadowSettings shadow;
  StickySettings sticky;
  HeaderSettings header;
};

struct RollingSettings {
  int max_surge = 1;
  int max_unavailable = 0;
  double min_ready_seconds = 0;
  double progress_deadline_seconds = 600;
  double watch_seconds = 30;  // Once all are exchanged; 0 for none.
};

// Of a prediction whose label came, or of the labels themselves.
enum class GoalKind : uint8_t {
  kAccuracy,  // Share of the predictions that were right.
  kOutcome,   // Share of the labels that are `outcome`.
  kError,     // Mean absolute error of a regression; less is better.
};
// "accuracy", "outcome", "error".
const char* ToString(GoalKind goal);

// Versions beside the stable one until feedback tells which is best.
struct ExperimentSettings {
  GoalKind goal = GoalKind::kAccuracy;
  std::string outcome;         // A class, as its labels are written.
  double share = 0;            // Percent for the new versions together; 0: the same for each.
  double seconds = 7 * 86400;  // It ends then, decided or not.
  double min_seconds = 0;      // Nothing is decided before.
  double check_interval_seconds = 30;
  double alpha = 0.05;       // Chance that any interval ever misses the truth.
  double min_effect = 0;     // What is better by no more is not better; a share, or an error.
  int64_t min_labels = 100;  // Of each version, before anything is decided.
  double cluster_size = 1;   // Labels that may share their fate, as of one client.
  bool promote = false;      // The best takes over by itself.
};

struct Settings {
  Strategy strategy = Strategy::kRolling;
  ScalingSettings scaling;
  BlueGreenSettings blue_green;
  CanarySettings canary;
  RollingSettings rolling;
  ExperimentSettings experiment;
  // Of each strategy: how long a set of replicas may take to be ready.
  double ready_timeout_seconds() const;
  double check_interval_seconds() const;
  // How long a stage, a watch or an experiment lasts; 0 where time does not end it.
  double stage_seconds() const;
  // How long the version before is kept ready once another has taken over.
  double standby_seconds() const;
};

// What keeps one of so many versions in an experiment, as it would keep it in a canary; all of them
// together are as seldom turned away wrongly as one.
CanarySettings GuardOf(const Settings& settings, size_t versions);

// `deployment` is a section that has passed the configuration's checks: what is missing has its
// default. kInvalidInput for values that make no sense together.
Result<Settings> ReadSettings(const Json& deployment);

}  // namespace slipway::deploy
