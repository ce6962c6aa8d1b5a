#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "core/text.h"
#include "pipeline/answer_fit_internal.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/settings_check.h"
#include "pipeline/target_check_internal.h"
#include "train/metrics.h"
#include "train/train.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kCalibrationKey = "model.calibration";
constexpr const char* kThresholdKey = "model.decision_threshold";
constexpr const char* kSearchMetricKey = "model.search.metric";
constexpr const char* kWeightKey = "data.weight_column";
constexpr const char* kFoldsKey = "model.training_config.cross_validation";

using Rows = std::vector<int64_t>;

Error AtKey(const RunState& state, const char* key, std::string message) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(state.loaded.PositionOf(key));
}

bool Calibrates(const config::ModelConfig& model) {
  return !train::CanonicalCalibration(model.calibration).empty();
}

const char* AnswerKey(const config::ModelConfig& model) {
  return Calibrates(model) ? kCalibrationKey : kThresholdKey;
}

Status CheckAnswer(const RunState& state) {
  const config::ModelConfig& model = state.config().model;
  if (!Calibrates(model) && !model.decision_threshold.wanted()) return {};
  if (state.target.task == data::Task::kRegression) {
    return AtKey(state, AnswerKey(model),
                 fmt::format("'{}' is a number to estimate, which has no scores of classes",
                             state.target.column))
        .Expected("a target that is one of some classes")
        .Try("leaving the key out");
  }
  if (!model.decision_threshold.wanted() || state.target.class_count() == 2) return {};
  return AtKey(state, kThresholdKey,
               fmt::format("a threshold tells two classes apart, and '{}' has {}",
                           state.target.column, state.target.class_count()))
      .Expected("a target of two classes")
      .Try("leaving the key out: the label is the most probable class");
}

Status CheckSearchMetric(const RunState& state) {
  const config::ModelConfig& model = state.config().model;
  const std::string& metric = model.search.metric;
  if (!Searches(model) || metric.empty()) return {};
  const std::vector<std::string> names = train::MetricNames(state.target.task);
  if (std::ranges::find(names, train::CanonicalMetric(metric)) != names.end()) return {};
  const bool regression = state.target.task == data::Task::kRegression;
  return AtKey(state, kSearchMetricKey,
               fmt::format("\"{}\" is no metric of a {}, and '{}' is {}", metric,
                           data::ToString(state.target.task), state.target.column,
                           regression ? "a number to estimate" : "one of some classes"))
      .Expected(JoinOr(names))
      .Try(fmt::format(
          "model.task: {}, if it is one",
          data::ToString(regression ? data::Task::kClassification : data::Task::kRegression)));
}

std::set<int32_t> ClassesOf(const data::Target& target, const Rows& rows) {
  std::set<int32_t> classes;
  for (const int64_t row : rows) classes.insert(target.classes[static_cast<size_t>(row)]);
  return classes;
}

// The label of the first class that none of these rows has.
std::optional<std::string> LackedLabel(const data::Target& target, const Rows& rows) {
  const std::set<int32_t> had = ClassesOf(target, rows);
  for (int32_t cls = 0; cls < target.class_count(); ++cls) {
    if (!had.contains(cls)) return target.labels[static_cast<size_t>(cls)];
  }
  return std::nullopt;
}

// Rows of weight 0 are not learned from. `fold` is -1 for the model itself.
Status CheckRowsThatCount(const RunState& state, const Rows& rows, int fold) {
  const Rows counted = train::RowsThatCount(state.row_weights, rows);
  const std::string learner = fold < 0 ? "the model" : fmt::format("fold {}", fold);
  const std::string hint = fold < 0 ? "" : fmt::format("fewer folds in {}", kFoldsKey);
  if (counted.empty()) {
    return AtKey(state, kWeightKey,
                 fmt::format("every row to learn from weighs 0 in {}",
                             fold < 0 ? "the training part" : learner))
        .Expected("a weight above 0 for at least one row")
        .Try(hint);
  }
  if (state.target.task == data::Task::kRegression) return {};
  const std::set<int32_t> had = ClassesOf(state.target, counted);
  for (const int32_t cls : ClassesOf(state.target, rows)) {
    if (had.contains(cls)) continue;
    return AtKey(state, kWeightKey,
                 fmt::format("every row of the class '{}' that {} learns from weighs 0",
                             state.target.labels[static_cast<size_t>(cls)], learner))
        .Expected("a weight above 0 for at least one row of each class")
        .Try(hint);
  }
  return {};
}

Status CheckWeights(const RunState& state) {
  // What a program makes of weights is its own.
  if (state.row_weights.empty() || ComesAsGraph(state.config().model)) return {};
  SLIPWAY_RETURN_IF_ERROR(CheckRowsThatCount(state, state.split.RowsOf(data::Part::kTrain), -1));
  for (int fold = 0; fold < state.config().model.training_config.cross_validation; ++fold) {
    SLIPWAY_ASSIGN_OR_RETURN(const train::FoldRows rows, train::RowsOfFold(state.split, fold));
    SLIPWAY_RETURN_IF_ERROR(CheckRowsThatCount(state, rows.train, fold));
  }
  return {};
}

// Rows that models answer which did not learn from them: each fold's; without folds the validation
// part.
Result<std::vector<Rows>> HeldOutParts(const RunState& state) {
  std::vector<Rows> parts;
  const int folds = state.config().model.training_config.cross_validation;
  for (int fold = 0; fold < folds; ++fold) {
    SLIPWAY_ASSIGN_OR_RETURN(train::FoldRows rows, train::RowsOfFold(state.split, fold));
    parts.push_back(std::move(rows.test));
  }
  if (folds == 0) parts.push_back(state.split.RowsOf(data::Part::kValidation));
  return parts;
}

Status CheckHeldOutClasses(const RunState& state, const std::vector<Rows>& parts) {
  const config::ModelConfig& model = state.config().model;
  if (!NeedsHeldOut(model)) return {};
  Rows all;
  for (const Rows& part : parts) all.insert(all.end(), part.begin(), part.end());
  const auto label = LackedLabel(state.target, all);
  if (!label) return {};
  return AtKey(state, AnswerKey(model),
               fmt::format(
                   "none of the {} held out by {} is of the class '{}'",
                   Plural(std::ssize(all), "row", "rows"),
                   model.training_config.cross_validation > 0 ? "cross-validation" : "validation",
                   *label))
      .Expected("rows of every class")
      .Try(fmt::format("{}, which holds out every training row once", kFoldsKey));
}

// Areas under curves are not defined where a class has no row.
Status CheckSearchedClasses(const RunState& state, const std::vector<Rows>& parts) {
  const config::ModelConfig& model = state.config().model;
  const std::string metric = MetricOr(state, model.search.metric);
  if (!Searches(model) || (metric != "auc" && metric != "pr_auc")) return {};
  std::optional<std::string> label;
  for (const Rows& part : parts) {
    label = LackedLabel(state.target, part);
    if (!label) return {};
  }
  const bool folds = model.training_config.cross_validation > 0;
  Error error(
      ErrorCode::kInvalidInput,
      fmt::format("a search can't be judged by {}: {} no row of the class '{}'", metric,
                  folds ? "each fold lacks a class, the last one has" : "the validation part has",
                  *label));
  if (!model.search.metric.empty())
    error = std::move(error).At(state.loaded.PositionOf(kSearchMetricKey));
  return std::move(error).Try(fmt::format("{}{}, or {}: log_loss", folds ? "fewer folds in " : "",
                                          kFoldsKey, kSearchMetricKey));
}

}  // namespace

Status CheckAskedOfTarget(const RunState& state) {
  const config::ModelConfig& model = state.config().model;
  const auto averaging = train::AveragingFor(model, state.target);
  if (!averaging.ok()) return Placed(averaging.error(), state.loaded);
  SLIPWAY_RETURN_IF_ERROR(CheckAnswer(state));
  return CheckSearchMetric(state);
}

Status CheckAskedOfSplit(const RunState& state) {
  // A ready graph is not fitted, nor are there folds of it.
  if (state.config().model.model_type == "onnx") return {};
  SLIPWAY_RETURN_IF_ERROR(CheckWeights(state));
  if (state.target.task == data::Task::kRegression) return {};
  if (!NeedsHeldOut(state.config().model) && !Searches(state.config().model)) return {};
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<Rows> parts, HeldOutParts(state));
  SLIPWAY_RETURN_IF_ERROR(CheckHeldOutClasses(state, parts));
  return CheckSearchedClasses(state, parts);
}

}  // namespace slipway::pipeline
