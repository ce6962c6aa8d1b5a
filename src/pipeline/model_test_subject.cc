// Reads and computes what tests look at.
#include <fmt/format.h>

#include <algorithm>

#include "core/file_system.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/select_rows.h"
#include "data/shared_rows.h"
#include "data/split.h"
#include "data/validation.h"
#include "gate/gate.h"
#include "pipeline/data_check.h"
#include "pipeline/evaluation.h"
#include "pipeline/evaluation_slices_internal.h"
#include "pipeline/file_index.h"
#include "pipeline/model_test_internal.h"
#include "pipeline/run_history.h"
#include "pipeline/split_rows.h"
#include "pipeline/step_keys.h"
#include "registry/registry.h"

namespace slipway::pipeline {
namespace {

Status ReadTable(const config::LoadedConfig& loaded, const config::TableSchema* schema,
                 ProgressSink& progress, TestSubject* subject) {
  SLIPWAY_RETURN_IF_ERROR(config::CheckDataSource(loaded));
  config::DataConfig data = loaded.config.data;
  Rules rules{data, schema};
  if (subject->chosen.model.predictor != nullptr) {
    rules.model = &subject->schema();
    // What the model takes the table must have, whether the configuration names it or not.
    for (const std::string& name : InputNames(subject->predictor()))
      data.validation_rules.required_columns.push_back(name);
  }
  SLIPWAY_ASSIGN_OR_RETURN(
      CheckedTable checked,
      ReadAndCheck(rules, config::DataPath(loaded.config), subject->threads, progress));
  subject->table = std::move(checked.table);
  subject->dataset = std::move(checked.report);
  subject->rows_digest = std::move(checked.rows_digest);
  subject->source = config::ShownDataPath(loaded.config);
  return {};
}

// The columns of a graph that does not name them: those that a run would hand it.
std::vector<std::string> Features(const TestSubject& subject) {
  const auto features =
      data::SelectFeatures(subject.table, subject.config.data, subject.dataset.issues);
  return features.ok() ? *features : subject.config.data.feature_columns;
}

// With which version `slipway run` of this environment ended last: the newest may be another
// environment's, and a run that finds nothing changed ends with an older one. Only the name where
// there was no such run, or its version is gone: that is the newest.
std::string ModelOfLastRun(const config::Config& config, const std::string& directory,
                           ProgressSink& progress) {
  std::string name = config.model_name();
  FileSystem& files = LocalFileSystem();
  const auto run = LastRunOfModel(files, JoinPath(config.project_directory, ".slipway"),
                                  config.environment, name);
  if (!run.ok() || !*run) return name;
  // What is wrong with the registry is told when the model is loaded.
  const auto opened =
      registry::OpenExisting(registry::FindRegistryDirectory(directory, ".", files));
  if (!opened.ok()) return name;
  const Json& record = (*run)->record;
  std::string reference = fmt::format("{}:{}", name, GetInteger(record, "version"));
  const auto found = (*opened)->Find(reference);
  if (!found.ok() || found->digest != GetString(record, "digest")) return name;
  const auto newest = (*opened)->Find(name);
  if (newest.ok() && newest->registry_version != found->registry_version) {
    progress.Warn(
        fmt::format("the model is {}, with which the last run of {} ended, not the newest version, "
                    "{}:{}; for that one: --model {}",
                    reference, config.environment, name, newest->registry_version, name));
  }
  return reference;
}

Status LoadModel(const TestOptions& options, ProgressSink& progress, TestSubject* subject) {
  std::string reference = ModelToTest(subject->config, options);
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference parsed,
                           registry::ParseModelReference(reference));
  std::string directory;
  std::vector<std::string> features;
  if (parsed.kind == registry::ModelReference::Kind::kPath) {
    features = Features(*subject);
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(directory, registry::ConfiguredDirectory(subject->config));
    if (options.model.empty()) reference = ModelOfLastRun(subject->config, directory, progress);
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

// The first of many.
std::string Listed(std::vector<std::string> names) {
  constexpr size_t kMost = 12;
  const size_t count = names.size();
  if (count > kMost) {
    names.resize(kMost);
    names.push_back(fmt::format("{} more", count - kMost));
  }
  return JoinOr(names);
}

Error OtherTarget(const TestSubject& subject, std::string message) {
  Location location;
  location.file = subject.source;
  location.field = subject.target.column;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

// The target by the places of the model's classes, of which the table may have but some.
Status TakeClasses(TestSubject* subject) {
  data::Target& target = subject->target;
  const std::vector<std::string>& classes = subject->predictor().classes();
  if (target.labels.empty() != classes.empty()) {
    const auto words = [](const std::vector<std::string>& names) {
      return names.empty() ? "a number" : "one of " + Listed(names);
    };
    return OtherTarget(*subject, fmt::format("the target is {}, and the model answers with {}",
                                             words(target.labels), words(classes)))
        .Try("model.task, or another model");
  }
  std::vector<int32_t> places;
  std::vector<std::string> unknown;
  for (const std::string& label : target.labels) {
    const auto found = std::ranges::find(classes, label);
    places.push_back(static_cast<int32_t>(found - classes.begin()));
    if (found == classes.end()) unknown.push_back(label);
  }
  if (!unknown.empty()) {
    return OtherTarget(*subject, fmt::format("the model has no class {}", Listed(unknown)))
        .Expected(Listed(classes))
        .Try("another model, or --data");
  }
  for (int32_t& cls : target.classes) cls = places[static_cast<size_t>(cls)];
  target.positive = target.positive < 0 || classes.size() != 2
                        ? -1
                        : places[static_cast<size_t>(target.positive)];
  target.labels = classes;
  return {};
}

Status MakeParts(TestSubject* subject) {
  const config::Config& config = subject->config;
  const model::ModelSchema& schema = subject->schema();
  config::DataConfig data = config.data;
  // Of more than two classes none is the positive one, and any may be absent here.
  if (schema.classes.size() > 2) data.positive_class.clear();
  const bool by_model = config.model.task == "auto" && !schema.task.empty();
  SLIPWAY_ASSIGN_OR_RETURN(
      subject->target,
      data::EncodeTarget(subject->table, data, by_model ? schema.task : config.model.task));
  // By the table's own classes, as a run divides it.
  SLIPWAY_ASSIGN_OR_RETURN(subject->split, SplitRows(subject->table, subject->target, config));
  SLIPWAY_RETURN_IF_ERROR(TakeClasses(subject));
  SLIPWAY_ASSIGN_OR_RETURN(subject->predictions,
                           subject->predictor().Predict(subject->table, subject->threads));
  return {};
}

// What a table is not fit for is no error where the data's tests tell what is wrong with it.
Status UnlessUnfit(const Status& status, TestSubject* subject) {
  if (status.ok() || !IsUnfit(*subject, status.error())) return status;
  subject->unfit = UnfitText(status.error());
  return {};
}

// Of what the table was read from; "" where it can't be told.
std::string DigestOfSource(const TestSubject& subject) {
  const std::string path = config::DataPath(subject.config);
  if (data::IsDatabaseUri(path)) return subject.rows_digest;
  FileIndex index(LocalFileSystem(),
                  JoinPath(subject.config.project_directory, ".slipway/cache/files.json"));
  const auto source = index.DigestSource(path, false);
  return source.ok() ? source->digest : "";
}

// Rows that the model has learned from flatter it.
void WarnOfOtherSplit(const TestSubject& subject, ProgressSink& progress) {
  const auto lineage =
      ReadJsonFile(LocalFileSystem(), JoinPath(subject.chosen.model.directory, "lineage.json"));
  if (!lineage.ok() || !lineage->contains("split")) return;
  if (GetString((*lineage)["split"], "digest") != data::DigestOf(subject.split)) {
    return progress.Warn(
        "the model was trained on another split of the rows than this configuration and table "
        "make: it may have learned from rows of the test part");
  }
  // The split numbers rows: where these stand in another order, its test part are others.
  if (!lineage->contains("source")) return;
  const std::string theirs = GetString((*lineage)["source"], "digest");
  const std::string ours = DigestOfSource(subject);
  if (theirs.empty() || ours.empty() || ours == theirs) return;
  progress.Warn(
      "the model was trained on another table than this one, whose rows may stand in another "
      "order: it may have learned from rows of the test part");
}

Status AskGates(const config::LoadedConfig& loaded, TestSubject* subject) {
  SLIPWAY_RETURN_IF_ERROR(CheckSliceColumns(loaded, subject->table));
  config::ModelConfig config = subject->config.model;
  const std::string& directory = subject->chosen.model.directory;
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, LocalFileSystem().Stat(directory));
  if (!stat.is_directory) config.gates.parity = false;  // A single file has no golden rows.
  SLIPWAY_ASSIGN_OR_RETURN(const train::Averaging averaging,
                           train::ParseAveraging(config.averaging));
  const std::vector<int64_t> rows = subject->split.RowsOf(data::Part::kTest);
  const std::vector<int32_t> groups = GroupsOf(subject->table, subject->config.data, rows);
  const Evaluation evaluation = Evaluate(subject->predictions, subject->target, subject->split,
                                         averaging, ModelSeed(config), subject->threads, groups);
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
                              .majority_share = MajorityShare(subject->target, subject->split),
                              .groups = groups,
                              .features = InputNames(subject->predictor())};
  SLIPWAY_ASSIGN_OR_RETURN(subject->verdicts,
                           gate::RunGates(LocalFileSystem(), SystemClock(), input));
  return {};
}

}  // namespace

std::string ModelToTest(const config::Config& config, const TestOptions& options) {
  return options.model.empty() ? config.model_name() : options.model;
}

bool IsBareGraph(const registry::ModelReference& reference) {
  if (reference.kind != registry::ModelReference::Kind::kPath) return false;
  const Result<FileStat> stat = LocalFileSystem().Stat(reference.path);
  return stat.ok() ? !stat->is_directory : ToLower(reference.path).ends_with(".onnx");
}

std::vector<std::string> InputNames(const model::Predictor& predictor) {
  std::vector<std::string> names;
  for (const model::InputField& input : predictor.inputs()) names.push_back(input.name);
  return names;
}

bool IsUnfit(const TestSubject& subject, const Error& error) {
  return !subject.dataset.passed && error.code() == ErrorCode::kInvalidInput;
}

std::string UnfitText(const Error& error) {
  return "the table is not fit for it: " + error.ToString();
}

Status Prepare(const config::LoadedConfig& loaded, const config::TableSchema* schema,
               const TestOptions& options, const Needs& needs, ProgressSink& progress,
               TestSubject* subject) {
  subject->threads = options.threads > 0 ? options.threads : AvailableCores();
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference reference,
                           registry::ParseModelReference(ModelToTest(loaded.config, options)));
  // A model says how the table is read; the table names the columns of a graph that does not.
  const bool bare = needs.model && IsBareGraph(reference);
  if (needs.model && !bare) SLIPWAY_RETURN_IF_ERROR(LoadModel(options, progress, subject));
  if (needs.table || bare) SLIPWAY_RETURN_IF_ERROR(ReadTable(loaded, schema, progress, subject));
  if (bare) SLIPWAY_RETURN_IF_ERROR(LoadModel(options, progress, subject));
  if (!needs.parts) return {};
  SLIPWAY_RETURN_IF_ERROR(UnlessUnfit(MakeParts(subject), subject));
  if (!subject->unfit.empty()) return {};
  WarnOfOtherSplit(*subject, progress);
  return needs.gates ? UnlessUnfit(AskGates(loaded, subject), subject) : Status();
}

}  // namespace slipway::pipeline
