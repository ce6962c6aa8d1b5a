// Reads and computes what tests look at.
#include <fmt/format.h>

#include <algorithm>

#include "core/file_system.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/profile.h"
#include "data/select_rows.h"
#include "data/shared_rows.h"
#include "data/split.h"
#include "data/validation.h"
#include "gate/gate.h"
#include "pipeline/data_check.h"
#include "pipeline/evaluation.h"
#include "pipeline/evaluation_slices_internal.h"
#include "pipeline/model_test_internal.h"
#include "pipeline/split_rows.h"
#include "pipeline/step_keys.h"
#include "registry/registry.h"

namespace slipway::pipeline {
namespace {

Status ReadTable(const config::LoadedConfig& loaded, const config::TableSchema* schema,
                 ProgressSink& progress, TestSubject* subject) {
  SLIPWAY_RETURN_IF_ERROR(config::CheckDataSource(loaded));
  const Rules rules{loaded.config.data, schema};
  SLIPWAY_ASSIGN_OR_RETURN(
      CheckedTable checked,
      ReadAndCheck(rules, config::DataPath(loaded.config), subject->threads, progress));
  subject->table = std::move(checked.table);
  subject->dataset = std::move(checked.report);
  subject->source = config::ShownDataPath(loaded.config);
  return {};
}

// The columns of a graph that does not name them: those that a run would hand it.
std::vector<std::string> Features(const TestSubject& subject) {
  const auto features =
      data::SelectFeatures(subject.table, subject.config.data, subject.dataset.issues);
  return features.ok() ? *features : subject.config.data.feature_columns;
}

Status LoadModel(const TestOptions& options, TestSubject* subject) {
  const std::string reference = ModelToTest(subject->config, options);
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference parsed,
                           registry::ParseModelReference(reference));
  std::string directory;
  std::vector<std::string> features;
  if (parsed.kind == registry::ModelReference::Kind::kPath) {
    features = Features(*subject);
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(directory, registry::ConfiguredDirectory(subject->config));
  }
  Result<ChosenModel> chosen = ChooseModel(reference, directory, features);
  if (!chosen.ok()) {
    const bool absent = chosen.error().code() == ErrorCode::kNotFound && options.model.empty();
    if (!absent) return chosen.error();
    return Error(chosen.error()).Try("slipway run first, or --model REF");
  }
  subject->chosen = *std::move(chosen);
  return {};
}

// Classes are compared by their place.
Status CheckClasses(const TestSubject& subject) {
  const model::ModelSchema& schema = subject.schema();
  const std::vector<std::string>& labels = subject.target.labels;
  if (subject.predictor().classes() == labels) return {};
  Location location;
  location.file = subject.source;
  location.field = subject.target.column;
  const auto words = [](const std::vector<std::string>& classes) {
    return classes.empty() ? "a number" : "one of " + JoinOr(classes);
  };
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the target is {}, and the model answers with {}", words(labels),
                           words(subject.predictor().classes())))
      .At(std::move(location))
      .Try(schema.classes.empty() || labels.empty() ? "model.task, or another model"
                                                    : "another model, or --data");
}

// Where the table is not fit for it, that is what the data's tests tell.
Status MakeParts(TestSubject* subject) {
  const config::Config& config = subject->config;
  const auto unfit = [&](const Error& error) -> Status {
    if (subject->dataset.passed) return error;
    subject->unfit = "the table is not fit for it: " + error.ToString();
    return {};
  };
  auto target = data::EncodeTarget(subject->table, config.data, config.model.task);
  if (!target.ok()) return unfit(target.error());
  subject->target = *std::move(target);
  auto split = SplitRows(subject->table, subject->target, config);
  if (!split.ok()) return unfit(split.error());
  subject->split = *std::move(split);
  SLIPWAY_RETURN_IF_ERROR(CheckClasses(*subject));
  SLIPWAY_ASSIGN_OR_RETURN(subject->predictions,
                           subject->predictor().Predict(subject->table, subject->threads));
  return {};
}

// Rows that the model has learned from flatter it.
void WarnOfOtherSplit(const TestSubject& subject, ProgressSink& progress) {
  const auto lineage =
      ReadJsonFile(LocalFileSystem(), JoinPath(subject.chosen.model.directory, "lineage.json"));
  if (!lineage.ok() || !lineage->contains("split")) return;
  if (GetString((*lineage)["split"], "digest") == data::DigestOf(subject.split)) return;
  progress.Warn(
      "the model was trained on another split of the rows than this configuration and table make: "
      "it may have learned from rows of the test part");
}

Status AskGates(TestSubject* subject) {
  config::ModelConfig config = subject->config.model;
  const std::string& directory = subject->chosen.model.directory;
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, LocalFileSystem().Stat(directory));
  if (!stat.is_directory) config.gates.parity = false;  // A single file has no golden rows.
  SLIPWAY_ASSIGN_OR_RETURN(const train::Averaging averaging,
                           train::ParseAveraging(config.averaging));
  const Evaluation evaluation = Evaluate(subject->predictions, subject->target, subject->split,
                                         averaging, ModelSeed(config), subject->threads);
  const std::vector<int64_t> rows = subject->split.RowsOf(data::Part::kTest);
  const data::Table test_rows = data::SelectRows(subject->table, rows);
  const data::Target truth = data::SelectRows(subject->target, rows);
  const data::TableProfile profile =
      data::ProfileTable(subject->table, subject->split.RowsOf(data::Part::kTrain),
                         data::ProfileOptionsFor(subject->config.data), subject->threads);
  const train::SliceReport slices = SlicesOf(
      {config, subject->table, subject->target, subject->split, profile, {}, subject->threads},
      subject->predictions, averaging);
  const auto shared = data::FindSharedRows(subject->table, subject->split);
  const gate::LeakageFacts leakage =
      LeakageOf(subject->dataset.profiles, Features(*subject), shared ? &*shared : nullptr);
  const gate::GateInput input{.config = config,
                              .metrics = evaluation.test,
                              .train_metrics = evaluation.train,
                              .intervals = evaluation.intervals,
                              .slices = slices,
                              .leakage = leakage,
                              .artifact_directory = directory,
                              .test_rows = test_rows,
                              .truth = truth,
                              .majority_share = MajorityShare(subject->target, subject->split)};
  SLIPWAY_ASSIGN_OR_RETURN(subject->verdicts,
                           gate::RunGates(LocalFileSystem(), SystemClock(), input));
  return {};
}

}  // namespace

std::string ModelToTest(const config::Config& config, const TestOptions& options) {
  return options.model.empty() ? config.model_name() : options.model;
}

Status Prepare(const config::LoadedConfig& loaded, const config::TableSchema* schema,
               const TestOptions& options, const Needs& needs, ProgressSink& progress,
               TestSubject* subject) {
  subject->threads = options.threads > 0 ? options.threads : AvailableCores();
  if (needs.table) SLIPWAY_RETURN_IF_ERROR(ReadTable(loaded, schema, progress, subject));
  if (needs.model) SLIPWAY_RETURN_IF_ERROR(LoadModel(options, subject));
  if (needs.parts) SLIPWAY_RETURN_IF_ERROR(MakeParts(subject));
  if (!needs.gates || !subject->unfit.empty()) return {};
  WarnOfOtherSplit(*subject, progress);
  return AskGates(subject);
}

}  // namespace slipway::pipeline
