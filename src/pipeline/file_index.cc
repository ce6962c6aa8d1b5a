#include "pipeline/file_index.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "registry/data_snapshot.h"

namespace slipway::pipeline {
namespace {

// The coarsest clock that a file system in use stamps files with: a change within this span after
// hashing could leave the times as they were.
constexpr int64_t kTimestampGranularityNs = 2'000'000'000;

int64_t Nanoseconds(Clock::WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

Json ToJson(const FileStat& stat) {
  return {{"size", stat.size},
          {"modified_ns", stat.modified_ns},
          {"changed_ns", stat.changed_ns},
          {"inode", stat.inode},
          {"device", stat.device}};
}

FileStat StatFromJson(const Json& json) {
  FileStat stat;
  stat.size = GetInteger(json, "size", -1);
  stat.modified_ns = GetInteger(json, "modified_ns");
  stat.changed_ns = GetInteger(json, "changed_ns");
  stat.inode = static_cast<uint64_t>(GetInteger(json, "inode"));
  stat.device = static_cast<uint64_t>(GetInteger(json, "device"));
  return stat;
}

// The same error, with the file of the directory that was probably meant.
Error NotFound(FileSystem& files, const std::string& path, Error error) {
  auto names = files.List(DirectoryOf(path));
  if (error.code() != ErrorCode::kNotFound || !names.ok()) return error;
  std::erase(*names, BaseName(path));  // A link that leads nowhere is there itself.
  const std::string nearest = NearestName(BaseName(path), *names);
  if (nearest.empty()) return error;
  const std::string directory = DirectoryOf(path);
  return std::move(error).Try(directory == "." ? nearest : JoinPath(directory, nearest));
}

Error Changed(const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kConflict, std::move(message))
      .At(std::move(location))
      .Try("again when its writer is done");
}

Status CheckFile(FileSystem& files, const std::string& path, const FileStat& before) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat now, files.Stat(path));
  if (now == before) return {};
  return Changed(path, "changed while it was read");
}

}  // namespace

Status CheckUnchanged(FileSystem& files, const std::string& path, const IndexedSource& before) {
  SLIPWAY_ASSIGN_OR_RETURN(const data::SourceFiles now, data::ListSourceFiles(path, files));
  if (now.files.size() != before.parts.size()) {
    return Changed(path, "files came or went while it was read");
  }
  for (size_t i = 0; i < before.parts.size(); ++i) {
    const IndexedPart& part = before.parts[i];
    if (now.files[i].path != part.path) {
      return Changed(now.files[i].path, "came while the table was read");
    }
    if (now.objects == nullptr) {
      SLIPWAY_RETURN_IF_ERROR(CheckFile(files, part.path, part.stat));
    } else if (now.files[i].object.etag != part.etag) {
      return Changed(now.objects->UriOf(now.files[i].object.key), "changed while it was read");
    }
  }
  return {};
}

FileIndex::FileIndex(FileSystem& files, std::string index_path, const Clock& clock)
    : files_(files), index_path_(std::move(index_path)), clock_(clock) {
  Load();
}

Result<IndexedFile> FileIndex::Digest(const std::string& path, bool verify) {
  SLIPWAY_ASSIGN_OR_RETURN(IndexedFile file, Look(path, verify));
  SLIPWAY_RETURN_IF_ERROR(Save());
  return file;
}

Result<IndexedSource> FileIndex::DigestSource(const std::string& path, bool verify) {
  SLIPWAY_ASSIGN_OR_RETURN(const data::SourceFiles found, data::ListSourceFiles(path, files_));
  IndexedSource source;
  source.one = found.one;
  std::vector<registry::SnapshotFile> list;
  for (const data::SourceFileName& file : found.files) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    IndexedPart part{file.path, file.name, "", {}, file.object.etag};
    if (found.objects == nullptr) {
      SLIPWAY_ASSIGN_OR_RETURN(IndexedFile indexed, Look(file.path, verify));
      part.digest = std::move(indexed.digest);
      part.stat = indexed.stat;
    } else {
      SLIPWAY_ASSIGN_OR_RETURN(part.digest, LookAtObject(found, file, verify));
      part.stat.size = file.object.size;
    }
    list.push_back({part.name, part.stat.size, part.digest});
    source.parts.push_back(std::move(part));
  }
  SLIPWAY_RETURN_IF_ERROR(Save());
  source.digest = found.one ? list.front().digest : DigestOf(registry::SetList(list));
  return source;
}

Result<std::string> FileIndex::LookAtObject(const data::SourceFiles& source,
                                            const data::SourceFileName& file, bool verify) {
  const auto known = entries_.find(file.path);
  if (!verify && known != entries_.end() && known->second.etag == file.object.etag &&
      known->second.stat.size == file.object.size && !file.object.etag.empty()) {
    return known->second.digest;
  }
  SLIPWAY_ASSIGN_OR_RETURN(std::string digest, data::DigestOfSourceFile(source, file));
  FileStat stat;
  stat.size = file.object.size;
  entries_[file.path] = Entry{stat, file.object.etag, Nanoseconds(clock_.Now()), digest};
  changed_ = true;
  return digest;
}

Result<IndexedFile> FileIndex::Look(const std::string& path, bool verify) {
  const Result<FileStat> found = files_.Stat(path);
  if (!found.ok()) return NotFound(files_, path, found.error());
  const FileStat before = *found;
  if (before.is_directory) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kInvalidInput, "is a directory")
        .At(std::move(location))
        .Expected("a file");
  }
  const auto known = entries_.find(path);
  if (!verify && known != entries_.end() && known->second.stat == before) {
    const int64_t last_change = std::max(before.modified_ns, before.changed_ns);
    if (last_change + kTimestampGranularityNs < known->second.hashed_at_ns)
      return IndexedFile{known->second.digest, before};
  }
  const int64_t now = Nanoseconds(clock_.Now());
  SLIPWAY_ASSIGN_OR_RETURN(std::string digest, DigestOfFile(path));
  SLIPWAY_RETURN_IF_ERROR(CheckFile(files_, path, before));
  entries_[path] = Entry{before, "", now, digest};
  changed_ = true;
  return IndexedFile{std::move(digest), before};
}

void FileIndex::Load() {
  auto json = ReadJsonFile(files_, index_path_);
  if (!json.ok() || !json->is_object()) return;
  for (const auto& [path, value] : json->items()) {
    if (!value.is_object() || !value.contains("stat")) continue;
    const std::string digest = GetString(value, "digest");
    if (!IsDigest(digest)) continue;
    entries_[path] = Entry{StatFromJson(value["stat"]), GetString(value, "etag"),
                           GetInteger(value, "hashed_at_ns"), digest};
  }
}

Status FileIndex::Save() {
  if (!std::exchange(changed_, false)) return {};
  Json json = Json::object();
  for (const auto& [path, entry] : entries_) {
    json[path] = {{"stat", ToJson(entry.stat)},
                  {"etag", entry.etag},
                  {"hashed_at_ns", entry.hashed_at_ns},
                  {"digest", entry.digest}};
  }
  return WriteFileAtomically(files_, index_path_, CompactJson(json));
}

}  // namespace slipway::pipeline
