// What tests of several folders share. Included by tests only.
#pragma once

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace slipway::testing {

// A new, empty directory that goes away with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // A name of our own would meet what killed tests left, and tests in other containers.
    path_ = (std::filesystem::temp_directory_path() / "slipway-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) {
      std::perror(path_.c_str());
      std::abort();
    }
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Does `work` in `count` processes at once, each with its number from 0, and waits for all. Returns
// how many failed; what they failed with is on standard error.
inline int FailuresInProcesses(int count, const std::function<Status(int)>& work) {
  std::vector<pid_t> children;
  int failures = 0;
  for (int number = 0; number < count; ++number) {
    const pid_t child = ::fork();
    if (child == 0) {
      const Status status = work(number);
      if (!status.ok()) fmt::print(stderr, "process {}: {}\n", number, status.error().Render());
      ::_exit(status.ok() ? 0 : 1);
    }
    if (child < 0) ++failures;
    if (child > 0) children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    const bool ended = ::waitpid(child, &status, 0) == child;
    failures += ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  }
  return failures;
}

// Stands still until it is moved.
class FakeClock : public Clock {
 public:
  explicit FakeClock(WallTime now) : now_(now) {}
  WallTime Now() const override { return now_; }
  SteadyTime SteadyNow() const override { return steady_; }
  void Advance(std::chrono::nanoseconds span) {
    now_ += std::chrono::duration_cast<WallTime::duration>(span);
    steady_ += span;
  }

 private:
  WallTime now_;
  SteadyTime steady_{};
};

}  // namespace slipway::testing
