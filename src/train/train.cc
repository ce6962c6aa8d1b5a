#include "train/train.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/interrupt.h"
#include "core/text.h"
#include "data/preprocessing.h"
#include "model/scorer.h"

namespace slipway::train {
namespace {

Location AtKey(const char* key) {
  Location location;
  location.field = key;
  return location;
}

// class_weight is a key of `model` and one of scikit-learn's hyper-parameters.
Result<std::vector<double>> WeightsOfClasses(const config::ModelConfig& model,
                                             const data::Target& target,
                                             std::span<const int64_t> rows) {
  const Json& hyperparameters = model.hyperparameters;
  const Json inner =
      hyperparameters.is_object() ? hyperparameters.value("class_weight", Json()) : Json();
  if (inner.is_null()) return ClassWeights(model.class_weight, target, rows);
  constexpr const char* kInner = "model.hyperparameters.class_weight";
  if (model.class_weight.is_null() || model.class_weight == inner)
    return ClassWeights(inner, target, rows, kInner);
  return Error(ErrorCode::kInvalidInput, std::string(kInner) + " says something else")
      .At(AtKey("model.class_weight"))
      .Expected("class_weight in one place");
}

// Of these rows, in their order; empty for all alike.
std::vector<double> WeightsOf(const FitInput& input, std::span<const int64_t> rows) {
  std::vector<double> weights;
  if (input.row_weights.empty()) return weights;
  for (const int64_t row : rows) weights.push_back(input.row_weights[static_cast<size_t>(row)]);
  return weights;
}

// The rows that are learned from: those that count and are no outliers.
Result<std::vector<int64_t>> RowsToLearnFrom(const FitInput& input,
                                             std::span<const int64_t> counted) {
  if (counted.empty() && !input.row_weights.empty()) {
    return Error(ErrorCode::kInvalidInput, "every row to learn from weighs 0")
        .At(AtKey("data.weight_column"))
        .Expected("a weight above 0 for at least one row");
  }
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<int64_t> kept,
                           data::RemoveOutliers(input.table, input.features,
                                                input.config.data.preprocessing_steps, counted));
  const data::Target& target = input.target;
  std::vector<bool> has_rows(static_cast<size_t>(target.class_count()));
  const auto class_of = [&](int64_t row) {
    return static_cast<size_t>(target.classes[static_cast<size_t>(row)]);
  };
  if (has_rows.empty() || kept.size() == counted.size()) return kept;
  for (const int64_t row : kept) has_rows[class_of(row)] = true;
  for (const int64_t row : counted) {
    if (has_rows[class_of(row)]) continue;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("outlier_removal drops every training row of the class '{}'",
                             target.labels[class_of(row)]))
        .At(AtKey("data.preprocessing_steps.outlier_removal.factor"))
        .Try("a larger factor");
  }
  return kept;
}

std::vector<FeatureImportance> ByFeature(const data::PreprocessingPlan& plan,
                                         const std::vector<double>& by_column) {
  std::vector<FeatureImportance> importances;
  std::vector<size_t> importance_of(plan.features.size());
  const std::vector<size_t> inputs = plan.InputFeatures();
  for (size_t input = 0; input < inputs.size(); ++input) {
    importances.push_back({plan.features[inputs[input]].name, 0});
    const size_t end = input + 1 < inputs.size() ? inputs[input + 1] : plan.features.size();
    for (size_t i = inputs[input]; i < end; ++i) importance_of[i] = input;
  }
  const std::vector<int> sources = plan.OutputSources();
  for (size_t column = 0; column < by_column.size(); ++column) {
    importances[importance_of[static_cast<size_t>(sources[column])]].importance +=
        by_column[column];
  }
  std::ranges::sort(importances, [](const FeatureImportance& a, const FeatureImportance& b) {
    return a.importance != b.importance ? a.importance > b.importance : a.feature < b.feature;
  });
  return importances;
}

}  // namespace

Result<Averaging> AveragingFor(const config::ModelConfig& model, const data::Target& target) {
  SLIPWAY_ASSIGN_OR_RETURN(const Averaging averaging, ParseAveraging(model.averaging));
  const bool classes = target.task == data::Task::kClassification;
  if (!classes || averaging != Averaging::kBinary || target.class_count() == 2) return averaging;
  return Error(ErrorCode::kInvalidInput,
               fmt::format("binary averaging is for two classes, and '{}' has {}", target.column,
                           target.class_count()))
      .At(AtKey("model.averaging"))
      .Expected("weighted, macro or micro");
}

std::vector<int64_t> RowsThatCount(std::span<const double> weights, std::span<const int64_t> rows) {
  std::vector<int64_t> counted;
  for (const int64_t row : rows) {
    if (weights.empty() || weights[static_cast<size_t>(row)] > 0) counted.push_back(row);
  }
  return counted;
}

Result<FoldRows> RowsOfFold(const data::Split& split, int fold) {
  FoldRows rows;
  const bool forward = split.forward();
  for (size_t row = 0; row < split.folds.size(); ++row) {
    if (split.parts[row] != data::Part::kTrain) continue;
    if (split.folds[row] == fold) {
      rows.test.push_back(static_cast<int64_t>(row));
    } else if (!forward || split.folds[row] < fold) {
      rows.train.push_back(static_cast<int64_t>(row));
    }
  }
  if (!rows.train.empty() && !rows.test.empty()) return rows;
  return Error(ErrorCode::kInvalidInput,
               fmt::format("fold {} has {} rows to learn from and {} to score", fold,
                           FormatCount(std::ssize(rows.train)), FormatCount(std::ssize(rows.test))))
      .Try("fewer folds in model.training_config.cross_validation");
}

Result<TrainedModel> Fit(const Trainer& trainer, const FitInput& input,
                         std::span<const int64_t> rows) {
  SLIPWAY_RETURN_IF_ERROR(CheckLearns(trainer, input.target.task));
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  const config::ModelConfig& model = input.config.model;
  const std::vector<int64_t> counted = RowsThatCount(input.row_weights, rows);
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> kept, RowsToLearnFrom(input, counted));
  SLIPWAY_ASSIGN_OR_RETURN(
      data::PreparedTraining prepared,
      data::PrepareTraining(input.table, input.features, input.config.data.preprocessing_steps,
                            kept, input.target, input.seed, input.threads));
  const data::Matrix& matrix = prepared.matrix;
  TrainedModel trained;
  trained.plan = std::move(prepared.plan);
  trained.plan.outlier_rows = std::ssize(counted) - std::ssize(kept);
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> weights,
                           WeightsOfClasses(model, input.target, kept));
  const data::Target target = data::SelectRows(input.target, kept);
  const std::vector<double> row_weights = WeightsOf(input, kept);
  const TrainingSet set{matrix,  target.classes, target.class_count(),
                        weights, target.values,  row_weights};
  SLIPWAY_ASSIGN_OR_RETURN(FittedModel fitted, trainer.Fit(set, model.hyperparameters,
                                                           {input.seed, input.threads,
                                                            model.training_config.early_stopping}));
  trained.scorer = std::move(fitted.scorer);
  trained.notes = std::move(fitted.notes);
  trained.importances = ByFeature(trained.plan, fitted.importances);
  return trained;
}

Result<FoldResult> ScoreFold(const FitInput& input, const FoldRows& rows, int fold,
                             const model::Predictions& predictions) {
  SLIPWAY_ASSIGN_OR_RETURN(const Averaging averaging,
                           AveragingFor(input.config.model, input.target));
  FoldResult result;
  result.fold = fold;
  result.train_rows = std::ssize(rows.train);
  result.test_rows = std::ssize(rows.test);
  result.metrics =
      ComputeMetrics(data::SelectRows(input.target, rows.test), predictions, averaging);
  return result;
}

Result<FoldResult> FitFold(const Trainer& trainer, const FitInput& input, const FoldRows& rows,
                           int fold, std::vector<double>* raw_scores) {
  // Before the fit, which takes its time.
  SLIPWAY_RETURN_IF_ERROR(AveragingFor(input.config.model, input.target));
  const FoldRows counted{RowsThatCount(input.row_weights, rows.train), rows.test};
  SLIPWAY_ASSIGN_OR_RETURN(const TrainedModel trained, Fit(trainer, input, counted.train));
  SLIPWAY_ASSIGN_OR_RETURN(
      const data::Matrix matrix,
      data::ApplyPreprocessing(trained.plan, input.table, counted.test, input.threads));
  if (raw_scores != nullptr) {
    *raw_scores = model::RawScores(trained.scorer, matrix, input.threads);
    return ScoreFold(input, counted, fold, model::PredictRaw(trained.scorer, *raw_scores));
  }
  return ScoreFold(input, counted, fold,
                   model::PredictMatrix(trained.scorer, matrix, input.threads));
}

}  // namespace slipway::train
