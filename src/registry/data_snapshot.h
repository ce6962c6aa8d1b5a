// The exact bytes of data sets, kept by digest beside the artifacts, so that what a version was
// trained on can be had again.
//
// Keys: data/sha256/ab/cdef… are a file's bytes, with ….name for the name it had. A set of several
// files has its list in ….files.json, and the set's digest is the SHA-256 of that list:
// {"files":[{"path":…,"size":…,"sha256":…}]}, by path, as SetList writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/object_store.h"

namespace slipway::registry {

struct SnapshotFile {
  std::string name;  // A key: a file's own name, or its path from the directory of the set.
  int64_t size = 0;
  std::string digest;
};

struct Snapshot {
  std::string digest;               // Of the only file, or of the list of several.
  std::vector<SnapshotFile> files;  // By name.
  int64_t bytes = 0;                // Of all files.
  int64_t uploaded = 0;             // Of those files that were not there already.
};

// The list whose digest stands for a set of files.
std::string SetList(const std::vector<SnapshotFile>& files);

// What is there already, and as long as it should be, is not sent again; with kVerified it is read
// first, and sent again where it is damaged.
enum class Present { kTrusted, kVerified };

// Keeps the files, each a path or an s3:// URI, streamed.
// `known_digest` saves reading a single file to find out its digest; "" where it is not known.
// kConflict for a file that changes meanwhile or is not of the known digest, kInvalidInput for
// files that are named twice or have no directory in common.
Result<Snapshot> TakeSnapshot(data::ObjectStore& store, const std::vector<std::string>& paths,
                              const std::string& known_digest = "",
                              ProgressSink& progress = SilentProgress(),
                              Present present = Present::kTrusted);

// A file of a set that was listed before.
struct NamedSource {
  std::string path;    // Or s3:// URI.
  std::string name;    // A key.
  std::string digest;  // Bytes of another one are a kConflict; "" where it is not known.
};
// The same of such a set, whose digest is that of its list even where it has only one file.
Result<Snapshot> TakeSetSnapshot(data::ObjectStore& store, const std::vector<NamedSource>& set,
                                 ProgressSink& progress = SilentProgress(),
                                 Present present = Present::kTrusted);

// What is kept under a digest; nothing where nothing is.
Result<std::optional<Snapshot>> FindSnapshot(data::ObjectStore& store, const std::string& digest);

struct RestoreOptions {
  // "" for the names that the files had, in the current directory. For one file its path or a
  // directory that exists, for several the directory, which is made.
  std::string to;
  bool force = false;  // Files that are there are replaced.
};
struct RestoredFile {
  std::string path;
  SnapshotFile file;
  bool written = false;  // Else it was there with the same bytes.
};
// Verified, each file atomically. kNotFound where nothing is kept, kAlreadyExists (before anything
// is written) where another file is in the way, kIntegrity for bytes that are not the digest's.
Result<std::vector<RestoredFile>> RestoreSnapshot(data::ObjectStore& store, FileSystem& files,
                                                  const std::string& digest,
                                                  const RestoreOptions& options,
                                                  ProgressSink& progress = SilentProgress());

}  // namespace slipway::registry
