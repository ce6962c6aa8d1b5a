// Evaluation of a run's model.
#include <fmt/format.h>

#include "core/interrupt.h"
#include "core/text.h"
#include "data/select_rows.h"
#include "model/predictor.h"
#include "pipeline/evaluation_slices_internal.h"
#include "pipeline/predict.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/split_rows.h"

namespace slipway::pipeline {
namespace {

// Rows of the test part, evenly spread, that travel with the model.
constexpr size_t kGoldenRows = 64;

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
  const std::vector<int32_t> groups =
      GroupsOf(state.table, state.config().data, state.split.RowsOf(data::Part::kTest));
  state.evaluation =
      Evaluate(all, state.target, state.split, averaging, ModelSeed(model), state.threads, groups);
  const std::vector<std::string> searched = SearchedColumns(state);
  state.evaluation.slices = SlicesOf({model, state.table, state.target, state.split,
                                      state.training_profile, searched, state.threads},
                                     all, averaging);
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

}  // namespace

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
