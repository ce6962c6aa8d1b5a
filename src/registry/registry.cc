#include "registry/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "registry/artifact_files_internal.h"
#include "registry/file_lock_internal.h"
#include "registry/rules_internal.h"

namespace slipway::registry {
namespace {

Result<FileLock> Lock(const std::string& path, FileLock::Mode mode) {
  if (path.empty()) return FileLock();
  return FileLock::Acquire(path, mode);
}

// Says which version an artifact's error is about.
Error ForVersion(const Error& error, const ModelVersion& version) {
  const std::string name = fmt::format("{}:{}", version.name, version.registry_version);
  if (error.code() == ErrorCode::kNotFound) {
    return Error(ErrorCode::kIntegrity, fmt::format("the artifact of {} is gone", name))
        .Try("restoring it, or registering the same model again")
        .CausedBy(error);
  }
  const bool asked = error.code() != ErrorCode::kUnavailable &&
                     error.code() != ErrorCode::kPermission && error.code() != ErrorCode::kTimeout;
  if (!asked) {
    return Error(error.code(), fmt::format("the artifact of {} is out of reach", name))
        .CausedBy(error);
  }
  return Error(error.code(), fmt::format("{} does not verify", name))
      .Try("restoring the artifact, or registering the same model again, which repairs it")
      .CausedBy(error);
}

}  // namespace

Registry::Registry(std::unique_ptr<RegistryStore> versions,
                   std::unique_ptr<ArtifactStore> artifacts, FileSystem& files)
    : Registry(std::move(versions), std::move(artifacts), files, Options()) {}

Registry::Registry(std::unique_ptr<RegistryStore> versions,
                   std::unique_ptr<ArtifactStore> artifacts, FileSystem& files, Options options)
    : versions_(std::move(versions)),
      artifacts_(std::move(artifacts)),
      files_(files),
      options_(std::move(options)) {}

Result<ArtifactHold> Registry::HoldArtifacts() {
  if (options_.lock_path.empty()) return ArtifactHold();
  SLIPWAY_ASSIGN_OR_RETURN(FileLock lock,
                           FileLock::Acquire(options_.lock_path, FileLock::Mode::kShared));
  return std::make_shared<const FileLock>(std::move(lock));
}

Result<ModelVersion> Registry::Register(const ModelVersion& version,
                                        const std::map<std::string, std::string>& files) {
  SLIPWAY_RETURN_IF_ERROR(CheckNewVersion(version));
  SLIPWAY_ASSIGN_OR_RETURN(const FileLock lock, Lock(options_.lock_path, FileLock::Mode::kShared));
  SLIPWAY_RETURN_IF_ERROR(artifacts_->Put(version.digest, files));
  Result<ModelVersion> registered = versions_->Register(version);
  if (registered.ok()) RefreshMetadata(version.digest);
  return registered;
}

Result<std::optional<ModelVersion>> Registry::FindIfAny(const ModelReference& reference) {
  Result<ModelVersion> found = versions_->Get(reference);
  if (found.ok()) return std::optional(*std::move(found));
  if (found.error().code() == ErrorCode::kNotFound) return std::optional<ModelVersion>();
  return found.error();
}

Result<std::optional<ModelVersion>> Registry::NewestWithDigest(const std::string& digest) {
  ModelReference reference;
  reference.kind = ModelReference::Kind::kDigest;
  reference.digest = digest;
  return FindIfAny(reference);
}

Result<std::optional<ModelVersion>> Registry::InStage(const std::string& name,
                                                      const std::string& stage) {
  SLIPWAY_RETURN_IF_ERROR(CheckStage(stage));
  ModelReference reference;
  reference.kind = ModelReference::Kind::kAlias;
  reference.name = name;
  reference.alias = stage;
  return FindIfAny(reference);
}

void Registry::RefreshMetadata(const std::string& digest) {
  const Result<std::optional<ModelVersion>> newest = NewestWithDigest(digest);
  if (!newest.ok() || !newest->has_value()) return;
  const std::string json = PrettyJson(ToJson(**newest));
  const Result<std::string> present = artifacts_->GetMetadata(digest);
  if (present.ok() && *present == json) return;
  (void)artifacts_->PutMetadata(digest, json);
}

Result<ModelVersion> Registry::Find(const std::string& text) {
  SLIPWAY_ASSIGN_OR_RETURN(const ModelReference reference, ParseModelReference(text));
  Result<ModelVersion> version = versions_->Get(reference);
  const bool unknown = !version.ok() && version.error().code() == ErrorCode::kNotFound;
  if (unknown && reference.kind == ModelReference::Kind::kNewest &&
      files_.Exists(JoinPath(text, kManifestFile))) {
    return Error(version.error()).Try(fmt::format("./{} for the directory of that name", text));
  }
  return version;
}

Result<std::string> Registry::Fetch(const ModelVersion& version) {
  return OfVersion(artifacts_->Fetch(version.digest), version);
}

Result<std::string> Registry::Locate(const ModelVersion& version) {
  return OfVersion(artifacts_->Locate(version.digest), version);
}

Result<std::string> Registry::OfVersion(Result<std::string> directory,
                                        const ModelVersion& version) {
  if (!directory.ok()) return ForVersion(directory.error(), version);
  RefreshMetadata(version.digest);
  return directory;
}

Status Registry::Verify(const ModelVersion& version) {
  const Status verified = artifacts_->Verify(version.digest);
  if (!verified.ok()) return ForVersion(verified.error(), version);
  RefreshMetadata(version.digest);
  return {};
}

Result<ModelVersion> Registry::Promote(const ModelVersion& version, const std::string& stage,
                                       const std::string& actor, bool forced) {
  SLIPWAY_RETURN_IF_ERROR(CheckStage(stage));
  Json detail = Json::object();
  if (IsExclusiveStage(stage)) {
    if (version.verdict != "passed") {
      if (!forced) {
        return Error(ErrorCode::kConflict,
                     fmt::format("{}:{} did not pass its gates and can't go to {}", version.name,
                                 version.registry_version, stage))
            .Expected("a version whose verdict is passed")
            .Try("--force, which is recorded");
      }
      detail["forced"] = true;
    }
    SLIPWAY_RETURN_IF_ERROR(Verify(version));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ModelVersion> before, versions_->List(version.name));
  SLIPWAY_ASSIGN_OR_RETURN(
      ModelVersion now,
      versions_->SetStatus(version.name, version.registry_version, stage, actor, detail));
  RefreshMetadata(now.digest);
  for (const ModelVersion& other : before) {
    if (IsExclusiveStage(stage) && other.status == stage) RefreshMetadata(other.digest);
  }
  return now;
}

Status Registry::SetAlias(const ModelVersion& version, const std::string& alias,
                          const std::string& actor) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ModelVersion> before, versions_->List(version.name));
  SLIPWAY_RETURN_IF_ERROR(
      versions_->SetAlias(version.name, alias, version.registry_version, actor));
  RefreshMetadata(version.digest);
  for (const ModelVersion& other : before) {
    if (std::ranges::find(other.aliases, alias) != other.aliases.end())
      RefreshMetadata(other.digest);
  }
  return {};
}

Status Registry::RemoveAlias(const std::string& name, const std::string& alias,
                             const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlias(alias));
  ModelReference reference;
  reference.kind = ModelReference::Kind::kAlias;
  reference.name = name;
  reference.alias = alias;
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion holder, versions_->Get(reference));
  SLIPWAY_RETURN_IF_ERROR(versions_->SetAlias(name, alias, 0, actor));
  RefreshMetadata(holder.digest);
  return {};
}

Status Registry::SetTag(const ModelVersion& version, const std::string& key,
                        const std::string& value, const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(
      versions_->SetTag(version.name, version.registry_version, key, value, actor));
  RefreshMetadata(version.digest);
  return {};
}

Status Registry::Delete(const std::string& name, int64_t number, const std::string& actor) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileLock lock,
                           Lock(options_.lock_path, FileLock::Mode::kExclusive));
  ModelReference reference;
  reference.kind = ModelReference::Kind::kVersion;
  reference.name = name;
  reference.version = number;
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, versions_->Get(reference));
  SLIPWAY_RETURN_IF_ERROR(versions_->Delete(name, number, actor));
  SLIPWAY_ASSIGN_OR_RETURN(const std::optional<ModelVersion> other,
                           NewestWithDigest(version.digest));
  if (!other) return options_.shared_artifacts ? Status() : artifacts_->Remove(version.digest);
  RefreshMetadata(version.digest);
  return {};
}

}  // namespace slipway::registry
