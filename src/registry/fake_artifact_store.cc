#include "registry/fake_artifact_store.h"

#include <fmt/format.h>

#include "core/hash.h"
#include "registry/artifact_files_internal.h"

namespace slipway::registry {
namespace {

Status CheckDigest(const std::string& digest) {
  if (IsDigest(digest)) return {};
  return Error(ErrorCode::kInvalidInput, "not an artifact's digest");
}

}  // namespace

Status FakeArtifactStore::Put(const std::string& digest,
                              const std::map<std::string, std::string>& files) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  SLIPWAY_RETURN_IF_ERROR(CheckArtifactFiles(files, digest));
  const std::scoped_lock lock(mutex_);
  artifacts_.try_emplace(digest, files);
  return {};
}

Result<bool> FakeArtifactStore::Contains(const std::string& digest) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  return artifacts_.contains(digest);
}

Result<std::string> FakeArtifactStore::Fetch(const std::string& digest) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  const auto found = artifacts_.find(digest);
  if (found == artifacts_.end())
    return Error(ErrorCode::kNotFound, "the artifact is not in the store");
  std::string directory = fmt::format("{}/fetched-{}", scratch_, fetched_++);
  SLIPWAY_RETURN_IF_ERROR(WriteFilesDurably(LocalFileSystem(), directory, found->second));
  return directory;
}

Status FakeArtifactStore::Verify(const std::string& digest) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  const auto found = artifacts_.find(digest);
  if (found == artifacts_.end())
    return Error(ErrorCode::kNotFound, "the artifact is not in the store");
  return CheckArtifactFiles(found->second, digest);
}

Status FakeArtifactStore::Remove(const std::string& digest) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  artifacts_.erase(digest);
  metadata_.erase(digest);
  return {};
}

Result<std::vector<std::string>> FakeArtifactStore::List() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> digests;
  for (const auto& [digest, files] : artifacts_) digests.push_back(digest);
  return digests;
}

Status FakeArtifactStore::PutMetadata(const std::string& digest, const std::string& json) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  if (!artifacts_.contains(digest))
    return Error(ErrorCode::kNotFound, "the artifact is not in the store");
  metadata_[digest] = json;
  return {};
}

Result<std::string> FakeArtifactStore::GetMetadata(const std::string& digest) {
  SLIPWAY_RETURN_IF_ERROR(CheckDigest(digest));
  const std::scoped_lock lock(mutex_);
  const auto found = metadata_.find(digest);
  return found == metadata_.end() ? std::string() : found->second;
}

}  // namespace slipway::registry
