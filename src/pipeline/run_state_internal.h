// What the steps of a run hand to each other. Only the files of this folder see it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/table_schema.h"
#include "core/file_system.h"
#include "core/progress.h"
#include "data/preprocessing.h"
#include "data/profile.h"
#include "data/target.h"
#include "data/types.h"
#include "gate/types.h"
#include "model/artifact.h"
#include "pipeline/evaluation.h"
#include "pipeline/file_index.h"
#include "pipeline/step_cache.h"
#include "pipeline/step_keys.h"
#include "pipeline/types.h"
#include "registry/registry.h"
#include "report/types.h"
#include "train/calibration.h"
#include "train/decision_threshold.h"
#include "train/train.h"
#include "train/types.h"

namespace slipway::pipeline {

// Filled from top to bottom as the line goes; each step reads what stands above its own part. Owned
// by RunLine, used from one thread.
struct RunState {
  RunState(const config::LoadedConfig& loaded_config, const RunOptions& run_options,
           ProgressSink& sink, FileSystem& file_system, StepCache& step_cache,
           registry::Registry& model_registry)
      : loaded(loaded_config),
        options(run_options),
        progress(sink),
        files(file_system),
        cache(step_cache),
        registry(model_registry) {}

  const config::LoadedConfig& loaded;
  const RunOptions& options;
  ProgressSink& progress;
  FileSystem& files;
  StepCache& cache;
  registry::Registry& registry;
  int threads = 1;

  std::optional<config::TableSchema> table_schema;  // What data.schema names.
  StepKeys keys;
  std::string source_path;  // What to open.
  std::string source_digest;
  std::string graph_digest;  // Of what the model's graph comes from; "" for a trainer of ours.
  IndexedSource source;      // Its files, as they were when the digest was taken.
  std::string directory;     // Of this run's files.

  data::DatasetReport dataset;  // data
  data::Table table;

  data::Target target;              // split
  std::vector<double> row_weights;  // One a row of the table, or none.
  std::vector<std::string> features;
  data::Split split;
  data::TableProfile training_profile;

  std::optional<config::Config> tuned;  // search: with the hyper-parameters that were found.

  data::PreprocessingPlan plan;  // train
  std::string onnx;
  std::vector<train::FoldResult> folds;
  std::vector<train::FeatureImportance> importances;
  std::vector<std::string> notes;  // Of the trainer.
  // What was done to the model's answers after it was fitted.
  std::optional<train::CalibrationResult> calibration;
  std::optional<train::ThresholdResult> threshold;

  Evaluation evaluation;                  // evaluate
  data::TableProfile prediction_profile;  // Of the test rows.
  std::string golden;

  model::ArtifactFiles artifact;  // package
  model::ModelSchema schema;
  std::string digest;
  registry::ArtifactHold hold;  // From here until it is registered.

  std::vector<gate::Verdict> verdicts;  // gates
  registry::ModelVersion version;       // register

  bool passed = true;
  report::RunReport report;

  const config::Config& config() const { return loaded.config; }
  // What models are fitted by.
  const config::Config& fit_config() const { return tuned ? *tuned : loaded.config; }
};

// How a step ended, for people and machines.
struct StepEnd {
  std::string summary;
  bool ok = true;
  bool cached = false;
  Json facts = Json::object();
};

// Times the step, tells the progress sink, and notes both in the report.
Status RunStep(RunState& state, const char* name,
               const std::function<Result<StepEnd>(RunState&)>& step);

// `asked` by the name that metrics are kept by; where it is "" auc, or r2 of numbers.
std::string MetricOr(const RunState& state, const std::string& asked);

// Of a fold in the cache.
std::string FoldName(int fold);
// Of a fit of a search, under its TrialKey.
inline constexpr const char* kTrialName = "trial";
std::optional<train::FoldResult> TakeFoldResult(RunState& state, const std::string& key,
                                                const std::string& name);
// A fold's result out of the cache; false where it is not there.
bool TakeFold(RunState& state, int fold);
// Into the cache, and among the run's.
Status KeepFold(RunState& state, train::FoldResult result);
// What a fit reads of the run; `config` has its hyper-parameters and outlives it.
train::FitInput FitInputOf(const RunState& state, const config::Config& config, int threads);

// What the target alone says of a model's schema.
model::ModelSchema SchemaOfTarget(const RunState& state);

// The digest of what the table is read from: of files, or of the rows of a database.
Status TakeSourceDigest(RunState& state, FileIndex& index);

// The steps, in order. Each is resumable: what the cache has is not done again.
Result<StepEnd> DataStep(RunState& state);
Result<StepEnd> SplitStep(RunState& state);
// Only where hyper-parameters are to be looked for.
Result<StepEnd> SearchStep(RunState& state);
Result<StepEnd> TrainStep(RunState& state);
Result<StepEnd> EvaluateStep(RunState& state);
Result<StepEnd> GateStep(
    RunState& state);  // Packages the artifact first: gates judge what would be registered.
// Only where data.snapshot asks for it; before a version is registered whose data should be there.
Result<StepEnd> SnapshotStep(RunState& state);
Result<StepEnd> RegisterStep(RunState& state);

// The artifact's files, sealed, from what the steps before left in `state`.
Status PackageArtifact(RunState& state);

// Takes an id for a run by making its directory, which no other run has then. `make_id` is asked
// again while its answer is taken.
Result<std::string> ClaimRunId(FileSystem& files, const std::string& runs_directory,
                               const std::function<std::string()>& make_id);

// The contract's last line for a finished run.
Json RunRecord(const RunState& state, const std::string& report_path);

}  // namespace slipway::pipeline
