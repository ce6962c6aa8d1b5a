// Where registries are and how they are opened.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "config/config.h"
#include "core/durable_directories.h"
#include "core/text.h"
#include "registry/registry.h"
#include "registry/rules_internal.h"

namespace slipway::registry {
namespace {

constexpr const char* kDirectory = ".slipway";
constexpr const char* kDatabase = "registry.db";
constexpr const char* kArtifacts = "artifacts";
constexpr const char* kArtifactsFile = "artifact_store";

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The store that an earlier run was configured with, so that commands that read no configuration
// find it too.
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
      std::filesystem::absolute(root, error).lexically_normal().string() + "\n";
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

Result<std::unique_ptr<Registry>> Open(const std::string& directory,
                                       const std::string& artifacts_root, FileSystem& files,
                                       const Clock& clock, bool create) {
  SqliteOptions options;
  options.create = create;
  const bool shared_artifacts = artifacts_root != JoinPath(directory, kArtifacts);
  // A shared store may hold artifacts of others.
  options.must_have_versions = !shared_artifacts && HasArtifacts(artifacts_root, files);
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<RegistryStore> versions,
                           OpenSqliteRegistry(JoinPath(directory, kDatabase), clock, options));
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<ArtifactStore> artifacts,
                           OpenLocalArtifactStore(files, artifacts_root, clock));
  Registry::Options registry_options;
  registry_options.lock_path = JoinPath(directory, "registry.lock");
  registry_options.shared_artifacts = shared_artifacts;
  return std::make_unique<Registry>(std::move(versions), std::move(artifacts), files,
                                    std::move(registry_options));
}

Error Unreachable(const config::Config& config, const config::StoreLocation& location) {
  Location at;
  at.file = config.config_path;
  at.field = location.key;
  return Error(ErrorCode::kInvalidInput,
               fmt::format("can't reach {}; this build has embedded stores only", location.shown))
      .At(std::move(at))
      .Try("--local");
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
  if (!artifacts.embedded && !registry.embedded) {
    return Unreachable(config, artifacts).Also(Unreachable(config, registry));
  }
  if (!artifacts.embedded) return Unreachable(config, artifacts);
  if (!registry.embedded) return Unreachable(config, registry);
  const std::string directory = RegistryDirectoryOf(config, registry);
  const std::string root =
      artifacts.uri.empty() ? JoinPath(directory, kArtifacts) : WithoutTrailingSlash(artifacts.uri);
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<Registry> opened,
                           Open(directory, root, LocalFileSystem(), SystemClock(), true));
  SLIPWAY_RETURN_IF_ERROR(RememberArtifactsRoot(directory, root, LocalFileSystem()));
  return opened;
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
