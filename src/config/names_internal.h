// The names that configuration values choose from, each kind in one table.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace slipway::config {

// Closed, except at `min` where `above_min`.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;
  bool is_share = false;  // Of a hundred percent: told to who writes 5 for 5 %.

  bool Holds(double value) const {
    return value <= max && (above_min ? value > min : value >= min);
  }
};

enum class Support {
  kNow,
  kRefused,  // Known, and an error until a stage can do it.
};

struct Name {
  std::string name;
  std::string about;
  Support support = Support::kNow;
};

using Names = std::vector<Name>;

const Names& DataFormats();
const Names& DecimalMarks();
const Names& PreprocessingSteps();
const Names& NumericFills();
const Names& CategoricalFills();
const Names& NormalizeMethods();
const Names& SelectionMethods();
const Names& OutlierMethods();
const Names& EncodeMethods();
const Names& HighCardinalityMethods();
const Names& UnknownCategories();
const Names& TimeParts();
const Names& ModelTypes();
const Names& Tasks();
const Names& Averagings();
const Names& Calibrations();
const Names& ThresholdGoals();
const Names& Metrics();
const Names& GroupMetrics();  // What group_gap compares.
const Names& GateNames();     // Metrics are gates too, where they have a threshold.
const Names& DeploymentStrategies();
const Names& ExperimentGoals();
const Names& DeploymentTargets();
const Names& CanaryMetrics();   // What is measured of every request.
const Names& Alerts();          // And what needs labels or a reference.
const Names& CheckedMetrics();  // What a check of a rollout finds.
const Names& AlertActions();
const Names& NotificationTypes();

const Name* FindName(const Names& names, const std::string& name);
// True for a name that this build takes, now or for later.
bool Accepts(const Names& names, const std::string& name);
// The names that this build accepts.
std::vector<std::string> AcceptedNames(const Names& names);

// What is said of a kRefused name of these: "is not trained by this build".
std::string RefusalOf(const Names& names);

// The values that a metric can have; the whole line for an unknown one.
Range MetricRange(const std::string& metric);
// Of a map's values where each of `keys` has a range of its own: limits of metrics, of which some
// are shares. `usual` for others.
Range RangeOfKey(const Names& keys, const std::string& key, const Range& usual);
// "classification" or "regression", the task that a metric is computed for.
std::string MetricTask(const std::string& metric);
// The metric that goes by this name: "f1" for "f1_score".
std::string MetricMeant(const std::string& name);
// The task of one of GroupMetrics. Those of a classification are shares.
std::string GroupMetricTask(const std::string& metric);

}  // namespace slipway::config
