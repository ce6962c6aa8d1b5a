// Digests of source files, remembered by what identifies a file without reading it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"
#include "data/source_files.h"

namespace slipway::pipeline {

struct IndexedFile {
  std::string digest;  // "sha256:…"
  FileStat stat;       // As it was when the digest was taken.
};

struct IndexedPart {
  std::string path;
  std::string name;  // From the folder on.
  std::string digest;
  FileStat stat;     // As it was when the digest was taken.
  std::string etag;  // The same of an object; "" of a file.
};

// The files of a table, or its objects, and their digest: that of the only one, or of the list of
// names and digests that a snapshot of them has (registry::SetList). It does not depend on where
// the folder is.
struct IndexedSource {
  std::string digest;
  bool one = false;
  std::vector<IndexedPart> parts;
};

// kConflict where the files of `path` are not what they were `before`: what was read would be
// recorded under a wrong digest.
Status CheckUnchanged(FileSystem& files, const std::string& path, const IndexedSource& before);

// Not thread-safe. Kept in one JSON file; a broken or missing file only costs hashing again.
class FileIndex {
 public:
  FileIndex(FileSystem& files, std::string index_path, const Clock& clock = SystemClock());

  // Without `verify` a remembered digest is used when size, times, inode
  // and device are the same and the file was not modified so shortly before it was hashed that a
  // later change could carry the same times (git's rule for racy entries). kConflict for a file
  // that changed while it was hashed.
  Result<IndexedFile> Digest(const std::string& path, bool verify);
  // The same for a file, a pattern, a folder, or objects in S3, whose etag tells whether they are
  // the same.
  Result<IndexedSource> DigestSource(const std::string& path, bool verify);

 private:
  struct Entry {
    FileStat stat;
    std::string etag;          // Of an object.
    int64_t hashed_at_ns = 0;  // Wall time when hashing began.
    std::string digest;
  };
  Result<IndexedFile> Look(const std::string& path, bool verify);
  Result<std::string> LookAtObject(const data::SourceFiles& source,
                                   const data::SourceFileName& file, bool verify);
  void Load();
  Status Save();

  FileSystem& files_;
  std::string index_path_;
  const Clock& clock_;
  std::map<std::string, Entry> entries_;
  bool changed_ = false;  // Since the index was read or written.
};

}  // namespace slipway::pipeline
