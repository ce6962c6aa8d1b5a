// What tests of several folders share. Included by tests only.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "core/clock.h"

namespace slipway::testing {

// A new, empty directory that goes away with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    static std::atomic<int> counter{0};
    const auto name = fmt::format("slipway-test-{}-{}", ::getpid(), counter++);
    path_ = (std::filesystem::temp_directory_path() / name).string();
    std::filesystem::create_directories(path_);
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
