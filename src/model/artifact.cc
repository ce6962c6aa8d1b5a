#include "model/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/hash.h"
#include "core/text.h"

namespace slipway::model {
namespace {

constexpr const char* kManifestFile = "manifest.json";
constexpr const char* kMlModelFile = "MLmodel";
constexpr const char* kMetadataFile = "metadata.json";
constexpr const char* kModelFile = "model.onnx";
constexpr const char* kSchemaFile = "schema.json";
constexpr const char* kFormat = "slipway-artifact-1";

bool IsOutsideDigest(std::string_view name) {
  return name == kManifestFile || name == kMlModelFile || name == kMetadataFile;
}

bool IsPlainName(std::string_view name) {
  constexpr std::string_view kForbidden("/\\\0", 3);
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(kForbidden) == std::string_view::npos;
}

Error ManifestError(const std::string& file, std::string message) {
  Location location;
  location.file = file;
  return Error(ErrorCode::kIntegrity, std::move(message)).At(std::move(location));
}

// Damage of the file `name` of an artifact.
Error Damaged(const std::string& directory, const std::string& name, std::string message) {
  return ManifestError(JoinPath(directory, name), std::move(message))
      .Try("registering or fetching the model again");
}

struct VerifiedFiles {
  std::string digest;
  ArtifactFiles
      kept;  // Contents of the files that were asked for: the very bytes that were verified.
};

Status CheckListing(FileSystem& files, const std::string& directory, const Manifest& manifest) {
  std::set<std::string> known;
  for (const ManifestEntry& entry : manifest.files) known.insert(entry.path);
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (!known.contains(name) && !IsOutsideDigest(name)) {
      return Damaged(directory, name, "this file is not in the manifest");
    }
  }
  return {};
}

Result<VerifiedFiles> ReadVerified(FileSystem& files, const std::string& directory,
                                   const std::set<std::string>& keep) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(directory));
  const std::string manifest_path = JoinPath(directory, kManifestFile);
  if (!stat.is_directory || !files.Exists(manifest_path)) {
    return ManifestError(directory, "no model artifact is here")
        .Expected("a directory with a manifest.json");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(manifest_path));
  SLIPWAY_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(text, manifest_path));
  VerifiedFiles verified;
  verified.digest = DigestOf(text);
  for (const ManifestEntry& entry : manifest.files) {
    const std::string path = JoinPath(directory, entry.path);
    if (!files.Exists(path))
      return Damaged(directory, entry.path, "this file of the manifest is missing");
    SLIPWAY_ASSIGN_OR_RETURN(std::string bytes, files.ReadFile(path));
    if (static_cast<int64_t>(bytes.size()) != entry.size) {
      return Damaged(directory, entry.path,
                     fmt::format("{} bytes, where the manifest says {}", bytes.size(), entry.size));
    }
    if (DigestOf(bytes) != entry.sha256) {
      return Damaged(directory, entry.path, "the content's SHA-256 is not the manifest's");
    }
    if (keep.contains(entry.path)) verified.kept[entry.path] = std::move(bytes);
  }
  SLIPWAY_RETURN_IF_ERROR(CheckListing(files, directory, manifest));
  return verified;
}

Result<ManifestEntry> EntryFromJson(const Json& json, const std::string& file) {
  if (!json.is_object()) return ManifestError(file, "an entry of `files` is not an object");
  ManifestEntry entry{GetString(json, "path"), GetInteger(json, "size", -1),
                      GetString(json, "sha256")};
  if (!IsPlainName(entry.path) || IsOutsideDigest(entry.path)) {
    return ManifestError(file, fmt::format("'{}' can't be a file of an artifact", entry.path))
        .Expected("names of files, without folders");
  }
  if (entry.size < 0 || !IsDigest(entry.sha256)) {
    return ManifestError(file, fmt::format("'{}' has no usable size or SHA-256", entry.path));
  }
  return entry;
}

// The schema that a graph tells by itself, for an ONNX file without an artifact around it.
ModelSchema SchemaOf(const Predictor& predictor) {
  ModelSchema schema;
  schema.inputs = predictor.inputs();
  schema.task = predictor.classes().empty() ? "regression" : "classification";
  schema.classes = predictor.classes();
  schema.integer_labels = predictor.integer_labels();
  return schema;
}

Status CheckAgreement(const ModelSchema& schema, const Predictor& predictor,
                      const std::string& directory) {
  std::set<std::pair<std::string, bool>> told;
  std::set<std::pair<std::string, bool>> found;
  const auto key = [](const InputField& field) {
    return std::pair(field.name, field.type == data::ColumnType::kCategory);
  };
  for (const InputField& field : schema.inputs) told.insert(key(field));
  for (const InputField& field : predictor.inputs()) found.insert(key(field));
  if (told == found && schema.classes == predictor.classes() &&
      schema.integer_labels == predictor.integer_labels()) {
    return {};
  }
  return ManifestError(JoinPath(directory, kSchemaFile),
                       "inputs or classes are not those of model.onnx");
}

// Names the file in an error that only knows its content.
Error InFile(Error error, const std::string& file) {
  Location location = error.location();
  location.file = file;
  return std::move(error).At(std::move(location));
}

Result<std::unique_ptr<Predictor>> LoadFrom(const std::string& file, const std::string& onnx,
                                            const std::vector<std::string>& features) {
  auto predictor = LoadPredictor(onnx, features);
  if (!predictor.ok()) return InFile(std::move(predictor).error(), file);
  return predictor;
}

std::vector<std::string> InputNames(const ModelSchema& schema) {
  std::vector<std::string> names;
  for (const InputField& field : schema.inputs) names.push_back(field.name);
  return names;
}

Status CheckExpected(const std::string& expected, const std::string& found,
                     const std::string& path) {
  if (expected.empty() || expected == found) return {};
  return ManifestError(path, fmt::format("the digest is {}", found)).Expected(expected);
}

Result<Model> LoadOnnxFile(FileSystem& files, const std::string& path,
                           const std::string& expected_digest,
                           const std::vector<std::string>& features) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string onnx, files.ReadFile(path));
  Model model;
  model.directory = path;
  model.digest = DigestOf(onnx);
  SLIPWAY_RETURN_IF_ERROR(CheckExpected(expected_digest, model.digest, path));
  SLIPWAY_ASSIGN_OR_RETURN(model.predictor, LoadFrom(path, onnx, features));
  model.schema = SchemaOf(*model.predictor);
  return model;
}

}  // namespace

const std::vector<std::string>& DigestedFiles() {
  static const std::vector<std::string> names = {"config.yaml",  "golden.jsonl", "lineage.json",
                                                 "metrics.json", "model.onnx",   "profile.json",
                                                 "schema.json"};
  return names;
}

std::string WriteManifest(const Manifest& manifest) {
  Json files = Json::array();
  for (const ManifestEntry& entry : manifest.files) {
    files.push_back({{"path", entry.path}, {"size", entry.size}, {"sha256", entry.sha256}});
  }
  return PrettyJson({{"format", kFormat}, {"files", std::move(files)}});
}

Result<Manifest> ReadManifest(std::string_view text, const std::string& file) {
  auto json = ParseJson(text, file);
  if (!json.ok()) return ManifestError(file, "not readable").CausedBy(std::move(json).error());
  if (!json->is_object() || GetString(*json, "format") != kFormat) {
    return ManifestError(file, "not a manifest of this format")
        .Expected(fmt::format("\"format\": \"{}\"", kFormat));
  }
  const auto files = json->find("files");
  if (files == json->end() || !files->is_array())
    return ManifestError(file, "`files` is not a list");
  Manifest manifest;
  for (const Json& item : *files) {
    SLIPWAY_ASSIGN_OR_RETURN(ManifestEntry entry, EntryFromJson(item, file));
    manifest.files.push_back(std::move(entry));
  }
  std::ranges::sort(manifest.files, {}, &ManifestEntry::path);
  const auto twice = std::ranges::adjacent_find(manifest.files, {}, &ManifestEntry::path);
  if (twice != manifest.files.end())
    return ManifestError(file, fmt::format("'{}' is listed twice", twice->path));
  return manifest;
}

std::string Seal(ArtifactFiles* files, const ModelSchema& schema) {
  Manifest manifest;
  for (const auto& [name, bytes] : *files) {
    if (IsOutsideDigest(name)) continue;
    manifest.files.push_back({name, static_cast<int64_t>(bytes.size()), DigestOf(bytes)});
  }
  std::string text = WriteManifest(manifest);
  std::string digest = DigestOf(text);
  (*files)[kManifestFile] = std::move(text);
  (*files)[kMlModelFile] = WriteMlModel(schema, digest);
  return digest;
}

Result<std::string> VerifyArtifact(FileSystem& files, const std::string& directory) {
  SLIPWAY_ASSIGN_OR_RETURN(VerifiedFiles verified, ReadVerified(files, directory, {}));
  return std::move(verified.digest);
}

Result<Model> LoadModel(FileSystem& files, const std::string& directory,
                        const std::string& expected_digest,
                        const std::vector<std::string>& features) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(directory));
  if (!stat.is_directory) return LoadOnnxFile(files, directory, expected_digest, features);
  SLIPWAY_ASSIGN_OR_RETURN(VerifiedFiles verified,
                           ReadVerified(files, directory, {kModelFile, kSchemaFile}));
  SLIPWAY_RETURN_IF_ERROR(CheckExpected(expected_digest, verified.digest, directory));
  for (const char* name : {kModelFile, kSchemaFile}) {
    if (!verified.kept.contains(name))
      return Damaged(directory, name, "the manifest does not list this file");
  }
  Model model;
  model.directory = directory;
  model.digest = std::move(verified.digest);
  SLIPWAY_ASSIGN_OR_RETURN(const Json json,
                           ParseJson(verified.kept[kSchemaFile], JoinPath(directory, kSchemaFile)));
  SLIPWAY_ASSIGN_OR_RETURN(model.schema, ModelSchemaFromJson(json));
  SLIPWAY_ASSIGN_OR_RETURN(model.predictor,
                           LoadFrom(JoinPath(directory, kModelFile), verified.kept[kModelFile],
                                    InputNames(model.schema)));
  SLIPWAY_RETURN_IF_ERROR(CheckAgreement(model.schema, *model.predictor, directory));
  return model;
}

}  // namespace slipway::model
