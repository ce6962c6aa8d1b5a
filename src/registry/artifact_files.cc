#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/durable_directories.h"
#include "core/hash.h"
#include "model/artifact.h"
#include "registry/artifact_files_internal.h"

namespace slipway::registry {
namespace {

Error Damaged(const std::string& file, std::string message) {
  Location location;
  location.file = file;
  return Error(ErrorCode::kIntegrity, std::move(message)).At(std::move(location));
}

// The digest does not cover MLmodel, and whoever loads it runs the module it names: it must be the
// one that the schema gives.
Status CheckMlModel(const std::string& ml_model, const std::string& schema_json,
                    const std::string& digest, const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ParseJson(schema_json, "schema.json"));
  SLIPWAY_ASSIGN_OR_RETURN(const model::ModelSchema schema, model::ModelSchemaFromJson(json));
  if (ml_model == model::WriteMlModel(schema, digest)) return {};
  return Damaged(path, "this is not the MLmodel that belongs to schema.json")
      .Try("registering or fetching the model again");
}

}  // namespace

Error NotADigest(const std::string& text) {
  return Error(ErrorCode::kInvalidInput,
               fmt::format("'{}' is not an artifact's digest", text.substr(0, 80)))
      .Expected("\"sha256:\" and 64 hex digits");
}

Status CheckArtifactFiles(const std::map<std::string, std::string>& files,
                          const std::string& digest) {
  const auto manifest_file = files.find(kManifestFile);
  if (manifest_file == files.end()) return Damaged(kManifestFile, "the artifact has no manifest");
  if (DigestOf(manifest_file->second) != digest) {
    return Damaged(kManifestFile, "the manifest does not have the artifact's digest")
        .Expected(digest);
  }
  SLIPWAY_ASSIGN_OR_RETURN(const model::Manifest manifest,
                           model::ReadManifest(manifest_file->second, kManifestFile));
  for (const model::ManifestEntry& entry : manifest.files) {
    const auto file = files.find(entry.path);
    if (file == files.end())
      return Damaged(entry.path, "a file that the manifest lists is missing");
    if (DigestOf(file->second) != entry.sha256)
      return Damaged(entry.path, "the file differs from the manifest");
  }
  for (const auto& [name, bytes] : files) {
    const bool listed = std::ranges::any_of(
        manifest.files, [&](const model::ManifestEntry& entry) { return entry.path == name; });
    if (!listed && name != kManifestFile && name != kMlModelFile) {
      return Damaged(name, "the manifest does not list this file");
    }
  }
  const auto ml_model = files.find(kMlModelFile);
  if (ml_model == files.end()) return {};
  const auto schema = files.find("schema.json");
  if (schema == files.end()) return Damaged(kMlModelFile, "there is no schema.json for this file");
  return CheckMlModel(ml_model->second, schema->second, digest, kMlModelFile);
}

Status CheckArtifactDirectory(FileSystem& files, const std::string& directory,
                              const std::string& digest) {
  std::error_code error;
  if (std::filesystem::symlink_status(directory, error).type() !=
      std::filesystem::file_type::directory) {
    return Damaged(directory, "an artifact is a directory").Expected("no link to one");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    const std::filesystem::file_type type = std::filesystem::symlink_status(path, error).type();
    if (type != std::filesystem::file_type::regular) {
      return Damaged(path, "an artifact holds plain files only")
          .Expected("no links and no directories");
    }
  }
  const std::string manifest_path = JoinPath(directory, kManifestFile);
  if (!files.Exists(manifest_path)) return Damaged(manifest_path, "the manifest is missing");
  SLIPWAY_ASSIGN_OR_RETURN(const std::string manifest, files.ReadFile(manifest_path));
  if (const std::string found = DigestOf(manifest); found != digest) {
    return Damaged(manifest_path, fmt::format("the manifest's digest is {}", found))
        .Expected(digest);
  }
  const Result<std::string> verified = model::VerifyArtifact(files, directory);
  if (!verified.ok()) return verified.error();
  const std::string ml_model_path = JoinPath(directory, kMlModelFile);
  if (!files.Exists(ml_model_path)) return {};
  SLIPWAY_ASSIGN_OR_RETURN(const std::string ml_model, files.ReadFile(ml_model_path));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string schema,
                           files.ReadFile(JoinPath(directory, "schema.json")));
  return CheckMlModel(ml_model, schema, digest, ml_model_path);
}

Status WriteFilesDurably(FileSystem& files, const std::string& directory,
                         const std::map<std::string, std::string>& contents) {
  SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files, directory));
  for (const auto& [name, bytes] : contents) {
    SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                             files.CreateFile(JoinPath(directory, name)));
    SLIPWAY_RETURN_IF_ERROR(file->Append(bytes));
    SLIPWAY_RETURN_IF_ERROR(file->Sync());
    SLIPWAY_RETURN_IF_ERROR(file->Close());
  }
  return files.SyncDirectory(directory);
}

}  // namespace slipway::registry
