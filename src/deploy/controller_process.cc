#include "deploy/controller_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "core/detached_processes.h"
#include "core/file_system.h"
#include "deploy/number_internal.h"

namespace slipway::deploy {
namespace {

constexpr const char* kLockFile = "controller.lock";
constexpr const char* kId = "controller";
constexpr int kMostWaits = 600;  // Of 25 ms each: longer than a message may be under way.
constexpr mode_t kOwnerOnly = 0600;

void WaitABit() { std::this_thread::sleep_for(std::chrono::milliseconds(25)); }

bool IsHeld(int file) {
  if (::flock(file, LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(file, LOCK_UN);
  return false;
}

pid_t PidIn(int file) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(file, text.data(), text.size() - 1, 0);
  if (count <= 0) return 0;
  return static_cast<pid_t>(NumberIn({text.data(), static_cast<size_t>(count)}));
}

}  // namespace

Result<ControllerLock> ControllerLock::Take(const std::string& directory) {
  SLIPWAY_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(directory));
  const std::string path = JoinPath(directory, kLockFile);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (!file.open()) return SystemError("can't open", path, errno);
  // Somebody who only looks holds it for an instant.
  bool taken = false;
  constexpr int kTries = 20;
  for (int i = 0; i < kTries && !taken; ++i) {
    taken = ::flock(file.number(), LOCK_EX | LOCK_NB) == 0;
    if (!taken) WaitABit();
  }
  if (!taken) {
    return Error(ErrorCode::kConflict, fmt::format("process {} controls the services of {} already",
                                                   PidIn(file.number()), directory))
        .Try("slipway rollout list");
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.number(), 0) != 0 ||
      ::pwrite(file.number(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return SystemError("can't write", path, errno);
  return ControllerLock(std::move(file));
}

pid_t FindController(const std::string& directory) {
  const std::string path = JoinPath(directory, kLockFile);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() || !IsHeld(file.number())) return 0;
  // One that was killed while it started a program has its lock held on for an instant, by the
  // child that is not the program yet.
  const pid_t pid = PidIn(file.number());
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pid <= 0 || !process.open()) return 0;
  pollfd ended{process.number(), POLLIN, 0};
  return ::poll(&ended, 1, 0) > 0 ? 0 : pid;
}

Status StartController(const std::string& directory, const std::vector<std::string>& arguments) {
  if (FindController(directory) != 0) return {};
  SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses processes,
                           DetachedProcesses::Open(JoinPath(directory, kId)));
  DetachedSpec spec;
  spec.id = kId;
  spec.arguments = arguments;
  Status started = processes.Start(spec);
  // Two who start one at the same time are both served by the one that came first.
  if (!started.ok() && started.error().code() != ErrorCode::kAlreadyExists) return started;
  for (int i = 0; i < kMostWaits; ++i) {
    if (FindController(directory) != 0) return {};
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<DetachedProcess> found, processes.List());
    const bool lives = !found.empty() && found.front().alive;
    if (!lives) break;
    WaitABit();
  }
  if (FindController(directory) != 0) return {};
  constexpr int64_t kTail = 2000;
  const Result<std::string> log = processes.LogTail(kId, kTail);
  return Error(ErrorCode::kUnavailable, fmt::format("the controller does not start: {}",
                                                    log.ok() ? *log : log.error().message()))
      .Try("slipway up --foreground, to see why");
}

Status ShortenControllerLog(const std::string& directory) {
  SLIPWAY_ASSIGN_OR_RETURN(const DetachedProcesses processes,
                           DetachedProcesses::Open(JoinPath(directory, kId)));
  return processes.ShortenLog(kId);
}

Status StopController(const std::string& directory) {
  const pid_t pid = FindController(directory);
  if (pid == 0) return {};
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  // It is the one that holds the lock, or has ended in between.
  if (!process.open() || FindController(directory) != pid) return {};
  if (::syscall(SYS_pidfd_send_signal, process.number(), SIGTERM, nullptr, 0) != 0)
    return SystemError("can't signal the controller", "", errno);
  for (int i = 0; i < kMostWaits; ++i) {
    if (FindController(directory) != pid) return {};
    WaitABit();
  }
  return Error(ErrorCode::kTimeout, fmt::format("the controller, process {}, does not end", pid));
}

}  // namespace slipway::deploy
