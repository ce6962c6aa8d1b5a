// Time that never goes back, for what is waited for.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "core/clock.h"
#include "core/unix_time.h"

namespace slipway {

// Milliseconds since 1970 UTC by the system's clock. Where that is set back, it goes on from what
// it was, at its usual pace: what is due in a minute is so, and not in an hour and a minute.
// Thread-safe.
class ForwardTime {
 public:
  explicit ForwardTime(const Clock& clock = SystemClock())
      : clock_(&clock), at_(clock.SteadyNow()), ms_(UnixMilliseconds(clock)) {}

  int64_t NowMs() const {
    const std::lock_guard lock(mutex_);
    const auto now = clock_->SteadyNow();
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(now - at_);
    at_ += passed;
    ms_ = std::max(ms_ + passed.count(), UnixMilliseconds(*clock_));
    return ms_;
  }

 private:
  const Clock* clock_;
  mutable std::mutex mutex_;  // Guards what is below.
  mutable Clock::SteadyTime at_;
  mutable int64_t ms_;
};

}  // namespace slipway
