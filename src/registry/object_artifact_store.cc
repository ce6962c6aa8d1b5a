// Artifacts in an object store, with a local directory of what was met.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "core/hash.h"
#include "core/parallel.h"
#include "model/artifact.h"
#include "registry/artifact_files_internal.h"
#include "registry/artifact_store.h"

namespace slipway::registry {
namespace {

// Requests at once: an artifact is some ten small files, and a request waits far more than it
// works.
constexpr int kRequests = 8;

std::string DirectoryFor(const std::string& digest) {
  const std::string_view hex = HexOf(digest);
  return fmt::format("sha256/{}/{}", hex.substr(0, 2), hex.substr(2));
}

std::string KeyOf(const std::string& digest, const std::string& name) {
  return fmt::format("{}/{}", DirectoryFor(digest), name);
}

class ObjectArtifactStore : public ArtifactStore {
 public:
  ObjectArtifactStore(std::shared_ptr<data::ObjectStore> objects,
                      std::unique_ptr<ArtifactStore> cache)
      : objects_(std::move(objects)), cache_(std::move(cache)) {}

  Status Put(const std::string& digest,
             const std::map<std::string, std::string>& contents) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    SLIPWAY_RETURN_IF_ERROR(CheckArtifactFiles(contents, digest));
    if (IsKnown(digest)) return {};
    Status present = Verify(digest);
    if (!present.ok()) {
      const ErrorCode code = present.error().code();
      if (code != ErrorCode::kNotFound && code != ErrorCode::kIntegrity) return present;
      if (code == ErrorCode::kIntegrity) SLIPWAY_RETURN_IF_ERROR(RemoveOthers(digest, contents));
      SLIPWAY_RETURN_IF_ERROR(Write(digest, contents));
      Remember(digest);
    }
    // Saves the next Fetch its requests; without it, that one tries again.
    (void)cache_->Put(digest, contents);
    return {};
  }

  Result<bool> Contains(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    SLIPWAY_ASSIGN_OR_RETURN(const auto manifest, objects_->Find(KeyOf(digest, kManifestFile)));
    return manifest.has_value();
  }

  Result<std::string> Fetch(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    if (Result<std::string> kept = cache_->Fetch(digest); kept.ok()) return kept;
    SLIPWAY_ASSIGN_OR_RETURN(const auto contents, Download(digest));
    SLIPWAY_RETURN_IF_ERROR(cache_->Put(digest, contents));
    return cache_->Fetch(digest);
  }

  Status Verify(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    SLIPWAY_RETURN_IF_ERROR(Download(digest));
    Remember(digest);
    return {};
  }

  // The manifest first: what follows is then of no artifact.
  Status Remove(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    {
      const std::scoped_lock lock(mutex_);
      known_.erase(digest);
    }
    SLIPWAY_RETURN_IF_ERROR(objects_->Delete(KeyOf(digest, kManifestFile)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<data::ObjectInfo> left,
                             objects_->List(DirectoryFor(digest)));
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(left.size(), kRequests,
                                        [&](size_t i) { return objects_->Delete(left[i].key); }));
    return cache_->Remove(digest);
  }

  Result<std::vector<std::string>> List() override {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<data::ObjectInfo> objects, objects_->List("sha256"));
    std::vector<std::string> digests;
    for (const data::ObjectInfo& object : objects) {
      // sha256/ab/cdef…/manifest.json
      constexpr size_t kShard = 7;
      if (BaseName(object.key) != kManifestFile) continue;
      const std::string directory = DirectoryOf(object.key);
      std::string digest = "sha256:" + directory.substr(std::min(kShard, directory.size()));
      std::erase(digest, '/');
      if (IsDigest(digest) && DirectoryFor(digest) == directory) digests.push_back(digest);
    }
    std::ranges::sort(digests);
    return digests;
  }

  Status PutMetadata(const std::string& digest, const std::string& json) override {
    SLIPWAY_ASSIGN_OR_RETURN(const bool present, Contains(digest));
    if (!present) return NotFound(digest);
    SLIPWAY_RETURN_IF_ERROR(objects_->Put(KeyOf(digest, kMetadataFile), json));
    (void)cache_->PutMetadata(digest, json);
    return {};
  }

  // The copy beside the cached artifact answers without a request. It is what this machine's
  // registry wrote last; another's is no reason to write again.
  Result<std::string> GetMetadata(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    if (Result<std::string> kept = cache_->GetMetadata(digest); kept.ok() && !kept->empty()) {
      return kept;
    }
    SLIPWAY_ASSIGN_OR_RETURN(auto json, objects_->GetIfThere(KeyOf(digest, kMetadataFile)));
    if (!json) return std::string();
    (void)cache_->PutMetadata(digest, *json);
    return *std::move(json);
  }

 private:
  Error NotFound(const std::string& digest) const {
    Location location;
    location.file = objects_->UriOf(DirectoryFor(digest));
    return Error(ErrorCode::kNotFound, "the artifact is not in the store").At(std::move(location));
  }

  Error Damaged(const std::string& digest, const std::string& name, std::string message) const {
    Location location;
    location.file = objects_->UriOf(KeyOf(digest, name));
    return Error(ErrorCode::kIntegrity, std::move(message)).At(std::move(location));
  }

  // What is known to be whole, and nothing but an artifact's last owner takes away.
  bool IsKnown(const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    return known_.contains(digest);
  }
  void Remember(const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    known_.insert(digest);
  }

  Status Write(const std::string& digest, const std::map<std::string, std::string>& contents) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : contents) {
      if (name != kManifestFile) names.push_back(name);
    }
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(names.size(), kRequests, [&](size_t i) {
      return objects_->Put(KeyOf(digest, names[i]), contents.at(names[i]));
    }));
    return objects_->Put(KeyOf(digest, kManifestFile), contents.at(kManifestFile));
  }

  // What is none of the artifact's files.
  Status RemoveOthers(const std::string& digest,
                      const std::map<std::string, std::string>& contents) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<data::ObjectInfo> objects,
                             objects_->List(DirectoryFor(digest)));
    for (const data::ObjectInfo& object : objects) {
      const std::string name = object.key.substr(DirectoryFor(digest).size() + 1);
      if (contents.contains(name) || name == kMetadataFile) continue;
      SLIPWAY_RETURN_IF_ERROR(objects_->Delete(object.key));
    }
    return {};
  }

  Result<model::Manifest> ReadVerifiedManifest(const std::string& digest, std::string* text) {
    SLIPWAY_ASSIGN_OR_RETURN(auto bytes, objects_->GetIfThere(KeyOf(digest, kManifestFile)));
    if (!bytes) return NotFound(digest);
    *text = *std::move(bytes);
    if (DigestOf(*text) != digest) {
      return Damaged(digest, kManifestFile, "the manifest does not have the artifact's digest");
    }
    return model::ReadManifest(*text, objects_->UriOf(KeyOf(digest, kManifestFile)));
  }

  // What is there must be what the manifest lists, before anything of it is read.
  Result<std::vector<data::ObjectInfo>> ObjectsToRead(const std::string& digest,
                                                      const model::Manifest& manifest) {
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<data::ObjectInfo> objects,
                             objects_->List(DirectoryFor(digest)));
    const size_t prefix = DirectoryFor(digest).size() + 1;
    for (const model::ManifestEntry& entry : manifest.files) {
      const auto found =
          std::ranges::find(objects, KeyOf(digest, entry.path), &data::ObjectInfo::key);
      if (found == objects.end()) {
        return Damaged(digest, entry.path, "a file that the manifest lists is missing");
      }
      if (found->size != entry.size) {
        return Damaged(digest, entry.path, "the file has not the size that the manifest gives");
      }
    }
    for (const data::ObjectInfo& object : objects) {
      const std::string name = object.key.substr(prefix);
      const bool listed = std::ranges::find(manifest.files, name, &model::ManifestEntry::path) !=
                          manifest.files.end();
      if (!listed && name != kManifestFile && name != kMlModelFile && name != kMetadataFile) {
        return Damaged(digest, name, "the manifest does not list this file");
      }
    }
    std::erase_if(objects, [&](const data::ObjectInfo& object) {
      const std::string name = object.key.substr(prefix);
      return name == kManifestFile || name == kMetadataFile;
    });
    return objects;
  }

  // The artifact's files, verified.
  Result<std::map<std::string, std::string>> Download(const std::string& digest) {
    std::map<std::string, std::string> contents;
    std::string text;
    SLIPWAY_ASSIGN_OR_RETURN(const model::Manifest manifest, ReadVerifiedManifest(digest, &text));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<data::ObjectInfo> objects,
                             ObjectsToRead(digest, manifest));
    std::vector<std::string> bytes(objects.size());
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(objects.size(), kRequests, [&](size_t i) -> Status {
      bytes[i].resize(static_cast<size_t>(objects[i].size));
      // The digest tells whether they are the right ones.
      SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                               objects_->ReadAt(objects[i], 0, bytes[i].data(), bytes[i].size()));
      bytes[i].resize(count);
      return {};
    }));
    for (size_t i = 0; i < objects.size(); ++i)
      contents[BaseName(objects[i].key)] = std::move(bytes[i]);
    contents[kManifestFile] = std::move(text);
    if (Status checked = CheckArtifactFiles(contents, digest); !checked.ok()) {
      return Damaged(digest, checked.error().location().file, checked.error().message());
    }
    return contents;
  }

  const std::shared_ptr<data::ObjectStore> objects_;
  const std::unique_ptr<ArtifactStore> cache_;
  std::mutex mutex_;
  std::set<std::string> known_;  // Guarded by mutex_.
};

}  // namespace

Result<std::unique_ptr<ArtifactStore>> OpenObjectArtifactStore(
    std::shared_ptr<data::ObjectStore> objects, FileSystem& files, const std::string& cache,
    const Clock& clock) {
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<ArtifactStore> local,
                           OpenLocalArtifactStore(files, cache, clock));
  return std::make_unique<ObjectArtifactStore>(std::move(objects), std::move(local));
}

}  // namespace slipway::registry
