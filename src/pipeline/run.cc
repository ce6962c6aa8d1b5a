#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "core/build_info.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/replace_file.h"
#include "gate/gate.h"
#include "pipeline/data_check.h"
#include "pipeline/file_index.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/run_history.h"
#include "pipeline/run_log.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/settings_check.h"
#include "registry/data_snapshot.h"
#include "report/report.h"

namespace slipway::pipeline {
namespace {

constexpr int64_t kCacheLimitBytes = 4'000'000'000;

// "20261123-064107-3f2a": sorts by time, and two runs in one second differ.
std::string MakeRunId(Clock::WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     RandomName().substr(0, 4));
}

std::string StateDirectory(const config::Config& config) {
  return JoinPath(config.project_directory, ".slipway");
}

// Whether the version that a run registered is still there, with every byte of its artifact.
bool StillRegistered(RunState& state, const Json& record) {
  registry::ModelReference reference;
  reference.kind = registry::ModelReference::Kind::kVersion;
  reference.name = GetString(record, "model");
  reference.version = GetInteger(record, "version");
  if (reference.version <= 0) return true;  // Failed before it had a model.
  const auto registered = state.registry.versions().Get(reference);
  if (!registered.ok() || registered->digest != GetString(record, "digest")) return false;
  // A remote store's copy here may outlive what the store itself has.
  const Result<bool> stored = state.registry.artifacts().Contains(registered->digest);
  return stored.ok() && *stored && state.registry.Fetch(*registered).ok();
}

// Whether the source's bytes are kept, where they should be.
bool StillKept(RunState& state) {
  if (!state.config().data.snapshot) return true;
  const auto kept = registry::FindSnapshot(*state.registry.objects(), state.source_digest);
  return kept.ok() && kept->has_value();
}

// The run that had exactly these inputs, if all that it left is still there and as it was: whatever
// is not goes through the steps again, which take from the cache what is sound and repair the rest.
std::optional<Run> FindUnchanged(RunState& state, const std::string& slipway_directory) {
  const std::optional<Json> kept = state.cache.GetJson(state.keys.run, "run");
  if (!kept) return std::nullopt;
  Run run;
  run.run_id = GetString(*kept, "run_id");
  run.directory = fmt::format("{}/runs/{}", slipway_directory, run.run_id);
  run.report_path = run.directory + "/report.html";
  const std::string record_path = run.directory + "/run.json";
  const auto text = state.files.ReadFile(record_path);
  if (!text.ok() || DigestOf(*text) != GetString(*kept, "record_digest")) return std::nullopt;
  const auto file = ParseJson(*text, record_path);
  if (!file.ok() || !file->contains("record") || !(*file)["record"].is_object())
    return std::nullopt;
  run.record = (*file)["record"];
  const bool whole =
      state.files.Exists(run.report_path) && StillRegistered(state, run.record) && StillKept(state);
  if (!whole) return std::nullopt;
  // That run may have been called in another directory.
  run.record["report"] = run.report_path;
  run.passed = GetString(run.record, "status") == "passed";
  run.unchanged = true;
  return run;
}

// `evaluation_metrics` without those that this build does not compute.
std::vector<std::string> ShownMetrics(const config::LoadedConfig& loaded) {
  std::vector<std::string> shown = loaded.config.model.evaluation_metrics;
  std::erase_if(shown, [&](const std::string& metric) {
    return std::ranges::find(loaded.later, "model.evaluation_metrics." + metric,
                             &config::Origin::key) != loaded.later.end();
  });
  return shown.empty() ? std::vector<std::string>{"accuracy", "f1", "auc"} : shown;
}

void StartReport(RunState& state, const std::string& run_id, Clock::WallTime now) {
  const config::Config& config = state.config();
  report::RunReport& report = state.report;
  report.run_id = run_id;
  report.project = config.project_name;
  report.environment = config.environment;
  report.label = config.version;
  report.model_name = config.model_name();
  report.started_at = FormatTimestamp(now);
  report.slipway_version = Version();
  report.source_path = config::ShownDataPath(config);
  report.source_digest = state.source_digest;
  report.target = config.data.target_column;
  report.algorithm = config.model.model_type;
  report.hyperparameters = config.model.hyperparameters;
  report.shown_metrics = ShownMetrics(state.loaded);
}

// What the user set and this build does not act on would otherwise look done. The deployment
// section is none of a run's business.
void WarnOfKeysNotActedOn(RunState& state) {
  for (const config::Origin& later : state.loaded.later) {
    if (later.key.starts_with("deployment")) continue;
    state.progress.Warn(fmt::format("{}: accepted, and not acted on by this build: for {}",
                                    later.key, later.source));
  }
}

struct Step {
  const char* name;
  Result<StepEnd> (*run)(RunState&);
};

// The line itself. A data set that fails validation ends it; a failed gate does not, as the failed
// version is kept.
Status RunSteps(RunState& state) {
  constexpr Step kSteps[] = {{"data", DataStep},         {"split", SplitStep},
                             {"search", SearchStep},     {"train", TrainStep},
                             {"evaluate", EvaluateStep}, {"gates", GateStep},
                             {"snapshot", SnapshotStep}, {"register", RegisterStep}};
  for (const Step& step : kSteps) {
    if (step.run == SnapshotStep && !state.config().data.snapshot) continue;
    if (step.run == SearchStep && !Searches(state.config().model)) continue;
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    SLIPWAY_RETURN_IF_ERROR(RunStep(state, step.name, step.run));
    if (!state.passed && state.report.failed_step.empty()) state.report.failed_step = step.name;
    if (state.report.failed_step == "data") return {};
  }
  return {};
}

Json LineageOf(const RunState& state) {
  Json lineage = {{"source", state.source_digest}, {"run", state.report.run_id}};
  if (!state.digest.empty()) lineage["model"] = state.digest;
  lineage["build"] = BuildId();
  return lineage;
}

// Reports, the record and the cache's note that this was done: last, so that a crash before leaves
// a run that is done again from its cached steps.
Result<Run> FinishRun(RunState& state, const Stopwatch& watch) {
  report::RunReport& report = state.report;
  report.status = state.passed ? "passed" : "failed";
  report.lineage = LineageOf(state);
  if (state.version.registry_version > 0) {
    SLIPWAY_ASSIGN_OR_RETURN(
        report.card, report::MakeCard(state.version, state.artifact, report::RenderJson(report)));
  }
  Run run;
  run.run_id = report.run_id;
  run.passed = state.passed;
  run.directory = state.directory;
  run.report_path = state.directory + "/report.html";
  SLIPWAY_RETURN_IF_ERROR(report::WriteReports(state.files, state.directory, report));
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(state.files, state.directory + "/config.yaml",
                                              config::ToYaml(state.config())));
  run.seconds = watch.seconds();
  report.timings.emplace_back("total", run.seconds);
  run.record = RunRecord(state, run.report_path);
  const Json file = {
      {"record", run.record},
      {"project", report.project},
      {"started_at", report.started_at},
      {"seconds", run.seconds},
      {"source", {{"path", report.source_path}, {"digest", report.source_digest}}},
      {"algorithm", report.algorithm},
      {"hyperparameters", report.hyperparameters},
      {"config",
       {{"data", state.config().resolved.value("data", Json::object())},
        {"model", state.config().resolved.value("model", Json::object())}}},
      {"keys", {{"data", state.keys.data}, {"train", state.keys.train}, {"run", state.keys.run}}}};
  const std::string text = PrettyJson(file);
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(state.files, state.directory + "/run.json", text));
  if (gate::Repeatable(state.verdicts)) {
    SLIPWAY_RETURN_IF_ERROR(state.cache.PutJson(
        state.keys.run, "run", {{"run_id", run.run_id}, {"record_digest", DigestOf(text)}}));
  }
  state.cache.Prune(kCacheLimitBytes);
  return run;
}

// Nobody will look for reports of a run without an answer, and what it did is in the cache. Its log
// stays, until another run fails.
void DropRun(FileSystem& files, const std::string& directory,
             const std::string& slipway_directory) {
  (void)files.Rename(directory + "/run.log", slipway_directory + "/last-failed.log");
  (void)files.RemoveTree(directory);
}

}  // namespace

Status RunStep(RunState& state, const char* name,
               const std::function<Result<StepEnd>(RunState&)>& step) {
  state.progress.StepStarted(name);
  const Stopwatch watch;
  SLIPWAY_ASSIGN_OR_RETURN(const StepEnd end, step(state));
  state.report.timings.emplace_back(name, watch.seconds());
  if (end.cached) state.report.cached.emplace_back(name);
  state.progress.StepFinished(name, end.ok, end.cached, end.summary, watch.seconds(), end.facts);
  return {};
}

Result<std::string> ClaimRunId(FileSystem& files, const std::string& runs_directory,
                               const std::function<std::string()>& make_id) {
  constexpr int kTries = 100;
  SLIPWAY_RETURN_IF_ERROR(files.CreateDirectories(runs_directory));
  for (int i = 0; i < kTries; ++i) {
    std::string id = make_id();
    const std::string directory = JoinPath(runs_directory, id);
    std::error_code error;
    // Tells whether this call made it, which FileSystem's mkdir -p does not.
    if (std::filesystem::create_directory(directory, error)) return id;
    if (error) return SystemError("create the directory", directory, error.value());
  }
  return Error(ErrorCode::kConflict, "no free name for a run's directory in " + runs_directory)
      .Try("again");
}

Result<Run> RunLine(const config::LoadedConfig& loaded, const RunOptions& options,
                    ProgressSink& progress, FileSystem& files) {
  const Stopwatch watch;
  const config::Config& config = loaded.config;
  SLIPWAY_RETURN_IF_ERROR(config::CheckDataSource(loaded));
  SLIPWAY_RETURN_IF_ERROR(CheckSettings(loaded));
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenRegistry(config));
  const std::string slipway_directory = StateDirectory(config);
  FileIndex index(files, slipway_directory + "/cache/files.json");
  StepCache cache(files, slipway_directory + "/cache/steps", !options.no_cache);

  RunLog log(progress, SystemClock());
  RunState state(loaded, options, log, files, cache, *registry);
  state.threads = options.threads > 0 ? options.threads : AvailableCores();
  state.source_path = config::DataPath(config);
  SLIPWAY_RETURN_IF_ERROR(TakeSourceDigest(state, index));
  SLIPWAY_ASSIGN_OR_RETURN(const std::optional<registry::ModelVersion> production,
                           registry->InStage(config.model_name(), "production"));
  SLIPWAY_ASSIGN_OR_RETURN(state.table_schema, LoadSchema(config));
  const config::TableSchema* schema = state.table_schema ? &*state.table_schema : nullptr;
  SLIPWAY_ASSIGN_OR_RETURN(state.graph_digest, DigestOfGraphSource(loaded, files));
  state.keys = ComputeStepKeys(config, state.source_digest, state.graph_digest, TextColumns(schema),
                               RulesKey(config.data.validation_rules, schema),
                               production ? production->digest : std::string());
  if (std::optional<Run> unchanged = FindUnchanged(state, slipway_directory)) {
    NoteRunAgain(files, unchanged->directory);
    unchanged->seconds = watch.seconds();
    return *std::move(unchanged);
  }

  const Clock::WallTime now = SystemClock().Now();
  SLIPWAY_ASSIGN_OR_RETURN(const std::string run_id, ClaimRunId(files, slipway_directory + "/runs",
                                                                [now] { return MakeRunId(now); }));
  state.directory = fmt::format("{}/runs/{}", slipway_directory, run_id);
  const Status opened = log.Open(files, state.directory + "/run.log");
  WarnOfKeysNotActedOn(state);
  StartReport(state, run_id, now);
  const Status steps = RunSteps(state);
  Result<Run> run = steps.ok() ? FinishRun(state, watch) : steps.error();
  const Status closed = log.Close(run.ok() ? nullptr : &run.error());
  for (const Status* status : {&opened, &closed}) {
    if (!status->ok()) progress.Warn("the log is not whole: " + status->error().ToString());
  }
  if (!run.ok()) DropRun(files, state.directory, slipway_directory);
  return run;
}

}  // namespace slipway::pipeline
