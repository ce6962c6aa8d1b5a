#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "core/detached_folder_internal.h"
#include "core/durable_directories.h"
#include "core/file_system.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;

// A new process has its lock before its pid is written; those who only look hold it for less.
constexpr milliseconds kLook{5};
constexpr int kLooks = 100;
constexpr mode_t kOwnerOnly = 0600;

bool SameFile(const struct stat& left, const struct stat& right) {
  return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

int FlockFully(int descriptor, int operation) {
  int result = 0;
  do {
    result = ::flock(descriptor, operation);
  } while (result != 0 && errno == EINTR);
  return result;
}

// 0 for what is no pid: it may be about to be written.
pid_t ReadPid(const std::string& path) {
  const Result<std::string> text = LocalFileSystem().ReadFile(path);
  if (!text.ok() || !text->ends_with('\n')) return 0;
  pid_t pid = 0;
  const char* const end = text->data() + text->size() - 1;
  const auto read = std::from_chars(text->data(), end, pid);
  return read.ec == std::errc() && read.ptr == end && pid > 0 ? pid : 0;
}

}  // namespace

DetachedFolder::DetachedFolder(const std::string& directory, const std::string& id)
    : id_(id), path_(JoinPath(directory, id)) {}

Result<Descriptor> DetachedFolder::TakeLock() const {
  for (int look = 0; look < kLooks; ++look) {
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(LocalFileSystem(), path_));
    Descriptor opened(::open(lock_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly));
    // Whoever removes the folder may have been faster.
    if (!opened.open() && errno == ENOENT) continue;
    if (!opened.open()) return SystemError("open", lock_path(), errno);
    Descriptor lock(::fcntl(opened.number(), F_DUPFD_CLOEXEC, kFirstOtherDescriptor));
    if (!lock.open()) return SystemError("open", lock_path(), errno);
    opened.Close();
    if (FlockFully(lock.number(), LOCK_EX | LOCK_NB) == 0) {
      struct stat ours{};
      struct stat named{};
      const bool there = ::fstat(lock.number(), &ours) == 0 &&
                         ::stat(lock_path().c_str(), &named) == 0 && SameFile(ours, named);
      if (there) return lock;
      continue;
    }
    if (errno != EWOULDBLOCK) return SystemError("lock", lock_path(), errno);
    // Somebody may only look at it.
    std::this_thread::sleep_for(kLook);
    SLIPWAY_ASSIGN_OR_RETURN(const Lock state, LookAtLock());
    if (state == Lock::kHeld) return Descriptor();
  }
  return Descriptor();
}

// Shared, so that those who look do not see each other.
Result<DetachedFolder::Lock> DetachedFolder::LookAtLock() const {
  const Descriptor lock(::open(lock_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!lock.open() && errno == ENOENT) return Lock::kFree;
  if (!lock.open()) return SystemError("open", lock_path(), errno);
  if (FlockFully(lock.number(), LOCK_SH | LOCK_NB) == 0) {
    // A process that was forked meanwhile has it too, for a moment.
    FlockFully(lock.number(), LOCK_UN);
    return Lock::kFree;
  }
  if (errno != EWOULDBLOCK) return SystemError("lock", lock_path(), errno);
  return Lock::kHeld;
}

bool DetachedFolder::HasLockOpen(pid_t pid) const {
  struct stat its{};
  struct stat named{};
  const std::string descriptor = fmt::format("/proc/{}/fd/{}", pid, kLockDescriptor);
  return ::stat(descriptor.c_str(), &its) == 0 && ::stat(lock_path().c_str(), &named) == 0 &&
         SameFile(its, named);
}

// The process is taken hold of before it is looked at: what is found is true of that one, whoever
// gets its pid later.
DetachedFolder::Holder DetachedFolder::ReadHolder() const {
  Holder holder{.lives = true};
  const pid_t pid = ReadPid(pid_path());
  if (pid == 0) return holder;
  holder.descriptor = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (HasLockOpen(pid)) holder.pid = pid;
  return holder;
}

Result<DetachedFolder::Holder> DetachedFolder::FindHolder() const {
  for (int look = 0;; ++look) {
    SLIPWAY_ASSIGN_OR_RETURN(const Lock before, LookAtLock());
    if (before == Lock::kFree) return Holder();
    Holder holder = ReadHolder();
    SLIPWAY_ASSIGN_OR_RETURN(const Lock after, LookAtLock());
    if (after == Lock::kFree) return Holder();
    if (holder.pid != 0) return holder;
    if (look == kLooks) return Holder{.lives = true};
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace slipway
