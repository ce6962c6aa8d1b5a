#include "registry/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "core/text.h"
#include "model/artifact.h"
#include "registry/artifact_config.h"
#include "registry/artifact_files_internal.h"

namespace slipway::registry {
namespace {

Error NotAnArtifact(const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, std::move(message))
      .At(std::move(location))
      .Expected(
          "an artifact directory, with manifest.json, as slipway run and slipway models download "
          "make");
}

// test metrics as flat numbers: {"test": {"accuracy": {"value": 0.9, …}, …}, …}.
Json FlatMetrics(const Json& metrics) {
  Json flat = Json::object();
  const auto test = metrics.find("test");
  if (test == metrics.end() || !test->is_object()) return flat;
  for (const auto& [name, metric] : test->items()) {
    if (metric.is_object() && metric.contains("value")) flat[name] = metric["value"];
  }
  return flat;
}

Result<Json> Parse(const ImportedArtifact& artifact, const std::string& directory,
                   const char* name) {
  const auto file = artifact.files.find(name);
  if (file == artifact.files.end()) return Json::object();
  return ParseJson(file->second, JoinPath(directory, name));
}

// What the digested files tell.
Status Describe(const std::string& directory, ImportedArtifact* artifact) {
  ModelVersion& version = artifact->version;
  SLIPWAY_ASSIGN_OR_RETURN(const Json metrics, Parse(*artifact, directory, "metrics.json"));
  version.performance_metrics = FlatMetrics(metrics);
  SLIPWAY_ASSIGN_OR_RETURN(const Json lineage, Parse(*artifact, directory, "lineage.json"));
  const auto source = lineage.find("source");
  if (source != lineage.end() && source->is_object())
    version.training_data_hash = GetString(*source, "digest");
  SLIPWAY_ASSIGN_OR_RETURN(const Json schema_json, Parse(*artifact, directory, "schema.json"));
  if (schema_json.contains("inputs")) version.feature_schema = schema_json["inputs"];
  SLIPWAY_ASSIGN_OR_RETURN(const model::ModelSchema schema,
                           model::ModelSchemaFromJson(schema_json));
  version.task = schema.task;
  const auto text = artifact->files.find("config.yaml");
  SLIPWAY_ASSIGN_OR_RETURN(const ArtifactConfig config,
                           ReadArtifactConfig(text == artifact->files.end() ? "" : text->second,
                                              lineage, JoinPath(directory, "config.yaml")));
  version.training_config = config.model;
  version.algorithm = config.trainer();
  artifact->files["MLmodel"] = model::WriteMlModel(schema, version.digest);
  return {};
}

// No name that is not one of ours gets past here, so that none can reach a terminal either.
Status CheckNames(FileSystem& files, const std::string& directory,
                  const model::Manifest& manifest) {
  const std::vector<std::string>& digested = model::DigestedFiles();
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (std::ranges::find(digested, name) == digested.end() && name != kManifestFile &&
        name != kMetadataFile && name != "MLmodel") {
      return NotAnArtifact(directory,
                           fmt::format("{} is no file of an artifact", CompactJson(Json(name))));
    }
  }
  if (std::ranges::equal(manifest.files, digested, {}, &model::ManifestEntry::path)) return {};
  return NotAnArtifact(directory,
                       fmt::format("the manifest does not list exactly {}", Join(digested, ", ")));
}

// A graph that gives other predictions than those it was judged by is not that model.
Status CheckPredictions(FileSystem& files, const std::string& directory,
                        const ImportedArtifact& artifact) {
  constexpr double kTolerance = 1e-6;  // The contract's, for every engine.
  SLIPWAY_ASSIGN_OR_RETURN(const model::Model model,
                           model::LoadModel(files, directory, artifact.version.digest));
  SLIPWAY_ASSIGN_OR_RETURN(
      const model::ParityReport parity,
      model::CheckGolden(artifact.files.at("golden.jsonl"), model.schema, *model.predictor));
  if (parity.rows > 0 && parity.label_mismatches == 0 && parity.largest_difference <= kTolerance)
    return {};
  return NotAnArtifact(
      directory,
      fmt::format("the model does not give the {} predictions of golden.jsonl", parity.rows));
}

// What only the record knows, where it is this artifact's.
void DescribeByRecord(const Json& json, ImportedArtifact* artifact) {
  const Result<ModelVersion> record = ModelVersionFromJson(json);
  if (!record.ok() || record->digest != artifact->version.digest) return;
  ModelVersion& version = artifact->version;
  version.version = record->version;
  version.framework = record->framework;
  version.deployment_config = record->deployment_config;
  version.run_id = record->run_id;
  version.tags = record->tags;
}

}  // namespace

Result<ImportedArtifact> ImportArtifact(FileSystem& files, const std::string& directory) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(directory));
  if (!stat.is_directory) {
    const bool onnx = directory.ends_with(".onnx");
    return NotAnArtifact(directory,
                         onnx ? "a bare ONNX file can't be registered: it carries no schema, "
                                "metrics or golden predictions to verify it with"
                              : "not a directory");
  }
  const std::string manifest_path = JoinPath(directory, kManifestFile);
  if (!files.Exists(manifest_path)) return NotAnArtifact(directory, "not an artifact directory");
  ImportedArtifact artifact;
  SLIPWAY_ASSIGN_OR_RETURN(artifact.files[kManifestFile], files.ReadFile(manifest_path));
  artifact.version.digest = DigestOf(artifact.files[kManifestFile]);
  artifact.version.verdict = "failed";
  artifact.version.imported_from = directory;
  SLIPWAY_ASSIGN_OR_RETURN(const model::Manifest manifest,
                           model::ReadManifest(artifact.files[kManifestFile], manifest_path));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(files, directory, manifest));
  SLIPWAY_RETURN_IF_ERROR(CheckArtifactDirectory(files, directory, artifact.version.digest));
  for (const model::ManifestEntry& entry : manifest.files) {
    SLIPWAY_ASSIGN_OR_RETURN(artifact.files[entry.path],
                             files.ReadFile(JoinPath(directory, entry.path)));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckPredictions(files, directory, artifact));
  SLIPWAY_RETURN_IF_ERROR(Describe(directory, &artifact));
  for (const auto& [name, bytes] : artifact.files) {
    artifact.version.size_bytes += static_cast<int64_t>(bytes.size());
  }
  const std::string metadata = JoinPath(directory, kMetadataFile);
  if (files.Exists(metadata)) {
    SLIPWAY_ASSIGN_OR_RETURN(const Json json, ReadJsonFile(files, metadata));
    DescribeByRecord(json, &artifact);
  }
  return artifact;
}

Result<ModelVersion> RegisterImported(Registry& registry, const ImportedArtifact& artifact) {
  ModelVersion version = artifact.version;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ModelVersion> known, registry.versions().List(""));
  const bool passed_here = std::ranges::any_of(known, [&](const ModelVersion& other) {
    return other.digest == version.digest && other.verdict == "passed";
  });
  version.verdict = passed_here ? "passed" : "failed";
  return registry.Register(version, artifact.files);
}

}  // namespace slipway::registry
