#include "core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "core/file_system.h"
#include "core/interrupt.h"

namespace slipway {
namespace {

// The quota of the process's own cgroup as a number of cores, 0 where there is none. Inside a
// container the cgroup namespace makes these the container's own files.
double CgroupCores() {
  FileSystem& files = LocalFileSystem();
  if (auto text = files.ReadFile("/sys/fs/cgroup/cpu.max"); text.ok()) {
    if (text->starts_with("max")) return 0.0;
    char* rest = nullptr;
    const double quota = std::strtod(text->c_str(), &rest);
    const double period = std::strtod(rest, nullptr);
    return period > 0 ? quota / period : 0.0;
  }
  auto quota = files.ReadFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  auto period = files.ReadFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!quota.ok() || !period.ok()) return 0.0;
  const double quota_us = std::strtod(quota->c_str(), nullptr);
  const double period_us = std::strtod(period->c_str(), nullptr);
  return quota_us > 0 && period_us > 0 ? quota_us / period_us : 0.0;
}

int CountCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  const double quota = CgroupCores();
  if (quota > 0) cores = std::min(cores, static_cast<int>(std::ceil(quota)));
  return std::max(cores, 1);
}

// An exception that left a thread would end the process without a word.
Status Guarded(const std::function<Status(size_t)>& work, size_t index) try {
  return work(index);
} catch (const std::bad_alloc&) {
  return Error(ErrorCode::kUnavailable, "not enough memory").Try("a smaller table, or more memory");
} catch (const std::exception& error) {
  return Error(ErrorCode::kInternal, error.what());
}

// Starts up to `count` threads; a limit on threads or memory makes it fewer.
std::vector<std::jthread> StartThreads(size_t count, const std::function<void()>& loop) {
  std::vector<std::jthread> pool;
  pool.reserve(count);
  try {
    while (pool.size() < count) pool.emplace_back(loop);
  } catch (const std::system_error&) {
    return pool;  // Those that exist, and the caller, share all indices.
  }
  return pool;
}

}  // namespace

int AvailableCores() {
  static const int cores = CountCores();
  return cores;
}

Status ParallelFor(size_t count, int threads, const std::function<Status(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;  // Guards `failed_at` and `failure`.
  size_t failed_at = count;
  std::optional<Error> failure;

  auto loop = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const size_t index = next.fetch_add(1);
      if (index >= count) return;
      Status status = CheckInterrupted();
      if (status.ok()) status = Guarded(work, index);
      if (status.ok()) continue;
      stop = true;
      const std::lock_guard lock(mutex);
      if (index < failed_at) {
        failed_at = index;
        failure = std::move(status).error();
      }
    }
  };
  const size_t workers = std::min(count, static_cast<size_t>(std::max(threads, 1)));
  {
    const std::vector<std::jthread> pool = StartThreads(workers > 0 ? workers - 1 : 0, loop);
    loop();
  }
  if (failure) return *std::move(failure);
  return {};
}

}  // namespace slipway
