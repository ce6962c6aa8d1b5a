// From a trained model to a registered version: package, judge, register.
#include <fmt/format.h>

#include <algorithm>

#include "core/build_info.h"
#include "core/text.h"
#include "data/select_rows.h"
#include "data/shared_rows.h"
#include "data/split.h"
#include "gate/gate.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/split_rows.h"
#include "registry/data_snapshot.h"

namespace slipway::pipeline {
namespace {

// The configuration's part of the revision. An absolute path says where somebody's file lay, not
// what the model is.
std::string ConfigFile(const config::Config& config) {
  Json sections = Json::object();
  for (const char* name : {"data", "model"}) {
    if (config.resolved.contains(name)) sections[name] = config.resolved[name];
  }
  for (const char* pointer : {"/data/source_path", "/model/onnx/path", "/model/command/folder"}) {
    const Json::json_pointer place(pointer);
    if (!sections.contains(place)) continue;
    const std::string path = sections[place].is_string() ? sections[place] : "";
    if (path.starts_with('/')) sections[place] = BaseName(path);
  }
  // Nor does it matter to the model whether its table was kept.
  if (sections.contains("data")) sections["data"].erase("snapshot");
  return config::JsonToYaml(sections);
}

Json Lineage(const RunState& state) {
  Json lineage = {
      {"source", {{"digest", state.source_digest}, {"rows", state.table.rows}}},
      {"split", {{"digest", data::DigestOf(state.split)}, {"seed", SplitSeed(state.config())}}},
      {"seed", ModelSeed(state.config().model)}};
  if (!state.graph_digest.empty()) {
    lineage[state.config().model.model_type] = {{"digest", state.graph_digest}};
  }
  if (state.tuned) lineage["hyperparameters"] = state.tuned->model.hyperparameters;
  lineage["slipway"] = {{"build", BuildId()}};
  return lineage;
}

std::string ProfileFile(const RunState& state) {
  Json profile = {{"part", "train"}};
  profile.update(data::ToStoredJson(state.training_profile));
  profile["predictions"] = {{"part", "test"}};
  profile["predictions"].update(data::ToStoredJson(state.prediction_profile));
  return PrettyJson(profile);
}

// Asks the registry for the version in production, for the gate that compares with it.
class RegisteredProduction : public gate::ProductionModel {
 public:
  explicit RegisteredProduction(RunState& state) : state_(state) {}

  Result<std::optional<gate::ProductionVersion>> Load() override {
    SLIPWAY_ASSIGN_OR_RETURN(const std::optional<registry::ModelVersion> found,
                             state_.registry.InStage(state_.config().model_name(), "production"));
    if (!found) return std::optional<gate::ProductionVersion>();
    SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, state_.registry.Fetch(*found));
    SLIPWAY_ASSIGN_OR_RETURN(model::Model loaded,
                             model::LoadModel(state_.files, directory, found->digest));
    SLIPWAY_ASSIGN_OR_RETURN(const Json theirs,
                             ReadJsonFile(state_.files, JoinPath(directory, "lineage.json")));
    const Json ours = Lineage(state_);
    const auto same = [&](const char* what) {
      return theirs.contains(what) &&
             GetString(theirs[what], "digest") == GetString(ours[what], "digest");
    };
    return std::optional(gate::ProductionVersion{std::move(loaded), same("source") && same("split"),
                                                 theirs.contains("onnx")});
  }

 private:
  RunState& state_;
};

Status JudgeArtifact(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           state.registry.artifacts().Fetch(state.digest));
  const std::vector<int64_t> rows = state.split.RowsOf(data::Part::kTest);
  const data::Table test_rows = data::SelectRows(state.table, rows);
  const data::Target truth = data::SelectRows(state.target, rows);
  const std::vector<int32_t> groups = GroupsOf(state.table, state.config().data, rows);
  RegisteredProduction production(state);
  const auto& issues = state.report.dataset.issues;
  const auto shared = std::ranges::find(issues, data::kSharedRowsKind, &data::Issue::kind);
  const gate::LeakageFacts leakage = LeakageOf(state.dataset.profiles, state.features,
                                               shared == issues.end() ? nullptr : &*shared);
  const gate::GateInput input{state.config().model,
                              state.evaluation.test,
                              state.evaluation.train,
                              state.evaluation.intervals,
                              state.evaluation.slices,
                              leakage,
                              directory,
                              test_rows,
                              truth,
                              MajorityShare(state.target, state.split),
                              &production,
                              groups};
  SLIPWAY_ASSIGN_OR_RETURN(state.verdicts, gate::RunGates(state.files, SystemClock(), input));
  if (!gate::Repeatable(state.verdicts)) return {};
  Json verdicts = Json::array();
  for (const gate::Verdict& verdict : state.verdicts) verdicts.push_back(gate::ToJson(verdict));
  return state.cache.PutJson(state.keys.gates, "verdicts", verdicts);
}

bool VerdictsFromCache(RunState& state) {
  const std::optional<Json> json = state.cache.GetJson(state.keys.gates, "verdicts");
  if (!json || !json->is_array()) return false;
  std::vector<gate::Verdict> verdicts;
  for (const Json& one : *json) {
    auto verdict = gate::VerdictFromJson(one);
    if (!verdict.ok()) return false;
    verdicts.push_back(*std::move(verdict));
  }
  state.verdicts = std::move(verdicts);
  return true;
}

// "7 of 7", and the reasons of those that said no.
std::string GateSummary(const std::vector<gate::Verdict>& verdicts) {
  const auto passed = std::ranges::count(verdicts, gate::Outcome::kPass, &gate::Verdict::outcome);
  std::vector<std::string> parts = {fmt::format("{} of {}", passed, verdicts.size())};
  for (const gate::Verdict& verdict : verdicts) {
    if (verdict.outcome == gate::Outcome::kPass) continue;
    parts.push_back(verdict.reason + (verdict.dry_run ? " (dry run)" : ""));
  }
  if (parts.size() > 1) return Join(parts, " · ");
  for (const gate::Verdict& verdict : verdicts) parts.push_back(gate::InBrief(verdict));
  return Join(parts, " · ");
}

int64_t SizeOf(const model::ArtifactFiles& files) {
  int64_t size = 0;
  for (const auto& [name, bytes] : files) size += static_cast<int64_t>(bytes.size());
  return size;
}

registry::ModelVersion VersionOf(const RunState& state) {
  const config::Config& config = state.config();
  registry::ModelVersion version;
  version.name = config.model_name();
  version.version = config.version;
  version.digest = state.digest;
  version.verdict = state.passed ? "passed" : "failed";
  version.algorithm = config.model.model_type;
  version.task = data::ToString(state.target.task);
  version.training_data_hash = state.source_digest;
  const Json schema = model::ToJson(state.schema);
  if (schema.contains("inputs")) version.feature_schema = schema["inputs"];
  version.performance_metrics = train::MetricsToJson(state.evaluation.test);
  version.training_config = config.resolved.value("model", Json::object());
  if (state.tuned) version.training_config["hyperparameters"] = state.tuned->model.hyperparameters;
  version.deployment_config = config.resolved.value("deployment", Json::object());
  version.created_by = registry::CurrentActor();
  version.run_id = state.report.run_id;
  version.size_bytes = SizeOf(state.artifact);
  return version;
}

}  // namespace

namespace {

// With what was done to the answers, whose figures are of the test part too.
Json MetricsOf(const RunState& state) {
  Json file = MetricsFile(state.evaluation, state.folds);
  if (state.calibration) file["calibration"] = train::ToJson(*state.calibration);
  if (state.threshold) file["decision_threshold"] = train::ToJson(*state.threshold);
  return file;
}

}  // namespace

Status PackageArtifact(RunState& state) {
  model::ArtifactFiles& files = state.artifact;
  files["model.onnx"] = state.onnx;
  files["schema.json"] = PrettyJson(model::ToJson(state.schema));
  files["profile.json"] = ProfileFile(state);
  files["metrics.json"] = PrettyJson(MetricsOf(state));
  files["golden.jsonl"] = state.golden;
  files["config.yaml"] = ConfigFile(state.config());
  files["lineage.json"] = PrettyJson(Lineage(state));
  state.digest = model::Seal(&files, state.schema);
  // Who deletes the last version of this digest would take the artifact away while it is judged.
  SLIPWAY_ASSIGN_OR_RETURN(state.hold, state.registry.HoldArtifacts());
  return state.registry.artifacts().Put(state.digest, files);
}

Result<StepEnd> GateStep(RunState& state) {
  SLIPWAY_RETURN_IF_ERROR(PackageArtifact(state));
  StepEnd end;
  end.cached = VerdictsFromCache(state);
  if (!end.cached) SLIPWAY_RETURN_IF_ERROR(JudgeArtifact(state));
  state.report.gates = state.verdicts;
  state.report.digest = state.digest;
  end.ok = gate::Passed(state.verdicts);
  state.passed = end.ok;
  end.summary = GateSummary(state.verdicts);
  Json verdicts = Json::array();
  for (const gate::Verdict& verdict : state.verdicts) verdicts.push_back(gate::ToJson(verdict));
  end.facts = {{"passed", end.ok}, {"gates", std::move(verdicts)}};
  return end;
}

namespace {

std::vector<registry::NamedSource> SetOf(const IndexedSource& source) {
  std::vector<registry::NamedSource> set;
  for (const IndexedPart& part : source.parts) set.push_back({part.path, part.name, part.digest});
  return set;
}

}  // namespace

Result<StepEnd> SnapshotStep(RunState& state) {
  data::ObjectStore& store = *state.registry.objects();
  SLIPWAY_ASSIGN_OR_RETURN(
      const registry::Snapshot snapshot,
      state.source.one
          ? registry::TakeSnapshot(store, {state.source_path}, state.source_digest, state.progress)
          : registry::TakeSetSnapshot(store, SetOf(state.source), state.progress));
  StepEnd end;
  end.cached = snapshot.uploaded == 0;
  end.summary = fmt::format("{} in {}", FormatBytes(snapshot.bytes), store.Describe());
  end.facts = {
      {"digest", snapshot.digest}, {"bytes", snapshot.bytes}, {"uploaded", snapshot.uploaded}};
  return end;
}

Result<StepEnd> RegisterStep(RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(state.version,
                           state.registry.Register(VersionOf(state), state.artifact));
  state.hold.reset();
  const registry::ModelVersion& version = state.version;
  state.report.version = version.registry_version;
  StepEnd end;
  // The registry gives back the version of an earlier run where the artifact is the same.
  end.cached = version.run_id != state.report.run_id;
  end.ok = version.verdict == "passed";
  end.summary = fmt::format("{}:{}  sha256:{}…", version.name, version.registry_version,
                            version.digest.substr(7, 12));
  if (!end.ok) end.summary += "  marked as not passed";
  end.facts = {{"name", version.name},
               {"version", version.registry_version},
               {"digest", version.digest},
               {"verdict", version.verdict}};
  return end;
}

}  // namespace slipway::pipeline
