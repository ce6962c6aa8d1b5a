// A lock between processes, which the kernel lets go when its holder dies.
#pragma once

#include <string>
#include <utility>

#include "core/result.h"

namespace slipway::registry {

class FileLock {
 public:
  enum class Mode { kShared, kExclusive };
  // Makes the file if needed. kTimeout after half a minute.
  static Result<FileLock> Acquire(const std::string& path, Mode mode);

  FileLock() = default;  // Locks nothing.
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace slipway::registry
