#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "core/interrupt.h"
#include "registry/file_lock_internal.h"

namespace slipway::registry {

Result<FileLock> FileLock::Acquire(const std::string& path, Mode mode) {
  constexpr auto kPatience = std::chrono::seconds(30);
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (lock.fd_ < 0) return SystemError("lock", path, errno);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const int operation = (mode == Mode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (::flock(lock.fd_, operation) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return SystemError("lock", path, errno);
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    if (std::chrono::steady_clock::now() > deadline) {
      Location location;
      location.file = path;
      return Error(ErrorCode::kTimeout,
                   "another process registers or deletes models for more than 30 s")
          .At(std::move(location))
          .Try("again when it is done");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace slipway::registry
