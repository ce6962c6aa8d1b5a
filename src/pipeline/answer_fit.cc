#include <string>
#include <vector>

#include "data/preprocessing.h"
#include "model/scorer.h"
#include "pipeline/answer_fit_internal.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kNotes = "answer";

std::string MethodOf(const config::ModelConfig& model) {
  return train::CanonicalCalibration(model.calibration);
}

// What the test part says of the probabilities.
void JudgeCalibration(const data::Target& truth, const model::Predictions& predictions,
                      train::Metrics* metrics, std::vector<train::ReliabilityBin>* bins) {
  *bins = train::Reliability(truth, predictions);
  const train::Metrics all = train::ComputeMetrics(truth, predictions, train::Averaging::kWeighted);
  for (const char* name : {"calibration_error", "brier", "log_loss"})
    (*metrics)[name] = all.at(name);
}

Status Calibrate(RunState& state, const HeldOut& held_out, const data::Target& truth,
                 train::TrainedModel* model) {
  const std::vector<int64_t> test = state.split.RowsOf(data::Part::kTest);
  SLIPWAY_ASSIGN_OR_RETURN(const data::Matrix matrix,
                           data::ApplyPreprocessing(model->plan, state.table, test, state.threads));
  const std::vector<double> raw = model::RawScores(model->scorer, matrix, state.threads);
  const data::Target test_truth = data::SelectRows(state.target, test);
  train::CalibrationResult result;
  result.method = MethodOf(state.config().model);
  result.fitted_on = held_out.part;
  result.rows = std::ssize(held_out.rows);
  JudgeCalibration(test_truth, model::PredictRaw(model->scorer, raw), &result.metrics_before,
                   &result.before);
  model->scorer.calibration =
      train::FitCalibration(result.method, model->scorer, held_out.raw, truth.classes);
  JudgeCalibration(test_truth, model::PredictRaw(model->scorer, raw), &result.metrics_after,
                   &result.after);
  state.calibration = std::move(result);
  return {};
}

train::ThresholdResult FindThreshold(const RunState& state, const HeldOut& held_out,
                                     const data::Target& truth, const model::Scorer& scorer) {
  const model::Predictions predictions = model::PredictRaw(scorer, held_out.raw);
  std::vector<float> scores;
  std::vector<uint8_t> events;
  for (int64_t row = 0; row < predictions.rows; ++row) {
    scores.push_back(predictions.Score(row, truth.positive));
    events.push_back(truth.classes[static_cast<size_t>(row)] == truth.positive ? 1 : 0);
  }
  train::ThresholdResult result =
      train::ChooseThreshold(state.config().model.decision_threshold, scores, events);
  result.chosen_on = held_out.part;
  return result;
}

}  // namespace

bool NeedsHeldOut(const config::ModelConfig& model) {
  return !MethodOf(model).empty() || !model.decision_threshold.maximize.empty();
}

Status FitAnswer(RunState& state, const HeldOut& held_out, train::TrainedModel* model) {
  const config::ModelConfig& config = state.config().model;
  const data::Target truth = data::SelectRows(state.target, held_out.rows);
  if (!MethodOf(config).empty()) {
    SLIPWAY_RETURN_IF_ERROR(Calibrate(state, held_out, truth, model));
  }
  if (!config.decision_threshold.wanted()) return {};
  train::ThresholdResult threshold;
  if (config.decision_threshold.value) {
    threshold.least = static_cast<float>(*config.decision_threshold.value);
  } else {
    threshold = FindThreshold(state, held_out, truth, model->scorer);
  }
  threshold.positive = state.target.labels[static_cast<size_t>(state.target.positive)];
  model->scorer.threshold = model::DecisionThreshold{state.target.positive, threshold.least};
  state.threshold = std::move(threshold);
  return {};
}

Status KeepAnswer(RunState& state) {
  Json notes = Json::object();
  if (state.calibration) notes["calibration"] = train::ToJson(*state.calibration);
  if (state.threshold) notes["decision_threshold"] = train::ToJson(*state.threshold);
  return state.cache.PutJson(state.keys.train, kNotes, notes);
}

bool TakeAnswer(RunState& state) {
  const std::optional<Json> notes = state.cache.GetJson(state.keys.train, kNotes);
  if (!notes) return false;
  if (notes->contains("calibration")) {
    auto calibration = train::CalibrationResultFromJson((*notes)["calibration"]);
    if (!calibration.ok()) return false;
    state.calibration = *std::move(calibration);
  }
  if (notes->contains("decision_threshold")) {
    auto threshold = train::ThresholdResultFromJson((*notes)["decision_threshold"]);
    if (!threshold.ok()) return false;
    state.threshold = *std::move(threshold);
  }
  return true;
}

}  // namespace slipway::pipeline
