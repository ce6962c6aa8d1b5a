#include "registry/data_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>

#include "core/hash.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "core/replace_file.h"
#include "core/text.h"

namespace slipway::registry {
namespace {

constexpr size_t kBlock = size_t{8} << 20U;

std::string KeyOf(const std::string& digest) {
  const std::string_view hex = HexOf(digest);
  return fmt::format("data/sha256/{}/{}", hex.substr(0, 2), hex.substr(2));
}
std::string NameKeyOf(const std::string& digest) { return KeyOf(digest) + ".name"; }
std::string ListKeyOf(const std::string& digest) { return KeyOf(digest) + ".files.json"; }

Error ErrorAt(ErrorCode code, const std::string& place, std::string message) {
  Location location;
  location.file = place;
  return Error(code, std::move(message)).At(std::move(location));
}

// Calls `take` with an object's bytes, block by block; all are of the version that `object` is.
Status Stream(data::ObjectStore& store, const data::ObjectInfo& object,
              const std::function<Status(std::string_view)>& take) {
  std::string block(std::min(kBlock, static_cast<size_t>(object.size)), '\0');
  for (int64_t at = 0; at < object.size;) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    SLIPWAY_ASSIGN_OR_RETURN(const size_t got,
                             store.ReadAt(object, at, block.data(), block.size()));
    if (got == 0) return ErrorAt(ErrorCode::kIo, store.UriOf(object.key), "it ends early");
    SLIPWAY_RETURN_IF_ERROR(take(std::string_view(block).substr(0, got)));
    at += static_cast<int64_t>(got);
  }
  return {};
}

struct Source {
  std::string shown;               // As it was given, without the options of a URI.
  std::vector<std::string> parts;  // Of the absolute path or of the URI.
  std::unique_ptr<data::ObjectStore> store;
  data::ObjectInfo object;
  SnapshotFile file;
};

std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<Source> OpenSource(const std::string& path) {
  Source source;
  std::string key;
  if (data::IsObjectUri(path)) {
    SLIPWAY_ASSIGN_OR_RETURN(data::ObjectPlace place, data::OpenObject(path));
    source.store = std::move(place.store);
    key = place.key;
    source.shown = source.store->UriOf(key);
    source.parts = PartsOf(source.shown);
  } else {
    std::error_code error;
    source.shown = path;
    source.parts = PartsOf(std::filesystem::absolute(path, error).lexically_normal().string());
    source.store = data::OpenDirectoryObjectStore(LocalFileSystem(), DirectoryOf(path));
    key = BaseName(path);
    // "data/" or "..", say.
    if (!data::CheckObjectKey(key).ok()) {
      return ErrorAt(ErrorCode::kInvalidInput, path, "is a directory").Expected("a file");
    }
  }
  SLIPWAY_ASSIGN_OR_RETURN(source.object, source.store->Head(key));
  source.file.size = source.object.size;
  return source;
}

// A file's own name, or the paths of several from the deepest directory that they share.
Status NameFiles(std::vector<Source>* sources) {
  size_t common = sources->front().parts.size() - 1;
  for (const Source& source : *sources) {
    common = std::min(common, source.parts.size() - 1);
    for (size_t i = 0; i < common; ++i) {
      if (source.parts[i] != sources->front().parts[i]) common = i;
    }
    const bool remote = data::IsObjectUri(source.shown);
    // "s3:" and the bucket.
    if (remote != data::IsObjectUri(sources->front().shown) || (remote && common < 2)) {
      return ErrorAt(ErrorCode::kInvalidInput, source.shown,
                     "the files of one data set lie in one directory or bucket")
          .Expected("files beside or below each other")
          .Try("a snapshot for each place");
    }
  }
  std::set<std::string> names;
  for (Source& source : *sources) {
    const std::vector<std::string> own(source.parts.begin() + static_cast<std::ptrdiff_t>(common),
                                       source.parts.end());
    source.file.name = Join(own, "/");
    if (!names.insert(source.file.name).second) {
      return ErrorAt(ErrorCode::kInvalidInput, source.shown, "is named twice");
    }
  }
  std::ranges::sort(*sources, {}, [](const Source& source) { return source.file.name; });
  return {};
}

// Tells how many of all bytes are through; reading to find a digest counts as well as sending.
class Meter {
 public:
  Meter(ProgressSink& progress, int64_t total) : progress_(progress), total_(total) {}
  void Add(size_t bytes) {
    done_ += static_cast<int64_t>(bytes);
    progress_.Advance("snapshot", std::min(done_, total_), total_, "bytes");
  }

 private:
  ProgressSink& progress_;
  const int64_t total_;
  int64_t done_ = 0;
};

Result<std::string> Hash(data::ObjectStore& store, const data::ObjectInfo& object, Meter& meter) {
  Sha256 hash;
  SLIPWAY_RETURN_IF_ERROR(Stream(store, object, [&](std::string_view block) {
    hash.Update(block);
    meter.Add(block.size());
    return Status();
  }));
  return "sha256:" + hash.FinishHex();
}

Error Changed(const std::string& shown) {
  return ErrorAt(ErrorCode::kConflict, shown, "changed while it was read")
      .Try("again when its writer is done");
}

// Sends the file unless it is there. Returns how many bytes were sent.
Result<int64_t> Keep(data::ObjectStore& store, const Source& source, Present how, Meter& meter) {
  const std::string key = KeyOf(source.file.digest);
  SLIPWAY_ASSIGN_OR_RETURN(const auto present, store.Find(key));
  if (present && present->size == source.file.size) {
    if (how == Present::kTrusted) return 0;
    SLIPWAY_ASSIGN_OR_RETURN(const std::string found, Hash(store, *present, meter));
    if (found == source.file.digest) return 0;
  }
  Sha256 hash;
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> object, store.Create(key));
  SLIPWAY_RETURN_IF_ERROR(Stream(*source.store, source.object, [&](std::string_view block) {
    hash.Update(block);
    meter.Add(block.size());
    return object->Append(block);
  }));
  if ("sha256:" + hash.FinishHex() != source.file.digest) return Changed(source.shown);
  SLIPWAY_RETURN_IF_ERROR(object->Close());
  // For whoever restores it by digest alone.
  SLIPWAY_RETURN_IF_ERROR(store.Put(NameKeyOf(source.file.digest), BaseName(source.file.name)));
  return source.file.size;
}

Status KeepList(data::ObjectStore& store, const Snapshot& snapshot) {
  const std::string key = ListKeyOf(snapshot.digest);
  const std::string list = SetList(snapshot.files);
  SLIPWAY_ASSIGN_OR_RETURN(const auto present, store.Find(key));
  if (present && present->size == std::ssize(list)) return {};
  return store.Put(key, list);
}

Result<std::vector<Source>> OpenSources(const std::vector<std::string>& paths) {
  if (paths.empty()) {
    return Error(ErrorCode::kInvalidInput, "no file is named").Expected("at least one file");
  }
  std::vector<Source> sources;
  for (const std::string& path : paths) {
    SLIPWAY_ASSIGN_OR_RETURN(Source source, OpenSource(path));
    sources.push_back(std::move(source));
  }
  SLIPWAY_RETURN_IF_ERROR(NameFiles(&sources));
  return sources;
}

Result<Snapshot> ParseList(const std::string& text, const std::string& digest,
                           const std::string& place) {
  if (DigestOf(text) != digest) {
    return ErrorAt(ErrorCode::kIntegrity, place, "the list of files has not its digest")
        .Expected(digest)
        .Try("taking the snapshot again");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ParseJson(text, place));
  Snapshot snapshot;
  snapshot.digest = digest;
  if (json.is_object() && json.contains("files") && json["files"].is_array()) {
    for (const Json& one : json["files"]) {
      snapshot.files.push_back(
          {GetString(one, "path"), GetInteger(one, "size"), GetString(one, "sha256")});
    }
  }
  for (const SnapshotFile& file : snapshot.files) {
    snapshot.bytes += file.size;
    // Nothing is written outside of the directory that was asked for.
    if (data::CheckObjectKey(file.name).ok() && IsDigest(file.digest) && file.size >= 0) continue;
    return ErrorAt(ErrorCode::kIntegrity, place, "this is no list of files");
  }
  return snapshot;
}

// Where each file goes.
Result<std::vector<RestoredFile>> Targets(FileSystem& files, const Snapshot& snapshot,
                                          const RestoreOptions& options) {
  std::vector<RestoredFile> targets;
  const Result<FileStat> there = files.Stat(options.to.empty() ? "." : options.to);
  const bool directory = options.to.empty() || options.to.ends_with('/') ||
                         (there.ok() && there->is_directory) || snapshot.files.size() > 1;
  for (const SnapshotFile& file : snapshot.files) {
    RestoredFile target;
    target.file = file;
    target.path = directory ? JoinPath(options.to, file.name) : options.to;
    targets.push_back(std::move(target));
  }
  return targets;
}

// Before anything is written: a half-restored set helps nobody.
Status CheckWhatIsThere(FileSystem& files, bool force, std::vector<RestoredFile>* targets) {
  for (RestoredFile& target : *targets) {
    target.written = true;
    if (!files.Exists(target.path)) continue;
    const Result<std::string> present = DigestOfFile(target.path);
    if (present.ok() && *present == target.file.digest) {
      target.written = false;
    } else if (!force) {
      return ErrorAt(ErrorCode::kAlreadyExists, target.path, "another file is there already")
          .Try("--to with another path, or --force to replace it");
    }
  }
  return {};
}

Status WriteTarget(data::ObjectStore& store, FileSystem& files, const RestoredFile& target,
                   Meter& meter) {
  const std::string key = KeyOf(target.file.digest);
  SLIPWAY_ASSIGN_OR_RETURN(const auto object, store.Find(key));
  if (!object) {
    return ErrorAt(ErrorCode::kIntegrity, store.UriOf(key),
                   fmt::format("{} of the snapshot is missing", target.file.name));
  }
  return ReplaceFile(files, target.path, Durability::kSynced, [&](WritableFile& file) -> Status {
    Sha256 hash;
    SLIPWAY_RETURN_IF_ERROR(Stream(store, *object, [&](std::string_view block) {
      hash.Update(block);
      meter.Add(block.size());
      return file.Append(block);
    }));
    const std::string found = "sha256:" + hash.FinishHex();
    if (found == target.file.digest) return {};
    return ErrorAt(ErrorCode::kIntegrity, store.UriOf(key), fmt::format("its digest is {}", found))
        .Expected(target.file.digest)
        .Try("deleting it there and taking the snapshot again");
  });
}

}  // namespace

std::string SetList(const std::vector<SnapshotFile>& files) {
  std::vector<SnapshotFile> sorted = files;
  std::ranges::sort(sorted, {}, &SnapshotFile::name);
  Json list = Json::array();
  for (const SnapshotFile& file : sorted) {
    list.push_back({{"path", file.name}, {"size", file.size}, {"sha256", file.digest}});
  }
  return PrettyJson({{"files", std::move(list)}});
}

Result<Snapshot> TakeSnapshot(data::ObjectStore& store, const std::vector<std::string>& paths,
                              const std::string& known_digest, ProgressSink& progress,
                              Present present) {
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<Source> sources, OpenSources(paths));
  const bool known = sources.size() == 1 && !known_digest.empty();
  Snapshot snapshot;
  for (const Source& source : sources) snapshot.bytes += source.file.size;
  Meter meter(progress, known ? snapshot.bytes : 2 * snapshot.bytes);
  for (Source& source : sources) {
    source.file.digest = known_digest;
    if (!known) {
      SLIPWAY_ASSIGN_OR_RETURN(source.file.digest, Hash(*source.store, source.object, meter));
    }
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t sent, Keep(store, source, present, meter));
    snapshot.uploaded += sent;
    snapshot.files.push_back(source.file);
  }
  snapshot.digest = snapshot.files.front().digest;
  if (snapshot.files.size() == 1) return snapshot;
  // Last, so that a set that is there is whole.
  snapshot.digest = DigestOf(SetList(snapshot.files));
  SLIPWAY_RETURN_IF_ERROR(KeepList(store, snapshot));
  return snapshot;
}

Result<Snapshot> TakeSetSnapshot(data::ObjectStore& store, const std::vector<NamedSource>& set,
                                 ProgressSink& progress, Present present) {
  std::vector<Source> sources;
  Snapshot snapshot;
  for (const NamedSource& named : set) {
    SLIPWAY_RETURN_IF_ERROR(data::CheckObjectKey(named.name));
    SLIPWAY_ASSIGN_OR_RETURN(Source source, OpenSource(named.path));
    source.file.name = named.name;
    source.file.digest = named.digest;
    snapshot.bytes += source.file.size;
    sources.push_back(std::move(source));
  }
  const bool known = std::ranges::none_of(set, &std::string::empty, &NamedSource::digest);
  Meter meter(progress, known ? snapshot.bytes : 2 * snapshot.bytes);
  for (Source& source : sources) {
    if (source.file.digest.empty()) {
      SLIPWAY_ASSIGN_OR_RETURN(source.file.digest, Hash(*source.store, source.object, meter));
    }
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t sent, Keep(store, source, present, meter));
    snapshot.uploaded += sent;
    snapshot.files.push_back(source.file);
  }
  snapshot.digest = DigestOf(SetList(snapshot.files));
  SLIPWAY_RETURN_IF_ERROR(KeepList(store, snapshot));
  return snapshot;
}

Result<std::optional<Snapshot>> FindSnapshot(data::ObjectStore& store, const std::string& digest) {
  if (!IsDigest(digest)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is no digest", digest.substr(0, 80)))
        .Expected("\"sha256:\" and 64 hex digits");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto object, store.Find(KeyOf(digest)));
  if (object) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto name, store.GetIfThere(NameKeyOf(digest)));
    const bool usable = name && data::CheckObjectKey(*name).ok() && BaseName(*name) == *name;
    Snapshot snapshot;
    snapshot.digest = digest;
    snapshot.bytes = object->size;
    snapshot.files = {{usable ? *name : "data-" + digest.substr(7, 12), object->size, digest}};
    return std::optional(std::move(snapshot));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto list, store.GetIfThere(ListKeyOf(digest)));
  if (!list) return std::optional<Snapshot>();
  SLIPWAY_ASSIGN_OR_RETURN(Snapshot snapshot,
                           ParseList(*list, digest, store.UriOf(ListKeyOf(digest))));
  return std::optional(std::move(snapshot));
}

Result<std::vector<RestoredFile>> RestoreSnapshot(data::ObjectStore& store, FileSystem& files,
                                                  const std::string& digest,
                                                  const RestoreOptions& options,
                                                  ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::optional<Snapshot> snapshot, FindSnapshot(store, digest));
  if (!snapshot) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("no data with digest {} is kept in {}", digest, store.Describe()))
        .Try("'slipway data snapshot FILE' where the data still is");
  }
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<RestoredFile> targets, Targets(files, *snapshot, options));
  SLIPWAY_RETURN_IF_ERROR(CheckWhatIsThere(files, options.force, &targets));
  Meter meter(progress, snapshot->bytes);
  for (const RestoredFile& target : targets) {
    if (target.written) SLIPWAY_RETURN_IF_ERROR(WriteTarget(store, files, target, meter));
  }
  return targets;
}

}  // namespace slipway::registry
