#include <fmt/format.h>

#include <chrono>

#include "core/durable_directories.h"
#include "core/hash.h"
#include "core/replace_file.h"
#include "registry/artifact_files_internal.h"
#include "registry/artifact_store.h"

namespace slipway::registry {
namespace {

constexpr auto kLeftoverAge = std::chrono::hours(1);

class LocalArtifactStore : public ArtifactStore {
 public:
  LocalArtifactStore(FileSystem& files, std::string root, const Clock& clock)
      : files_(files), root_(std::move(root)), clock_(clock) {}

  Status Put(const std::string& digest,
             const std::map<std::string, std::string>& contents) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    SLIPWAY_RETURN_IF_ERROR(CheckArtifactFiles(contents, digest));
    const std::string place = DirectoryFor(digest);
    if (files_.Exists(place)) {
      Status status = CheckArtifactDirectory(files_, place, digest);
      // Whoever put it there may not have come to sync its name.
      if (status.ok()) return SyncNames(place);
      if (status.error().code() != ErrorCode::kIntegrity) return status;
      SLIPWAY_RETURN_IF_ERROR(Discard(place));
    }
    RemoveLeftovers();
    const std::string temporary = TemporaryPath();
    Status status = WriteFilesDurably(files_, temporary, contents);
    if (status.ok()) status = MoveIntoPlace(temporary, place, digest);
    // What failed first is what the user must see; a leftover is removed by a later Put.
    if (!status.ok()) (void)files_.RemoveTree(temporary);
    return status;
  }

  Result<bool> Contains(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    return files_.Exists(JoinPath(DirectoryFor(digest), kManifestFile));
  }

  Result<std::string> Fetch(const std::string& digest) override {
    SLIPWAY_ASSIGN_OR_RETURN(std::string place, Locate(digest));
    SLIPWAY_RETURN_IF_ERROR(CheckArtifactDirectory(files_, place, digest));
    return place;
  }

  Result<std::string> Locate(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    std::string place = DirectoryFor(digest);
    if (files_.Exists(place)) return place;
    Location location;
    location.file = place;
    return Error(ErrorCode::kNotFound, "the artifact is not in the store").At(std::move(location));
  }

  Status Verify(const std::string& digest) override {
    SLIPWAY_RETURN_IF_ERROR(Fetch(digest));
    return {};
  }

  Status Remove(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    const std::string place = DirectoryFor(digest);
    return files_.Exists(place) ? Discard(place) : Status();
  }

  Result<std::vector<std::string>> List() override {
    std::vector<std::string> digests;
    const std::string all = JoinPath(root_, "sha256");
    if (!files_.Exists(all)) return digests;
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> shards, files_.List(all));
    for (const std::string& shard : shards) {
      const Result<std::vector<std::string>> names = files_.List(JoinPath(all, shard));
      if (!names.ok()) continue;  // Not a directory, so none of ours.
      for (const std::string& name : *names) {
        std::string digest = fmt::format("sha256:{}{}", shard, name);
        if (shard.size() == 2 && IsDigest(digest)) digests.push_back(std::move(digest));
      }
    }
    return digests;
  }

  Status PutMetadata(const std::string& digest, const std::string& json) override {
    SLIPWAY_ASSIGN_OR_RETURN(const bool present, Contains(digest));
    if (!present)
      return Error(ErrorCode::kNotFound, fmt::format("no artifact {} in the store", digest));
    // Written outside of the artifact, so that nobody who verifies it meets half a file. Which of
    // the two files a crash leaves does not matter: the next change or Fetch writes it again.
    const std::string temporary = TemporaryPath();
    auto write = [&]() -> Status {
      SLIPWAY_RETURN_IF_ERROR(files_.CreateDirectories(DirectoryOf(temporary)));
      SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.CreateFile(temporary));
      SLIPWAY_RETURN_IF_ERROR(file->Append(json));
      SLIPWAY_RETURN_IF_ERROR(file->Sync());
      SLIPWAY_RETURN_IF_ERROR(file->Close());
      return files_.Rename(temporary, JoinPath(DirectoryFor(digest), kMetadataFile));
    };
    Status status = write();
    if (!status.ok()) (void)files_.RemoveFile(temporary);
    return status;
  }

  Result<std::string> GetMetadata(const std::string& digest) override {
    if (!IsDigest(digest)) return NotADigest(digest);
    const std::string path = JoinPath(DirectoryFor(digest), kMetadataFile);
    return files_.Exists(path) ? files_.ReadFile(path) : Result<std::string>("");
  }

 private:
  std::string DirectoryFor(const std::string& digest) const {
    const std::string_view hex = HexOf(digest);
    return fmt::format("{}/sha256/{}/{}", root_, hex.substr(0, 2), hex.substr(2));
  }
  std::string TemporaryPath() const { return fmt::format("{}/tmp/{}", root_, RandomName()); }

  // An artifact's name and the directories above it, up to the one that holds the store's parent
  // (".slipway").
  Status SyncNames(const std::string& place) {
    std::string directory = place;
    for (int level = 0; level < 5; ++level) {
      directory = DirectoryOf(directory);
      SLIPWAY_RETURN_IF_ERROR(files_.SyncDirectory(directory));
    }
    return {};
  }

  Status MoveIntoPlace(const std::string& temporary, const std::string& place,
                       const std::string& digest) {
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files_, DirectoryOf(place)));
    Status renamed = files_.Rename(temporary, place);
    if (!renamed.ok()) {
      // Somebody else was faster; theirs has the same bytes, or it is an error.
      if (!files_.Exists(place)) return renamed;
      SLIPWAY_RETURN_IF_ERROR(CheckArtifactDirectory(files_, place, digest));
      SLIPWAY_RETURN_IF_ERROR(files_.RemoveTree(temporary));
    }
    return SyncNames(place);
  }

  // Takes a directory away at once, then removes it: nobody sees a half-removed artifact.
  Status Discard(const std::string& place) {
    const std::string temporary = TemporaryPath();
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files_, DirectoryOf(temporary)));
    if (const Status renamed = files_.Rename(place, temporary); !renamed.ok()) {
      return files_.Exists(place) ? renamed : Status();  // Somebody else was faster.
    }
    SLIPWAY_RETURN_IF_ERROR(files_.SyncDirectory(DirectoryOf(place)));
    return files_.RemoveTree(temporary);
  }

  // Of processes that were killed. Failing here must not fail the Put: the next one tries again.
  void RemoveLeftovers() {
    const std::string all = JoinPath(root_, "tmp");
    const Result<std::vector<std::string>> names = files_.List(all);
    if (!names.ok()) return;
    const int64_t oldest = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               (clock_.Now() - kLeftoverAge).time_since_epoch())
                               .count();
    for (const std::string& name : *names) {
      const Result<FileStat> stat = files_.Stat(JoinPath(all, name));
      if (stat.ok() && stat->changed_ns < oldest) (void)files_.RemoveTree(JoinPath(all, name));
    }
  }

  FileSystem& files_;
  std::string root_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<ArtifactStore>> OpenLocalArtifactStore(FileSystem& files,
                                                              const std::string& root,
                                                              const Clock& clock) {
  std::string path = root;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return std::make_unique<LocalArtifactStore>(files, std::move(path), clock);
}

}  // namespace slipway::registry
