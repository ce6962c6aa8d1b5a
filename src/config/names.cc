#include <algorithm>
#include <limits>

#include "config/names_internal.h"

namespace slipway::config {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr const char* kClassification = "classification";
constexpr const char* kRegression = "regression";

struct Metric {
  Name name;
  Range range;
  const char* task;
  const char* same_as = "";
};

const std::vector<Metric>& MetricTable() {
  static const std::vector<Metric> table = {
      {{"accuracy", "share of rows predicted right"}, {0, 1}, kClassification},
      {{"precision", "share of predicted positives that are positive"}, {0, 1}, kClassification},
      {{"recall", "share of positives that are found"}, {0, 1}, kClassification},
      {{"f1", "harmonic mean of precision and recall"}, {0, 1}, kClassification},
      {{"f1_score", "the same as f1"}, {0, 1}, kClassification, "f1"},
      {{"auc", "area under the ROC curve"}, {0, 1}, kClassification},
      {{"log_loss", "mean negative log-likelihood"}, {0, kInfinity}, kClassification},
      {{"balanced_accuracy", "mean recall of the classes"}, {0, 1}, kClassification},
      {{"pr_auc", "average precision: area under the precision-recall curve"},
       {0, 1},
       kClassification},
      {{"average_precision", "the same as pr_auc"}, {0, 1}, kClassification, "pr_auc"},
      {{"brier", "mean squared error of probabilities"}, {0, 2}, kClassification},
      {{"brier_score", "the same as brier"}, {0, 2}, kClassification, "brier"},
      {{"calibration_error", "how far scores and shares of events lie apart"},
       {0, 1},
       kClassification},
      {{"ece", "the same as calibration_error"}, {0, 1}, kClassification, "calibration_error"},
      {{"rmse", "root of the mean squared error"}, {0, kInfinity}, kRegression},
      {{"mse", "mean squared error"}, {0, kInfinity}, kRegression},
      {{"mae", "mean absolute error"}, {0, kInfinity}, kRegression},
      {{"r2", "share of variance explained"}, {-kInfinity, 1}, kRegression},
      {{"mape", "mean absolute error as a share of the truth"}, {0, kInfinity}, kRegression},
  };
  return table;
}

const Metric* FindMetric(const std::string& name) {
  const auto& table = MetricTable();
  const auto it = std::ranges::find(table, name, [](const Metric& m) { return m.name.name; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace

const Names& DataFormats() {
  static const Names names = {
      {"auto", "by the file's ending and first bytes"},
      {"csv", "values between commas"},
      {"tsv", "values between tabs"},
      {"parquet", "Apache Parquet"},
      {"jsonl", "JSON Lines: one object a line"},
      {"arrow", "Arrow IPC, file or stream; Feather 2"},
  };
  return names;
}

const Names& DecimalMarks() {
  static const Names names = {
      {".", "1234.5"},
      {",", "1234,5 and 1.234,5"},
  };
  return names;
}

const Names& PreprocessingSteps() {
  static const Names names = {
      {"handle_missing", "fills missing values"},
      {"normalize", "zero mean and unit variance"},
      {"feature_selection", "drops features that tell little, or what others tell already"},
      {"outlier_removal", "leaves outliers out of training"},
      {"timestamp_features", "makes calendar features of timestamps"},
      {"encode", "chooses how categories become numbers"},
  };
  return names;
}

const Names& NumericFills() {
  static const Names names = {
      {"mean", "the mean"}, {"median", "the median"}, {"constant", "`fill_value`"}};
  return names;
}

const Names& CategoricalFills() {
  static const Names names = {{"category", "missing is a category of its own"},
                              {"most_frequent", "the most frequent one"}};
  return names;
}

const Names& NormalizeMethods() {
  static const Names names = {{"standard", "mean 0 and standard deviation 1"},
                              {"minmax", "from 0 to 1"}};
  return names;
}

const Names& SelectionMethods() {
  static const Names names = {
      {"variance", "constant features, copies of another, and numbers that vary little"},
      {"correlation", "the later of two numbers that say nearly the same"},
      {"f_test", "numbers that differ little between the classes"},
      {"mutual_information", "features that tell little of the target"}};
  return names;
}

const Names& EncodeMethods() {
  static const Names names = {{"auto", "one_hot for few categories, `high_cardinality` for many"},
                              {"one_hot", "a column of zeros and ones for each category"},
                              {"rank", "the rank by frequency"},
                              {"frequency", "the share of the training rows"},
                              {"target", "the mean of the target, smoothed and cross-fitted"}};
  return names;
}

const Names& HighCardinalityMethods() {
  static const Names names = {{"rank", "the rank by frequency"},
                              {"frequency", "the share of the training rows"},
                              {"target", "the mean of the target, smoothed and cross-fitted"}};
  return names;
}

const Names& UnknownCategories() {
  static const Names names = {{"ignore", "as a category of which nothing is known"},
                              {"infrequent", "as one of the categories below `min_frequency`"},
                              {"error", "refuse the row", Support::kRefused}};
  return names;
}

const Names& TimeParts() {
  static const Names names = {{"elapsed", "the seconds since 1970"},
                              {"year", "the year"},
                              {"quarter", "1 to 4"},
                              {"month", "1 to 12"},
                              {"day_of_month", "1 to 31"},
                              {"day_of_year", "1 to 366"},
                              {"day_of_week", "0, a Monday, to 6"},
                              {"is_weekend", "1 on Saturdays and Sundays"},
                              {"hour", "0 to 23"},
                              {"minute", "0 to 59"}};
  return names;
}

const Names& OutlierMethods() {
  static const Names names = {{"iqr", "by distance from the quartiles"}};
  return names;
}

const Names& ModelTypes() {
  static const Names names = {
      {"random_forest", "a forest of randomized trees"},
      {"gradient_boosting", "boosted trees"},
      {"logistic_regression", "a linear classifier"},
      {"linear_regression", "least squares, of numbers"},
      {"ridge", "least squares with an L2 penalty, of numbers"},
      {"command", "a program of yours that writes an ONNX file"},
      {"onnx", "an ONNX file of yours"},
  };
  return names;
}

const Names& Tasks() {
  static const Names names = {
      {"auto", "by the target column"},
      {kClassification, "the target is one of a few labels"},
      {kRegression, "the target is a number"},
  };
  return names;
}

const Names& Averagings() {
  static const Names names = {
      {"weighted", "the mean over classes, by their rows"},
      {"binary", "the positive class alone"},
      {"macro", "the plain mean over classes"},
      {"micro", "over all rows at once"},
  };
  return names;
}

const Names& Calibrations() {
  static const Names names = {
      {"none", "scores stay as the trainer gives them"},
      {"sigmoid", "a logistic curve of the score (Platt 1999)"},
      {"platt", "the same as sigmoid"},
      {"isotonic", "the rising curve that is nearest, straight between its knots"},
  };
  return names;
}

const Names& ThresholdGoals() {
  static const Names names = {
      {"balanced_accuracy", "mean recall of the two classes, which auto asks for"},
      {"f1", "of the positive class"},
      {"youden", "true less false positive rate (Youden's J)"},
      {"cost", "the least cost of mistakes, as `cost` prices them"},
  };
  return names;
}

const Names& Metrics() {
  static const Names names = [] {
    Names all;
    for (const Metric& metric : MetricTable()) all.push_back(metric.name);
    return all;
  }();
  return names;
}

const Names& GroupMetrics() {
  static const Names names = {
      {"accuracy", "share of rows predicted right"},
      {"selection_rate", "share of rows predicted positive (demographic parity)"},
      {"recall", "share of positives that are found (equal opportunity)"},
      {"false_positive_rate", "share of negatives predicted positive"},
      {"equalized_odds", "recall and false_positive_rate, whichever is further apart"},
      {"precision", "share of predicted positives that are positive (predictive parity)"},
      {"mae", "mean absolute error, of numbers"},
      {"mean_error", "mean of estimate less truth, of numbers"},
      {"mean_estimate", "mean of the estimates, of numbers"},
  };
  return names;
}

const Names& GateNames() {
  static const Names names = [] {
    Names all = {
        {"single_latency", "time of one prediction"},
        {"batch_latency", "mean time of a row in a batch"},
        {"size", "size of the artifact"},
        {"parity", "the reloaded model predicts the same"},
        {"baseline", "better than always the most frequent class, or the mean"},
        {"slice_floor", "no slice below a floor"},
        {"group_gap", "no wide gap between groups"},
        {"robustness", "sound answers to missing, extreme and unknown values"},
        {"leakage", "no feature gives the target away, no test row is a training row"},
        {"train_test_gap", "hardly worse on the test part than on the training part"},
        {"production", "not worse than the version in production"},
    };
    for (const Metric& metric : MetricTable()) all.push_back(metric.name);
    return all;
  }();
  return names;
}

const Names& DeploymentStrategies() {
  static const Names names = {
      {"blue-green", "a full second set, then one switch"},
      {"canary", "a growing share of the traffic"},
      {"rolling", "one replica after the other"},
  };
  return names;
}

const Names& ExperimentGoals() {
  static const Names names = {
      {"accuracy", "share of the labelled predictions that were right"},
      {"outcome", "share of the labels that are `outcome`"},
      {"error", "mean absolute error of a regression; less is better"},
  };
  return names;
}

const Names& DeploymentTargets() {
  static const Names names = {
      {"local", "processes on this machine"},
      {"kubernetes", "a cluster"},
  };
  return names;
}

const Names& CanaryMetrics() {
  static const Names names = {
      {"error_rate", "share of requests answered with 5xx"},
      {"client_error_rate", "share of requests answered with 4xx"},
      {"latency_p50", "median latency in milliseconds"},
      {"latency_p95", "95th percentile of the latency in milliseconds"},
      {"latency_p99", "99th percentile of the latency in milliseconds"},
  };
  return names;
}

const Names& Alerts() {
  static const Names names = [] {
    Names all = CanaryMetrics();
    all.push_back({"accuracy_drop", "accuracy on labelled requests below that of the test part"});
    all.push_back({"drift", "share of the features that drifted"});
    return all;
  }();
  return names;
}

const Names& CheckedMetrics() {
  static const Names names = [] {
    Names all = CanaryMetrics();
    all.push_back({"errors", "more errors than the stable version"});
    all.push_back({"latency", "slower than the stable version"});
    all.push_back({"accuracy", "more predictions that turned out wrong than the stable version"});
    all.push_back({"predictions", "other predictions than the stable version"});
    all.push_back({"disagreement", "other answers to copies of requests"});
    return all;
  }();
  return names;
}

const Names& AlertActions() {
  static const Names names = {
      {"notify", "tell people"},
      {"rollback", "go back to the version before"},
      {"retrain", "start a run on the newest data"},
  };
  return names;
}

const Names& NotificationTypes() {
  static const Names names = {
      {"slack", "a Slack incoming webhook"},
      {"webhook", "a JSON document by POST"},
      {"log", "a line in the controller's log"},
      {"command", "a command of yours"},
  };
  return names;
}

const Name* FindName(const Names& names, const std::string& name) {
  const auto it = std::ranges::find(names, name, &Name::name);
  return it == names.end() ? nullptr : &*it;
}

bool Accepts(const Names& names, const std::string& name) {
  const Name* found = FindName(names, name);
  return found != nullptr && found->support != Support::kRefused;
}

std::vector<std::string> AcceptedNames(const Names& names) {
  std::vector<std::string> accepted;
  for (const Name& name : names) {
    if (name.support != Support::kRefused) accepted.push_back(name.name);
  }
  return accepted;
}

std::string RefusalOf(const Names& names) {
  if (&names == &UnknownCategories()) {
    return "can't be done inside a model's graph: `slipway predict` warns of them";
  }
  return "is not supported by this build";
}

Range MetricRange(const std::string& metric) {
  const Metric* found = FindMetric(metric);
  return found == nullptr ? Range() : found->range;
}

Range RangeOfKey(const Names& keys, const std::string& key, const Range& usual) {
  if (&keys == &Metrics()) return MetricRange(key);
  // Of alerts latencies alone are no shares.
  const bool is_share = (&keys == &CanaryMetrics() && key.ends_with("_rate")) ||
                        (&keys == &Alerts() && !key.starts_with("latency_"));
  return is_share ? Range{.min = 0, .max = 1, .is_share = true} : usual;
}

std::string MetricTask(const std::string& metric) {
  const Metric* found = FindMetric(metric);
  return found == nullptr ? "" : found->task;
}

std::string MetricMeant(const std::string& name) {
  const Metric* found = FindMetric(name);
  return found == nullptr || *found->same_as == '\0' ? name : found->same_as;
}

std::string GroupMetricTask(const std::string& metric) {
  for (const char* of_numbers : {"mae", "mean_error", "mean_estimate"}) {
    if (metric == of_numbers) return kRegression;
  }
  return kClassification;
}

}  // namespace slipway::config
