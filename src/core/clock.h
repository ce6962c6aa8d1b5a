// Time, as a collaborator: what decides by time takes a Clock, so that tests move it by hand.
#pragma once

#include <chrono>
#include <string>

namespace slipway {

class Clock {
 public:
  using WallTime = std::chrono::system_clock::time_point;
  using SteadyTime = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  // For durations: never jumps.
  virtual SteadyTime SteadyNow() const = 0;
};

// The real one, a process-wide singleton without state.
const Clock& SystemClock();

// "2026-11-23T06:41:07.123Z", UTC.
std::string FormatTimestamp(Clock::WallTime time);

// Seconds since construction.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock = SystemClock())
      : clock_(clock), start_(clock.SteadyNow()) {}
  double seconds() const {
    return std::chrono::duration<double>(clock_.SteadyNow() - start_).count();
  }

 private:
  const Clock& clock_;
  Clock::SteadyTime start_;
};

}  // namespace slipway
