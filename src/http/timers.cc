#include "http/timers.h"

#include <algorithm>
#include <limits>

namespace slipway::http {
namespace {

constexpr double kLingerSeconds = 2;
constexpr double kNanosecondsASecond = 1e9;
constexpr int64_t kNanosecondsAMillisecond = 1'000'000;
// Longer than anything runs, and far from overflow.
constexpr double kLongestSeconds = 1e8;
constexpr int64_t kLongestWait = 60'000;

}  // namespace

TimerLists::TimerLists(const Limits& limits) {
  for (Timer& head : heads_) head.previous = head.next = &head;
  SetSpan(TimerKind::kIdle, limits.idle_seconds);
  SetSpan(TimerKind::kHeader, limits.header_seconds);
  SetSpan(TimerKind::kBody, limits.body_seconds);
  SetSpan(TimerKind::kWrite, limits.write_seconds);
  SetSpan(TimerKind::kLinger, kLingerSeconds);
  for (const TimerKind kind :
       {TimerKind::kDeferred, TimerKind::kConnect, TimerKind::kAnswer, TimerKind::kPooled})
    SetSpan(kind, kLongestSeconds);
}

void TimerLists::SetSpan(TimerKind kind, double seconds) {
  spans_ns_[static_cast<size_t>(kind)] =
      static_cast<int64_t>(std::clamp(seconds, 0.0, kLongestSeconds) * kNanosecondsASecond);
}

void TimerLists::Arm(Timer* timer, TimerKind kind, int64_t now_ns) {
  if (timer->armed()) Disarm(timer);
  const auto place = static_cast<size_t>(kind);
  Timer& head = heads_[place];
  timer->kind = kind;
  timer->deadline_ns = now_ns + spans_ns_[place];
  timer->previous = head.previous;
  timer->next = &head;
  head.previous->next = timer;
  head.previous = timer;
}

void TimerLists::Disarm(Timer* timer) {
  timer->previous->next = timer->next;
  timer->next->previous = timer->previous;
  timer->previous = timer->next = nullptr;
}

Timer* TimerLists::Expired(int64_t now_ns) {
  for (Timer& head : heads_) {
    if (head.next != &head && head.next->deadline_ns <= now_ns) return head.next;
  }
  return nullptr;
}

Timer* TimerLists::First(TimerKind kind) {
  Timer& head = heads_[static_cast<size_t>(kind)];
  return head.next == &head ? nullptr : head.next;
}

int TimerLists::MillisecondsToNext(int64_t now_ns) const {
  int64_t next_ns = std::numeric_limits<int64_t>::max();
  for (const Timer& head : heads_) {
    if (head.next != &head) next_ns = std::min(next_ns, head.next->deadline_ns);
  }
  if (next_ns == std::numeric_limits<int64_t>::max()) return -1;
  // Rounded up, so that it has passed by then.
  const int64_t wait = std::max<int64_t>(next_ns - now_ns, 0) / kNanosecondsAMillisecond + 1;
  return static_cast<int>(std::min(wait, kLongestWait));
}

}  // namespace slipway::http
