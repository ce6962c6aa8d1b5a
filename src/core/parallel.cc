#include "core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
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

// Without anything that only threads need: a prediction of one row takes a few microseconds.
Status InOrder(size_t count, const std::function<Status(size_t)>& work) {
  for (size_t index = 0; index < count; ++index) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    SLIPWAY_RETURN_IF_ERROR(Guarded(work, index));
  }
  return {};
}

// Threads that are kept, and lent to whoever works on a range. Who borrows goes on by itself at
// once and in the end waits only for those that have begun: on a busy machine a thread may come
// late, and a fit forks and joins thousands of times.
class Helpers {
 public:
  // Never destroyed: threads may still wait in it when the process ends.
  static Helpers& Shared() {
    static auto* shared = new Helpers;
    return *shared;
  }

  class Loan {
   public:
    // Up to `count` threads call `loop`, each once.
    Loan(Helpers& helpers, size_t count, const std::function<void()>& loop)
        : helpers_(helpers), loop_(loop), wanted_(count) {
      helpers_.Offer(this);
    }
    // Nobody begins any more, and all who began have ended.
    ~Loan() { helpers_.Withdraw(this); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

   private:
    friend class Helpers;
    Helpers& helpers_;
    const std::function<void()>& loop_;
    // Guarded by the helpers' mutex.
    size_t wanted_;
    size_t working_ = 0;
    std::condition_variable ended_;
  };

 private:
  void Offer(Loan* loan) {
    const std::lock_guard lock(mutex_);
    offers_.push_back(loan);
    size_t wanted = 0;
    for (const Loan* offer : offers_) wanted += offer->wanted_;
    while (waiting_ < wanted && StartOne()) ++waiting_;
    came_.notify_all();
  }

  // False where the system gives no more: those that exist, and the borrower, do all the work.
  bool StartOne() try {
    std::thread([this] { Serve(); }).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }

  void Withdraw(Loan* loan) {
    std::unique_lock lock(mutex_);
    std::erase(offers_, loan);
    loan->ended_.wait(lock, [&] { return loan->working_ == 0; });
  }

  [[noreturn]] void Serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      came_.wait(lock, [&] { return !offers_.empty(); });
      Loan* const loan = offers_.front();
      if (--loan->wanted_ == 0) offers_.erase(offers_.begin());
      ++loan->working_;
      --waiting_;
      lock.unlock();
      loan->loop_();
      lock.lock();
      ++waiting_;
      // Under the lock, as the borrower's loan ends with it.
      if (--loan->working_ == 0) loan->ended_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Loan*> offers_;  // That still want a thread, the oldest first.
  size_t waiting_ = 0;         // Threads without work, or just started.
};

}  // namespace

int AvailableCores() {
  static const int cores = CountCores();
  return cores;
}

Status ParallelFor(size_t count, int threads, const std::function<Status(size_t)>& work) {
  const size_t workers = std::min(count, static_cast<size_t>(std::max(threads, 1)));
  if (workers <= 1) return InOrder(count, work);
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;  // Guards `failed_at` and `failure`.
  size_t failed_at = count;
  std::optional<Error> failure;

  const std::function<void()> loop = [&] {
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
  {
    const Helpers::Loan loan(Helpers::Shared(), workers - 1, loop);
    loop();
  }
  if (failure) return *std::move(failure);
  return {};
}

}  // namespace slipway
