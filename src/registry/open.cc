// Where registries are and how they are opened.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "config/config.h"
#include "core/durable_directories.h"
#include "core/text.h"
#include "data/object_store.h"
#include "registry/registry.h"
#include "registry/rules_internal.h"

namespace slipway::registry {
namespace {

constexpr const char* kDirectory = ".slipway";
constexpr const char* kDatabase = "registry.db";
constexpr const char* kArtifacts = "artifacts";
constexpr const char* kArtifactsFile = "artifact_store";
constexpr const char* kFetched = "cache/artifacts";  // Copies of a remote store's.

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The store that an earlier run was configured with, so that commands that read no configuration
// find it too: a path or an s3:// URI, in which there are no credentials.
Result<std::string> ArtifactsRoot(const std::string& directory, FileSystem& files) {
  const std::string named = JoinPath(directory, kArtifactsFile);
  if (!files.Exists(named)) return JoinPath(directory, kArtifacts);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path, files.ReadFile(named));
  return std::string(Trim(path));
}

Status RememberArtifactsRoot(const std::string& directory, const std::string& root,
                             FileSystem& files) {
  const std::string path = JoinPath(directory, kArtifactsFile);
  if (root == JoinPath(directory, kArtifacts)) {
    return files.Exists(path) ? files.RemoveFile(path) : Status();
  }
  std::error_code error;
  const std::string text =
      (data::IsObjectUri(root)
           ? root
           : std::filesystem::absolute(root, error).lexically_normal().string()) +
      "\n";
  if (files.Exists(path)) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string present, files.ReadFile(path));
    if (present == text) return {};
  }
  return WriteFileAtomically(files, path, text);
}

bool HasArtifacts(const std::string& root, FileSystem& files) {
  const Result<std::vector<std::string>> shards = files.List(JoinPath(root, "sha256"));
  return shards.ok() && !shards->empty();
}

struct Artifacts {
  std::unique_ptr<ArtifactStore> store;
  std::shared_ptr<data::ObjectStore> objects;
};

// The one place that chooses a store of artifacts by what names it. Nothing is asked of a service.
Result<Artifacts> OpenArtifacts(const std::string& root, const std::string& directory,
                                FileSystem& files, const Clock& clock) {
  Artifacts artifacts;
  if (!data::IsObjectUri(root)) {
    artifacts.objects = data::OpenDirectoryObjectStore(files, root);
    SLIPWAY_ASSIGN_OR_RETURN(artifacts.store, OpenLocalArtifactStore(files, root, clock));
    return artifacts;
  }
  SLIPWAY_ASSIGN_OR_RETURN(artifacts.objects, data::OpenObjectStore(root));
  SLIPWAY_ASSIGN_OR_RETURN(
      artifacts.store,
      OpenObjectArtifactStore(artifacts.objects, files, JoinPath(directory, kFetched), clock));
  return artifacts;
}

Result<std::unique_ptr<Registry>> Open(const std::string& directory,
                                       const std::string& artifacts_root, FileSystem& files,
                                       const Clock& clock, bool create) {
  SLIPWAY_ASSIGN_OR_RETURN(Artifacts artifacts,
                           OpenArtifacts(artifacts_root, directory, files, clock));
  SqliteOptions options;
  options.create = create;
  const bool shared_artifacts = artifacts_root != JoinPath(directory, kArtifacts);
  // A shared store may hold artifacts of others.
  options.must_have_versions = !shared_artifacts && HasArtifacts(artifacts_root, files);
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<RegistryStore> versions,
                           OpenSqliteRegistry(JoinPath(directory, kDatabase), clock, options));
  Registry::Options registry_options;
  registry_options.lock_path = JoinPath(directory, "registry.lock");
  registry_options.shared_artifacts = shared_artifacts;
  registry_options.objects = std::move(artifacts.objects);
  return std::make_unique<Registry>(std::move(versions), std::move(artifacts.store), files,
                                    std::move(registry_options));
}

Location PlaceOf(const config::Config& config, const config::StoreLocation& location) {
  Location at;
  at.file = config.config_path;
  at.field = location.key;
  return at;
}

Error Unreachable(const config::Config& config, const config::StoreLocation& location) {
  const bool artifacts = location.key == "artifact_store";
  return Error(ErrorCode::kInvalidInput,
               fmt::format("can't reach {}: this build has no such store", location.shown))
      .At(PlaceOf(config, location))
      .Expected(artifacts ? "a path, file:///PATH or s3://BUCKET/PREFIX" : "a path or file:///PATH")
      .Try("--local");
}

bool CanReach(const config::StoreLocation& artifacts) {
  return artifacts.embedded || data::IsObjectUri(artifacts.uri);
}

// Before any work, rather than when its results are to be kept.
Status CheckArtifacts(const config::Config& config, const config::StoreLocation& location) {
  if (location.embedded) return {};
  const auto store = data::OpenObjectStore(location.uri);
  const Status reached = store.ok() ? (*store)->Check() : store.error();
  if (reached.ok()) return {};
  return Error(reached.error().code(), fmt::format("can't use {}", location.shown))
      .At(PlaceOf(config, location))
      .Try("--local, which keeps artifacts under .slipway/")
      .CausedBy(reached.error());
}

std::string RegistryDirectoryOf(const config::Config& config,
                                const config::StoreLocation& location) {
  if (!location.uri.empty()) return WithoutTrailingSlash(location.uri);
  // A short path reads better in errors.
  return config.project_directory == "." ? kDirectory
                                         : JoinPath(config.project_directory, kDirectory);
}

}  // namespace

Result<std::unique_ptr<Registry>> OpenEmbedded(const std::string& directory, FileSystem& files,
                                               const Clock& clock) {
  const std::string path = WithoutTrailingSlash(directory);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string root, ArtifactsRoot(path, files));
  return Open(path, root, files, clock, true);
}

Result<std::unique_ptr<Registry>> OpenExisting(const std::string& directory, FileSystem& files,
                                               const Clock& clock) {
  const std::string path = WithoutTrailingSlash(directory);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string root, ArtifactsRoot(path, files));
  return Open(path, root, files, clock, false);
}

Result<std::unique_ptr<Registry>> OpenRegistry(const config::Config& config) {
  const config::StoreLocation registry = config::LocateModelRegistry(config);
  const config::StoreLocation artifacts = config::LocateArtifactStore(config);
  if (!CanReach(artifacts) && !registry.embedded) {
    return Unreachable(config, artifacts).Also(Unreachable(config, registry));
  }
  if (!CanReach(artifacts)) return Unreachable(config, artifacts);
  if (!registry.embedded) return Unreachable(config, registry);
  SLIPWAY_RETURN_IF_ERROR(CheckArtifacts(config, artifacts));
  const std::string directory = RegistryDirectoryOf(config, registry);
  const std::string root =
      artifacts.uri.empty() ? JoinPath(directory, kArtifacts) : WithoutTrailingSlash(artifacts.uri);
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<Registry> opened,
                           Open(directory, root, LocalFileSystem(), SystemClock(), true));
  SLIPWAY_RETURN_IF_ERROR(RememberArtifactsRoot(directory, root, LocalFileSystem()));
  return opened;
}

Result<std::shared_ptr<data::ObjectStore>> OpenObjects(const config::Config& config) {
  const config::StoreLocation artifacts = config::LocateArtifactStore(config);
  if (!CanReach(artifacts)) return Unreachable(config, artifacts);
  SLIPWAY_RETURN_IF_ERROR(CheckArtifacts(config, artifacts));
  std::string root = artifacts.uri;
  if (root.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, ConfiguredDirectory(config));
    root = JoinPath(directory, kArtifacts);
  }
  if (!data::IsObjectUri(root)) {
    return std::shared_ptr<data::ObjectStore>(
        data::OpenDirectoryObjectStore(LocalFileSystem(), root));
  }
  SLIPWAY_ASSIGN_OR_RETURN(auto objects, data::OpenObjectStore(root));
  return std::shared_ptr<data::ObjectStore>(std::move(objects));
}

Result<std::string> ConfiguredDirectory(const config::Config& config) {
  const config::StoreLocation location = config::LocateModelRegistry(config);
  if (!location.embedded) return Unreachable(config, location);
  return RegistryDirectoryOf(config, location);
}

std::string FindRegistryDirectory(const std::string& given, const std::string& start,
                                  FileSystem& files) {
  if (!given.empty()) {
    const std::string inside = JoinPath(given, kDirectory);
    const bool is_registry = files.Exists(JoinPath(given, kDatabase));
    return !is_registry && files.Exists(inside) ? inside : WithoutTrailingSlash(given);
  }
  std::error_code error;
  const std::filesystem::path from =
      std::filesystem::absolute(start.empty() ? "." : start, error).lexically_normal();
  for (std::filesystem::path each = from;; each = each.parent_path()) {
    // Commands work in the current directory far more often than not, and a short path reads
    // better.
    if (files.Exists((each / kDirectory).string()))
      return each == from ? JoinPath(start, kDirectory) : (each / kDirectory).string();
    if (each == each.parent_path()) break;
  }
  return JoinPath(start, kDirectory);
}

std::string CurrentActor() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return fmt::format("uid:{}", ::getuid());
}

}  // namespace slipway::registry
