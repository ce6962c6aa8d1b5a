// The file system as the stores and the cache see it: the seam at which tests inject faults.
//
// Paths are ordinary POSIX paths. Implementations are safe to call from several threads on
// different paths. Everything returns an Error that names the path; nothing is retried here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway {

// What identifies a file's content without reading it, as git's index does. Times are nanoseconds
// since the epoch.
struct FileStat {
  int64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  uint64_t inode = 0;
  uint64_t device = 0;
  bool is_directory = false;

  bool operator==(const FileStat&) const = default;
};

// A file being written. Destroying it without Close leaves a partial file that nothing refers to.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  // Returns once the bytes are on stable storage.
  virtual Status Sync() = 0;
  virtual Status Close() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::string> ReadFile(const std::string& path) = 0;
  // Creates `path` for writing, readable by what the umask allows; fails with kAlreadyExists if it
  // is there.
  virtual Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) = 0;
  // Like mkdir -p; a directory that exists is no error.
  virtual Status CreateDirectories(const std::string& path) = 0;
  // Atomic, replaces an existing file.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status RemoveFile(const std::string& path) = 0;
  // Removes a directory and everything in it; one that is not there is no error.
  virtual Status RemoveTree(const std::string& path) = 0;
  // Makes renames and creations inside the directory `path` durable.
  virtual Status SyncDirectory(const std::string& path) = 0;
  virtual Result<FileStat> Stat(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;

  bool Exists(const std::string& path) { return Stat(path).ok(); }
};

// The real one, a process-wide singleton without state.
FileSystem& LocalFileSystem();

// Writes `bytes` so that a crash leaves either the old file or the new one, never a part: a
// temporary beside `path`, sync, rename, sync of the directory. Creates the directory if needed.
Status WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes);

// `a/b`, or `b` where `a` is empty or `b` absolute.
std::string JoinPath(std::string_view a, std::string_view b);
// The part before the last slash, "." without one.
std::string DirectoryOf(std::string_view path);
// The part after the last slash.
std::string BaseName(std::string_view path);

}  // namespace slipway
