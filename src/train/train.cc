#include "train/train.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/interrupt.h"
#include "core/text.h"
#include "data/preprocessing.h"
#include "model/scorer.h"

namespace slipway::train {
namespace {

Result<Averaging> AveragingFor(const FitInput& input) {
  SLIPWAY_ASSIGN_OR_RETURN(const Averaging averaging, ParseAveraging(input.config.model.averaging));
  const bool classes = input.target.task == data::Task::kClassification;
  if (classes && averaging == Averaging::kBinary && input.target.class_count() != 2) {
    Location location;
    location.field = "model.averaging";
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("binary averaging is for two classes, and '{}' has {}",
                             input.target.column, input.target.class_count()))
        .At(std::move(location))
        .Expected("weighted, macro or micro");
  }
  return averaging;
}

// class_weight is a key of `model` and one of scikit-learn's hyper-parameters.
Result<Json> ClassWeightOf(const config::ModelConfig& model) {
  const Json& hyperparameters = model.hyperparameters;
  Json inner = hyperparameters.is_object() ? hyperparameters.value("class_weight", Json()) : Json();
  if (inner.is_null()) return model.class_weight;
  if (model.class_weight.is_null() || model.class_weight == inner) return inner;
  Location location;
  location.field = "model.class_weight";
  return Error(ErrorCode::kInvalidInput, "model.hyperparameters.class_weight says something else")
      .At(std::move(location))
      .Expected("class_weight in one place");
}

// Of these rows, in their order; empty for all alike.
Result<std::vector<double>> RowWeights(const FitInput& input, std::span<const int64_t> rows) {
  std::vector<double> weights;
  if (input.row_weights.empty()) return weights;
  for (const int64_t row : rows) weights.push_back(input.row_weights[static_cast<size_t>(row)]);
  if (std::ranges::any_of(weights, [](double weight) { return weight > 0; })) return weights;
  Location location;
  location.field = "data.weight_column";
  return Error(ErrorCode::kInvalidInput, "every row to learn from weighs 0")
      .At(std::move(location))
      .Expected("a weight above 0 for at least one row");
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
  const auto& steps = input.config.data.preprocessing_steps;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> kept,
                           data::RemoveOutliers(input.table, input.features, steps, rows));
  SLIPWAY_ASSIGN_OR_RETURN(data::PreparedTraining prepared,
                           data::PrepareTraining(input.table, input.features, steps, kept,
                                                 input.target, input.seed, input.threads));
  const data::Matrix& matrix = prepared.matrix;
  TrainedModel trained;
  trained.plan = std::move(prepared.plan);
  trained.plan.outlier_rows = std::ssize(rows) - std::ssize(kept);
  SLIPWAY_ASSIGN_OR_RETURN(const Json class_weight, ClassWeightOf(input.config.model));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> weights,
                           ClassWeights(class_weight, input.target, kept));
  const data::Target target = data::SelectRows(input.target, kept);
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> row_weights, RowWeights(input, kept));
  const TrainingSet set{matrix,  target.classes, target.class_count(),
                        weights, target.values,  row_weights};
  const config::ModelConfig& model = input.config.model;
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
  SLIPWAY_ASSIGN_OR_RETURN(const Averaging averaging, AveragingFor(input));
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
  SLIPWAY_RETURN_IF_ERROR(AveragingFor(input));
  SLIPWAY_ASSIGN_OR_RETURN(const TrainedModel trained, Fit(trainer, input, rows.train));
  SLIPWAY_ASSIGN_OR_RETURN(
      const data::Matrix matrix,
      data::ApplyPreprocessing(trained.plan, input.table, rows.test, input.threads));
  if (raw_scores != nullptr) {
    *raw_scores = model::RawScores(trained.scorer, matrix, input.threads);
    return ScoreFold(input, rows, fold, model::PredictRaw(trained.scorer, *raw_scores));
  }
  return ScoreFold(input, rows, fold, model::PredictMatrix(trained.scorer, matrix, input.threads));
}

}  // namespace slipway::train
