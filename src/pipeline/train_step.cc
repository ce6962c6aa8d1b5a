// Training of a run's model.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "core/parallel.h"
#include "core/text.h"
#include "model/onnx_writer.h"
#include "pipeline/answer_fit_internal.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/settings_check.h"
#include "train/train.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

Json ImportancesJson(const std::vector<train::FeatureImportance>& importances) {
  Json json = Json::array();
  for (const train::FeatureImportance& one : importances)
    json.push_back({one.feature, one.importance});
  return json;
}

// The fits that the cache lacks, done side by side: the final model first, as it takes longest.
class Fits {
 public:
  Fits(RunState& state, const train::Trainer& trainer)
      : state_(state),
        trainer_(trainer),
        folds_(state.config().model.training_config.cross_validation),
        scores_(state, folds_) {
    state_.folds.resize(static_cast<size_t>(folds_));
    for (int fold = 0; fold < folds_; ++fold) {
      if (!TakeFold(state_, fold) || !scores_.Take(fold)) missing_.push_back(fold);
    }
    if (!TakeModel()) missing_.insert(missing_.begin(), kFinalModel);
  }

  bool AllCached() const { return missing_.empty(); }

  Status Run() {
    const int64_t total = static_cast<int64_t>(missing_.size());
    std::atomic<int64_t> done{0};
    state_.progress.Advance("train", 0, total, "fits");
    const int beside = std::min(static_cast<int>(total), state_.threads);
    const int threads_each = std::max(1, state_.threads / std::max(beside, 1));
    Status fitted = ParallelFor(missing_.size(), beside, [&](size_t index) -> Status {
      const int fold = missing_[index];
      // Nobody comes after the last one to take the cores that the others leave.
      const int threads = index + 1 == missing_.size() ? state_.threads : threads_each;
      SLIPWAY_RETURN_IF_ERROR(fold == kFinalModel ? FitFinal(threads) : FitOne(fold, threads));
      state_.progress.Advance("train", ++done, total, "fits");
      return {};
    });
    if (!fitted.ok()) return fitted;
    return waiting_ ? KeepModel(*std::move(waiting_)) : Status();
  }

 private:
  static constexpr int kFinalModel = -1;

  bool TakeModel() {
    std::optional<std::string> onnx = state_.cache.Get(state_.keys.train, "model.onnx");
    const std::optional<Json> plan = state_.cache.GetJson(state_.keys.train, "plan");
    const std::optional<Json> importances = state_.cache.GetJson(state_.keys.train, "importances");
    const std::optional<Json> notes = state_.cache.GetJson(state_.keys.train, "notes");
    if (!onnx || !plan || !importances || !notes) return false;
    auto parsed = data::PreprocessingPlanFromJson(*plan);
    if (!parsed.ok()) return false;
    state_.plan = *std::move(parsed);
    state_.onnx = *std::move(onnx);
    for (const Json& one : *importances) state_.importances.push_back({one[0], one[1]});
    for (const Json& note : *notes) state_.notes.push_back(note);
    return TakeAnswer(state_);
  }

  Status FitOne(int fold, int threads) {
    SLIPWAY_ASSIGN_OR_RETURN(const train::FoldRows rows, train::RowsOfFold(state_.split, fold));
    SLIPWAY_ASSIGN_OR_RETURN(
        train::FoldResult result,
        train::FitFold(trainer_, FitInputOf(state_, state_.fit_config(), threads), rows, fold,
                       scores_.Of(fold)));
    SLIPWAY_RETURN_IF_ERROR(scores_.Keep(fold));
    return KeepFold(state_, std::move(result));
  }

  Status FitFinal(int threads) {
    SLIPWAY_ASSIGN_OR_RETURN(train::TrainedModel model,
                             train::Fit(trainer_, FitInputOf(state_, state_.fit_config(), threads),
                                        state_.split.RowsOf(data::Part::kTrain)));
    // What the folds say comes later.
    if (!scores_.wanted()) return KeepModel(std::move(model));
    waiting_ = std::move(model);
    return {};
  }

  Status KeepModel(train::TrainedModel model) {
    HeldOut held_out;
    if (NeedsHeldOut(state_.config().model)) {
      SLIPWAY_ASSIGN_OR_RETURN(held_out, scores_.HeldOutRows(model));
    }
    SLIPWAY_RETURN_IF_ERROR(FitAnswer(state_, held_out, &model));
    SLIPWAY_RETURN_IF_ERROR(KeepAnswer(state_));
    SLIPWAY_ASSIGN_OR_RETURN(state_.onnx,
                             model::WriteOnnx(model.plan, model.scorer, state_.target));
    state_.plan = std::move(model.plan);
    state_.importances = std::move(model.importances);
    state_.notes = std::move(model.notes);
    const std::string& key = state_.keys.train;
    SLIPWAY_RETURN_IF_ERROR(state_.cache.PutJson(key, "plan", data::ToJson(state_.plan)));
    SLIPWAY_RETURN_IF_ERROR(
        state_.cache.PutJson(key, "importances", ImportancesJson(state_.importances)));
    SLIPWAY_RETURN_IF_ERROR(state_.cache.PutJson(key, "notes", Json(state_.notes)));
    return state_.cache.Put(key, "model.onnx", state_.onnx);
  }

  RunState& state_;
  const train::Trainer& trainer_;
  int folds_;
  FoldScores scores_;
  std::optional<train::TrainedModel> waiting_;  // Fitted, for the folds to calibrate it.
  std::vector<int> missing_;
};

// The metric that the folds are summed up by: auc, or r2 of numbers, where it is shown or nothing
// else is that the folds have; else the first that is.
std::string HeadlineMetric(const RunState& state) {
  const std::string usual = MetricOr(state, "");
  std::vector<std::string> shown;
  for (const std::string& written : state.report.shown_metrics) {
    const std::string name = train::CanonicalMetric(written);
    if (!train::FoldValues(state.folds, name).empty()) shown.push_back(name);
  }
  const bool is_usual = shown.empty() || std::ranges::find(shown, usual) != shown.end();
  return is_usual ? usual : shown.front();
}

std::string FoldSummary(const std::vector<train::FoldResult>& folds, const std::string& metric) {
  const std::vector<double> values = train::FoldValues(folds, metric);
  if (values.empty()) return "";
  const auto [mean, deviation] = train::SpreadOf(values);
  return fmt::format("{} folds: {} {:.3f} ± {:.3f}", folds.size(), metric, mean, deviation);
}

model::InputField FieldOf(const data::FeaturePlan& feature, const data::ColumnProfile& profile) {
  model::InputField field;
  field.name = feature.name;
  field.type = feature.type;
  field.integral = profile.integral;
  field.nullable = profile.missing > 0;
  for (const auto* categories : {&feature.categories, &feature.infrequent}) {
    for (const std::string& category : *categories) {
      if (!category.empty()) field.categories.push_back(category);
    }
  }
  std::ranges::sort(field.categories);
  field.min = profile.min;
  field.max = profile.max;
  return field;
}

Json DroppedJson(const std::vector<data::DroppedFeature>& dropped) {
  Json json = Json::array();
  for (const data::DroppedFeature& feature : dropped) {
    json.push_back({{"name", feature.name}, {"reason", feature.reason}});
  }
  return json;
}

// " · dropped 2 features ('x': constant, …) · left out 3 rows as outliers"
std::string PreprocessingSummary(const data::PreprocessingPlan& plan) {
  std::string summary;
  if (!plan.dropped.empty()) {
    const data::DroppedFeature& first = plan.dropped.front();
    summary = fmt::format(" · dropped {} ('{}': {}{})",
                          Plural(std::ssize(plan.dropped), "feature", "features"), first.name,
                          first.reason, plan.dropped.size() > 1 ? ", …" : "");
  }
  if (plan.outlier_rows > 0) {
    summary +=
        fmt::format(" · left out {} with outliers", Plural(plan.outlier_rows, "row", "rows"));
  }
  return summary;
}

// " · calibrated, error 0.061 → 0.021 · threshold 0.312 for Yes"
std::string AnswerSummary(const RunState& state) {
  std::string summary;
  if (state.calibration) {
    summary += fmt::format(" · calibrated by {}, error {:.3f} → {:.3f}", state.calibration->method,
                           state.calibration->metrics_before.at("calibration_error"),
                           state.calibration->metrics_after.at("calibration_error"));
  }
  if (state.threshold) {
    summary +=
        fmt::format(" · '{}' from {:.3f} on", state.threshold->positive, state.threshold->least);
  }
  return summary;
}

model::ModelSchema SchemaOf(const RunState& state) {
  model::ModelSchema schema = SchemaOfTarget(state);
  for (const size_t input : state.plan.InputFeatures()) {
    const data::FeaturePlan& feature = state.plan.features[input];
    const auto profile =
        std::ranges::find(state.training_profile.columns, feature.name, &data::ColumnProfile::name);
    schema.inputs.push_back(FieldOf(feature, profile == state.training_profile.columns.end()
                                                 ? data::ColumnProfile{}
                                                 : *profile));
  }
  return schema;
}

// True where nothing had to be fitted.
Result<bool> FitModel(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(state.config().model.model_type));
  Fits fits(state, *trainer);
  const bool cached = fits.AllCached();
  if (!cached) SLIPWAY_RETURN_IF_ERROR(fits.Run());
  state.schema = SchemaOf(state);
  if (state.calibration) state.schema.calibration = state.calibration->method;
  if (state.threshold) state.schema.decision_threshold = state.threshold->least;
  return cached;
}

}  // namespace

std::string MetricOr(const RunState& state, const std::string& asked) {
  if (!asked.empty()) return train::CanonicalMetric(asked);
  return state.target.task == data::Task::kRegression ? "r2" : "auc";
}

std::string FoldName(int fold) { return fmt::format("fold-{}", fold); }

std::optional<train::FoldResult> TakeFoldResult(RunState& state, const std::string& key,
                                                const std::string& name) {
  const std::optional<Json> json = state.cache.GetJson(key, name);
  if (!json) return std::nullopt;
  auto result = train::FoldResultFromJson(*json);
  if (!result.ok()) return std::nullopt;
  return *std::move(result);
}

bool TakeFold(RunState& state, int fold) {
  std::optional<train::FoldResult> result = TakeFoldResult(state, state.keys.train, FoldName(fold));
  // A search that went to its end has fitted the trial that it chose on all rows of each fold.
  if (!result && state.tuned) {
    result = TakeFoldResult(state, TrialKey(state.keys, *state.tuned, state.graph_digest, 1, fold),
                            kTrialName);
  }
  if (!result) return false;
  state.folds[static_cast<size_t>(fold)] = *std::move(result);
  return true;
}

Status KeepFold(RunState& state, train::FoldResult result) {
  SLIPWAY_RETURN_IF_ERROR(
      state.cache.PutJson(state.keys.train, FoldName(result.fold), train::ToJson(result)));
  state.folds[static_cast<size_t>(result.fold)] = std::move(result);
  return {};
}

train::FitInput FitInputOf(const RunState& state, const config::Config& config, int threads) {
  return {state.table, state.features,   state.target, config, ModelSeed(config.model),
          threads,     state.row_weights};
}

model::ModelSchema SchemaOfTarget(const RunState& state) {
  model::ModelSchema schema;
  schema.missing_values = state.config().data.missing_values;
  schema.task = data::ToString(state.target.task);
  schema.target = state.target.column;
  schema.classes = state.target.labels;
  schema.integer_labels = state.target.integer_labels;
  if (state.target.positive >= 0) {
    schema.positive_class = state.target.labels[static_cast<size_t>(state.target.positive)];
  }
  return schema;
}

Result<StepEnd> TrainStep(RunState& state) {
  const config::ModelConfig& model = state.fit_config().model;
  StepEnd end;
  auto cached = ComesAsGraph(model) ? MakeGraphModel(state) : FitModel(state);
  if (!cached.ok()) return Placed(std::move(cached).error(), state.loaded);
  end.cached = *cached;
  AddModel(state.onnx, &state.keys);

  report::RunReport& report = state.report;
  report.folds = state.folds;
  report.importances = state.importances;
  report.calibration = state.calibration;
  report.threshold = state.threshold;
  report.dropped = state.plan.dropped;
  report.outlier_rows = state.plan.outlier_rows;
  end.summary = model.model_type;
  const int64_t trees = GetInteger(model.hyperparameters, "n_estimators", 0);
  if (trees > 0) end.summary += fmt::format(", {}", Plural(trees, "tree", "trees"));
  const std::string metric = HeadlineMetric(state);
  const std::string folds = FoldSummary(state.folds, metric);
  if (!folds.empty()) end.summary += " · " + folds;
  end.summary += AnswerSummary(state);
  end.summary += PreprocessingSummary(state.plan);
  for (const std::string& note : state.notes) end.summary += " · " + note;
  Json fold_list = Json::array();
  for (const train::FoldResult& fold : state.folds) fold_list.push_back(train::ToJson(fold));
  end.facts = {{"model_type", model.model_type},
               {"folds", std::move(fold_list)},
               {"dropped_features", DroppedJson(state.plan.dropped)},
               {"outlier_rows", state.plan.outlier_rows},
               {"notes", state.notes}};
  if (state.calibration) end.facts["calibration"] = train::ToJson(*state.calibration);
  if (state.threshold) end.facts["decision_threshold"] = train::ToJson(*state.threshold);
  return end;
}

}  // namespace slipway::pipeline
