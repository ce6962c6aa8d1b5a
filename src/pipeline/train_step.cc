// Training and evaluation of a run.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/select_rows.h"
#include "model/onnx_writer.h"
#include "model/predictor.h"
#include "pipeline/evaluation_slices_internal.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/predict.h"
#include "pipeline/run_state_internal.h"
#include "train/train.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

// Rows of the test part, evenly spread, that travel with the model.
constexpr size_t kGoldenRows = 64;

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
        folds_(state.config().model.training_config.cross_validation) {
    state_.folds.resize(static_cast<size_t>(folds_));
    for (int fold = 0; fold < folds_; ++fold) {
      if (!TakeFold(state_, fold)) missing_.push_back(fold);
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
    return ParallelFor(missing_.size(), beside, [&](size_t index) -> Status {
      const int fold = missing_[index];
      SLIPWAY_RETURN_IF_ERROR(fold == kFinalModel ? FitFinal(threads_each)
                                                  : FitOne(fold, threads_each));
      state_.progress.Advance("train", ++done, total, "fits");
      return {};
    });
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
    return true;
  }

  Status FitOne(int fold, int threads) {
    SLIPWAY_ASSIGN_OR_RETURN(
        train::FoldResult result,
        train::FitFold(trainer_, FitInputOf(state_, threads), state_.split, fold));
    return KeepFold(state_, std::move(result));
  }

  Status FitFinal(int threads) {
    SLIPWAY_ASSIGN_OR_RETURN(
        train::TrainedModel model,
        train::Fit(trainer_, FitInputOf(state_, threads), state_.split.RowsOf(data::Part::kTrain)));
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
  std::vector<int> missing_;
};

// The metric that the folds are summed up by: auc, or r2 of numbers, where it is shown or nothing
// else is that the folds have; else the first that is.
std::string HeadlineMetric(const RunState& state) {
  const std::string usual = state.target.task == data::Task::kRegression ? "r2" : "auc";
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

std::string EvaluationSummary(const Evaluation& evaluation, const std::vector<std::string>& shown) {
  std::vector<std::string> parts;
  for (const std::string& name : shown) {
    const auto value = evaluation.test.find(train::CanonicalMetric(name));
    std::string part = fmt::format("{} {:.3f}", name, value->second);
    const auto interval = evaluation.intervals.find(value->first);
    // The first metric shows how sure it is; the rest would only crowd the line.
    if (parts.empty() && interval != evaluation.intervals.end()) {
      part += fmt::format(" [{:.3f}, {:.3f}]", interval->second.first, interval->second.second);
    }
    parts.push_back(std::move(part));
  }
  return Join(parts, " · ");
}

// What a slice is known by, for a line of the log.
Json SliceFacts(const std::vector<train::Slice>& slices) {
  Json facts = Json::array();
  for (const train::Slice& slice : slices) {
    facts.push_back({{"name", train::NameOf(slice)},
                     {"rows", slice.rows},
                     {"difference", slice.difference},
                     {"q_value", slice.q_value}});
  }
  return facts;
}

Status EvaluateModel(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto predictor, model::LoadPredictor(state.onnx, state.features));
  SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions all,
                           predictor->Predict(state.table, state.threads));
  const config::ModelConfig& model = state.config().model;
  SLIPWAY_ASSIGN_OR_RETURN(const train::Averaging averaging,
                           train::ParseAveraging(model.averaging));
  state.evaluation =
      Evaluate(all, state.target, state.split, averaging, ModelSeed(model), state.threads);
  state.evaluation.slices = SlicesOf(state, all, averaging);
  SLIPWAY_ASSIGN_OR_RETURN(state.evaluation.permutation,
                           PermutationOf(state, *predictor, averaging));
  const std::vector<int64_t> golden =
      EvenlySpread(state.split.RowsOf(data::Part::kTest), kGoldenRows);
  state.golden = model::WriteGolden(data::SelectRows(state.table, golden), predictor->inputs(),
                                    SelectRows(all, golden), state.schema);
  state.prediction_profile = ProfilePredictions(
      SelectRows(all, state.split.RowsOf(data::Part::kTest)), state.schema, state.threads);
  // What an interrupt left without intervals or slices is no evaluation to go on from.
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  SLIPWAY_RETURN_IF_ERROR(state.cache.Put(state.keys.evaluate, "golden.jsonl", state.golden));
  SLIPWAY_RETURN_IF_ERROR(state.cache.PutJson(state.keys.evaluate, "predictions",
                                              data::ToStoredJson(state.prediction_profile)));
  return state.cache.PutJson(state.keys.evaluate, "evaluation", ToJson(state.evaluation));
}

bool EvaluationFromCache(RunState& state) {
  std::optional<std::string> golden = state.cache.Get(state.keys.evaluate, "golden.jsonl");
  const std::optional<Json> json = state.cache.GetJson(state.keys.evaluate, "evaluation");
  const std::optional<Json> predictions = state.cache.GetJson(state.keys.evaluate, "predictions");
  if (!golden || !json || !predictions) return false;
  auto evaluation = EvaluationFromJson(*json);
  auto profile = data::TableProfileFromJson(*predictions);
  if (!evaluation.ok() || !profile.ok()) return false;
  state.prediction_profile = *std::move(profile);
  state.evaluation = *std::move(evaluation);
  state.golden = *std::move(golden);
  return true;
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
  return cached;
}

}  // namespace

std::string FoldName(int fold) { return fmt::format("fold-{}", fold); }

bool TakeFold(RunState& state, int fold) {
  const std::optional<Json> json = state.cache.GetJson(state.keys.train, FoldName(fold));
  if (!json) return false;
  auto result = train::FoldResultFromJson(*json);
  if (!result.ok()) return false;
  state.folds[static_cast<size_t>(fold)] = *std::move(result);
  return true;
}

Status KeepFold(RunState& state, train::FoldResult result) {
  SLIPWAY_RETURN_IF_ERROR(
      state.cache.PutJson(state.keys.train, FoldName(result.fold), train::ToJson(result)));
  state.folds[static_cast<size_t>(result.fold)] = std::move(result);
  return {};
}

train::FitInput FitInputOf(const RunState& state, int threads) {
  return {
      state.table, state.features, state.target, state.config(), ModelSeed(state.config().model),
      threads};
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
  const config::ModelConfig& model = state.config().model;
  StepEnd end;
  SLIPWAY_ASSIGN_OR_RETURN(end.cached,
                           ComesAsGraph(model) ? MakeGraphModel(state) : FitModel(state));

  report::RunReport& report = state.report;
  report.folds = state.folds;
  report.importances = state.importances;
  report.dropped = state.plan.dropped;
  report.outlier_rows = state.plan.outlier_rows;
  end.summary = model.model_type;
  const int64_t trees = GetInteger(model.hyperparameters, "n_estimators", 0);
  if (trees > 0) end.summary += fmt::format(", {}", Plural(trees, "tree", "trees"));
  const std::string metric = HeadlineMetric(state);
  const std::string folds = FoldSummary(state.folds, metric);
  if (!folds.empty()) end.summary += " · " + folds;
  end.summary += PreprocessingSummary(state.plan);
  for (const std::string& note : state.notes) end.summary += " · " + note;
  Json fold_list = Json::array();
  for (const train::FoldResult& fold : state.folds) fold_list.push_back(train::ToJson(fold));
  end.facts = {{"model_type", model.model_type},
               {"folds", std::move(fold_list)},
               {"dropped_features", DroppedJson(state.plan.dropped)},
               {"outlier_rows", state.plan.outlier_rows},
               {"notes", state.notes}};
  return end;
}

Result<StepEnd> EvaluateStep(RunState& state) {
  StepEnd end;
  end.cached = EvaluationFromCache(state);
  if (!end.cached) SLIPWAY_RETURN_IF_ERROR(EvaluateModel(state));
  report::RunReport& report = state.report;
  report.metrics = state.evaluation.test;
  report.train_metrics = state.evaluation.train;
  report.intervals = state.evaluation.intervals;
  report.roc = state.evaluation.roc;
  report.confusion = state.evaluation.confusion;
  report.score_histograms = state.evaluation.score_histograms;
  report.estimates = state.evaluation.estimates;
  report.errors = state.evaluation.errors;
  report.slices = state.evaluation.slices;
  report.permutation = state.evaluation.permutation;
  end.summary = EvaluationSummary(state.evaluation, report::ShownMetrics(report));
  end.facts = {{"metrics", train::MetricsToJson(state.evaluation.test)},
               {"slices", SliceFacts(report.slices.named)},
               {"worst_slices", SliceFacts(report.slices.found)}};
  return end;
}

}  // namespace slipway::pipeline
