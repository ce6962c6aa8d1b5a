// The file a table is read from.
#pragma once

#include <cstdint>
#include <string>

#include "core/file_system.h"
#include "core/result.h"

namespace slipway::data {

// An open regular file, read with plain reads: a mapped file that is truncated meanwhile would kill
// the process. Reading is safe from several threads.
class SourceFile {
 public:
  // kNotFound (naming a near name), kPermission, kInvalidInput for a directory, a device, a URL or
  // an empty file.
  static Result<SourceFile> Open(const std::string& path);
  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile();

  const std::string& path() const { return path_; }
  int64_t size() const { return stat_.size; }
  // Whether reading here and there costs no more than reading on.
  bool IsSeekable() const { return true; }

  // Fills `out` with `count` bytes from `offset` on; fewer only at the end of the file. Returns how
  // many.
  Result<size_t> ReadAt(int64_t offset, char* out, size_t count) const;
  // The number, from 1, of the line that the byte at `offset` stands in. Reads all that is before
  // it.
  Result<int64_t> LineAt(int64_t offset) const;
  // A file descriptor of the caller's own, for libraries that close what they read.
  Result<int> Duplicate() const;
  // kConflict if the file is no longer what Open found.
  Status CheckUnchanged() const;

  // An error about this file.
  Error Invalid(std::string message, int64_t line = 0, int64_t row = 0) const;

 private:
  SourceFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
  FileStat stat_;
};

}  // namespace slipway::data
