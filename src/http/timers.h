// When connections are looked at though nothing came: one list a kind of limit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include "http/types.h"

namespace slipway::http {

enum class TimerKind : uint8_t {
  kIdle,
  kHeader,  // And the handshake of TLS.
  kBody,
  kWrite,
  kLinger,
  kDeferred,  // An answer that comes later: without end.
  // Of a proxy's connections to others. Without end where SetSpan gives none.
  kConnect,
  kAnswer,
  kPooled,
};
inline constexpr size_t kTimerKinds = 9;

inline int64_t MonotonicNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Base of what waits. It is in one list from its first Arm until Disarm.
struct Timer {
  Timer* previous = nullptr;
  Timer* next = nullptr;
  int64_t deadline_ns = 0;
  TimerKind kind = TimerKind::kIdle;

  bool armed() const { return next != nullptr; }
};

// All that wait for the same kind wait for the same span: who comes last ends last, and a list in
// the order of arrival is one of deadlines. Arming costs a few pointers and no system call.
class TimerLists {
 public:
  explicit TimerLists(const Limits& limits);
  TimerLists(const TimerLists&) = delete;
  TimerLists& operator=(const TimerLists&) = delete;

  void SetSpan(TimerKind kind, double seconds);
  // Takes it out of the list in which it is.
  void Arm(Timer* timer, TimerKind kind, int64_t now_ns);
  static void Disarm(Timer* timer);

  // The next one whose deadline has passed; null for none.
  Timer* Expired(int64_t now_ns);
  // Any of a kind; null for none.
  Timer* First(TimerKind kind);
  // For epoll_wait: -1 where nothing waits.
  int MillisecondsToNext(int64_t now_ns) const;

 private:
  std::array<Timer, kTimerKinds> heads_;  // Of circles.
  std::array<int64_t, kTimerKinds> spans_ns_{};
};

}  // namespace slipway::http
