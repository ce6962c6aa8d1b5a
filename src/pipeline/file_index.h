// Digests of source files, remembered by what identifies a file without reading it.
#pragma once

#include <map>
#include <string>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::pipeline {

struct IndexedFile {
  std::string digest;  // "sha256:…"
  FileStat stat;       // As it was when the digest was taken.
};

// kConflict where the file is not what it was `before`: it would be recorded under a wrong digest.
Status CheckUnchanged(FileSystem& files, const std::string& path, const FileStat& before);

// Not thread-safe. Kept in one JSON file; a broken or missing file only costs hashing again.
class FileIndex {
 public:
  FileIndex(FileSystem& files, std::string index_path, const Clock& clock = SystemClock());

  // Without `verify` a remembered digest is used when size, times, inode
  // and device are the same and the file was not modified so shortly before it was hashed that a
  // later change could carry the same times (git's rule for racy entries). kConflict for a file
  // that changed while it was hashed.
  Result<IndexedFile> Digest(const std::string& path, bool verify);

 private:
  struct Entry {
    FileStat stat;
    int64_t hashed_at_ns = 0;  // Wall time when hashing began.
    std::string digest;
  };
  void Load();
  Status Save();

  FileSystem& files_;
  std::string index_path_;
  const Clock& clock_;
  std::map<std::string, Entry> entries_;
};

}  // namespace slipway::pipeline
