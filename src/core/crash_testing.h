// What tests share that interrupt work at each of its steps. Included by tests only.
#pragma once

#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>

#include "core/result.h"

namespace slipway::testing {

// What a child that crashed on purpose ends with.
inline constexpr int kCrashed = 42;

// While it lives, temporary directories are in memory where there is room: what a crash loses is
// simulated, so that memory serves as well as a disk and spares thousands of real syncs.
class InMemory {
 public:
  InMemory() {
    const char* set = ::getenv("TMPDIR");
    if (set != nullptr) before_ = set;
    if (HasRoom("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
  }
  ~InMemory() { before_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before_.c_str(), 1); }
  InMemory(const InMemory&) = delete;
  InMemory& operator=(const InMemory&) = delete;

 private:
  // Containers often have 64 MB there, or nothing: a test must not fail for want of it.
  static bool HasRoom(const char* directory) {
    constexpr uint64_t kNeeded = 64 << 20;
    struct statvfs info{};
    return ::access(directory, W_OK | X_OK) == 0 && ::statvfs(directory, &info) == 0 &&
           uint64_t{info.f_bavail} * info.f_frsize >= kNeeded;
  }

  std::string before_;
};

// Tells the parent, as soon as the call returned, what the child has done.
class Acknowledgements {
 public:
  explicit Acknowledgements(int fd) : fd_(fd) {}
  // Ends the child where it failed, which must not happen without a crash.
  void Add(bool ok, char what) const {
    constexpr int kFailed = 98;
    if (!ok || ::write(fd_, &what, 1) != 1) ::_exit(kFailed);
  }

 private:
  int fd_;
};

struct CrashOutcome {
  bool crashed = false;
  std::string acknowledged;
};

// Does `work` in a process of its own, which ends with 0 when it returns. An error where it ends in
// any way but this or by _exit(kCrashed).
inline Result<CrashOutcome> RunInChild(const std::function<void(Acknowledgements)>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return SystemError("make", "a pipe", errno);
  const pid_t child = ::fork();
  if (child < 0) return SystemError("make", "a process", errno);
  if (child == 0) {
    work(Acknowledgements(ends[1]));
    ::_exit(0);
  }
  ::close(ends[1]);
  CrashOutcome outcome;
  std::array<char, 64> buffer{};
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    outcome.acknowledged.append(buffer.data(), static_cast<size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return SystemError("wait for", "a process", errno);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code != 0 && code != kCrashed) {
    return Error(ErrorCode::kInternal, "a child ended with " + std::to_string(code));
  }
  outcome.crashed = code == kCrashed;
  return outcome;
}

}  // namespace slipway::testing
