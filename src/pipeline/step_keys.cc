#include "pipeline/step_keys.h"

#include <fmt/format.h>

#include "core/build_info.h"
#include "core/hash.h"
#include "core/json.h"
#include "pipeline/step_cache.h"

namespace slipway::pipeline {
namespace {

Json ReadingFields(const config::Config& config, const std::vector<std::string>& text_columns) {
  const config::DataConfig& data = config.data;
  return {{"format", data.format},
          {"decimal", data.decimal},
          {"query", data.query},
          {"missing_values", data.missing_values},
          {"categorical", data.categorical_columns},
          {"text", text_columns},
          {"timestamp", data.timestamp_column},
          {"features", data.feature_columns},
          {"target", data.target_column},
          {"exclude", data.exclude_columns},
          {"ids", data.id_columns},
          {"group", data.split.group},
          {"time", data.split.time},
          {"weight", data.weight_column}};
}

Json SplitFields(const config::Config& config) {
  const config::SplitConfig& split = config.data.split;
  return {{"train", split.train},      {"validation", split.validation},
          {"test", split.test},        {"stratify", split.stratify},
          {"group", split.group},      {"time", split.time},
          {"seed", SplitSeed(config)}, {"folds", config.model.training_config.cross_validation},
          {"task", config.model.task}, {"positive_class", config.data.positive_class}};
}

Json ThresholdFields(const config::DecisionThresholdConfig& threshold) {
  return {threshold.value ? Json(*threshold.value) : Json(), threshold.maximize,
          threshold.false_positive, threshold.false_negative};
}

// Trainers of ours come to the same on any number of threads; what a program makes of these names
// is not known.
Json HyperparametersThatCount(const config::ModelConfig& model) {
  Json hyperparameters = model.hyperparameters;
  if (model.model_type == "command" || !hyperparameters.is_object()) return hyperparameters;
  hyperparameters.erase("n_jobs");
  hyperparameters.erase("verbose");
  return hyperparameters;
}

// What a fit and its score depend on, besides its rows.
Json FitFields(const config::Config& config) {
  Json steps = Json::array();
  for (const config::PreprocessingStep& step : config.data.preprocessing_steps) {
    steps.push_back({step.name, step.options});
  }
  return {{"model_type", config.model.model_type},
          {"hyperparameters", HyperparametersThatCount(config.model)},
          {"command", config.model.command.run},
          {"class_weight", config.model.class_weight},
          {"early_stopping", config.model.training_config.early_stopping},
          {"averaging", config.model.averaging},
          {"steps", std::move(steps)}};
}

// What is done to a model's answers after its fit.
Json AnswerFields(const config::ModelConfig& model) {
  return {{"calibration", model.calibration},
          {"threshold", ThresholdFields(model.decision_threshold)}};
}

// With the limits of a program, whose trial fails where it passes them.
Json SearchFields(const config::ModelConfig& model) {
  return {{"space", model.search_space},
          {"trials", model.search.trials},
          {"seconds", model.search.seconds},
          {"metric", model.search.metric},
          {"timeout", model.command.timeout_seconds},
          {"memory", model.command.memory}};
}

// What of the configuration an evaluation reads, its groups being the gates'.
Json EvaluationFields(const config::ModelConfig& model) {
  Json groups = Json::array();
  for (const config::GroupGap& gap : model.gates.group_gap) groups.push_back(gap.column);
  return {{"slices", model.slices.columns},
          {"groups", std::move(groups)},
          {"search", model.slices.search},
          {"min_rows", model.slices.min_rows},
          {"repeats", model.permutation_importance.repeats},
          {"rows", model.permutation_importance.rows},
          {"metric", model.permutation_importance.metric}};
}

Json GateFields(const config::ModelConfig& model) {
  Json thresholds = Json::array();
  for (const auto& [name, limit] : model.performance_thresholds)
    thresholds.push_back({name, limit});
  const config::GatesConfig& gates = model.gates;
  return {{"thresholds", std::move(thresholds)},
          {"single", gates.single_latency_seconds},
          {"batch", gates.batch_latency_seconds},
          {"size", gates.max_size_mb},
          {"parity", gates.parity},
          {"baseline", gates.beats_baseline},
          {"lower_bound", gates.lower_bound},
          {"gap", gates.max_train_test_gap ? Json(*gates.max_train_test_gap) : Json()},
          {"margin", gates.production.margin},
          {"confidence", gates.production.confidence},
          {"dry_run", gates.dry_run}};
}

}  // namespace

uint64_t ModelSeed(const config::ModelConfig& model) {
  const auto it = model.hyperparameters.find("random_state");
  if (it == model.hyperparameters.end() || !it->is_number_integer()) return 0;
  return static_cast<uint64_t>(it->get<int64_t>());
}

uint64_t SplitSeed(const config::Config& config) {
  return config.data.split.seed.value_or(ModelSeed(config.model));
}

StepKeys ComputeStepKeys(const config::Config& config, const std::string& source_digest,
                         const std::string& graph_digest,
                         const std::vector<std::string>& text_columns, const std::string& rules_key,
                         const std::string& production_digest) {
  StepKeys keys;
  const std::string table = StepKey(
      {"table", BuildId(), source_digest, CompactJson(ReadingFields(config, text_columns))});
  keys.data = StepKey({"data", table, rules_key});
  // The rules judge the table and do not change it; the schema's types are part of its key.
  keys.split = StepKey({"split", table, CompactJson(SplitFields(config))});
  const std::string fit = CompactJson(FitFields(config));
  keys.search =
      StepKey({"search", keys.split, fit, CompactJson(SearchFields(config.model)), graph_digest});
  keys.train =
      StepKey({"train", keys.split, fit, CompactJson(AnswerFields(config.model)), graph_digest});
  keys.evaluate = StepKey({"evaluate", keys.train, CompactJson(EvaluationFields(config.model))});
  // The artifact carries the configuration's `data` and `model` sections, so every key of them
  // counts here.
  const std::string sections = CompactJson({config.resolved.value("data", Json::object()),
                                            config.resolved.value("model", Json::object())});
  keys.gates = StepKey(
      {"gates", keys.evaluate, CompactJson(GateFields(config.model)), sections, production_digest});
  keys.run = StepKey({"run", keys.gates, rules_key, config.environment, config.project_name,
                      config.model_name(), config.version, config.artifact_store,
                      config.model_registry, CompactJson(config.resolved)});
  return keys;
}

void AddHyperparameters(const Json& hyperparameters, StepKeys* keys) {
  const std::string found = CompactJson(hyperparameters);
  for (std::string* key : {&keys->train, &keys->evaluate, &keys->gates})
    *key = StepKey({"found", *key, found});
}

void AddModel(const std::string& onnx, StepKeys* keys) {
  const std::string digest = DigestOf(onnx);
  for (std::string* key : {&keys->evaluate, &keys->gates}) *key = StepKey({"of", *key, digest});
}

std::string TrialKey(const StepKeys& keys, const config::Config& trial,
                     const std::string& graph_digest, double share, int fold) {
  return StepKey({"trial", keys.split, CompactJson(FitFields(trial)), graph_digest,
                  fmt::format("{:.17g} {}", share, fold)});
}

}  // namespace slipway::pipeline
