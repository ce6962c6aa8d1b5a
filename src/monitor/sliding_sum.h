// Counts of the last so many milliseconds, forgotten in slots, so that memory does not grow with
// the looks.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

namespace slipway::monitor {

// `Counts` has an Add(more, &total). A value; any thread's own.
template <typename Counts>
class SlidingSum {
 public:
  // A window's slots: its length is exact to one of them.
  static constexpr int64_t kSlots = 12;

  struct Slot {
    int64_t number = 0;  // Of slots since the epoch.
    Counts counts;
  };

  // Takes what came since the last call and forgets what is older than the window.
  void Take(const Counts& more, int64_t now_ms, int64_t window_ms) {
    const int64_t number = now_ms / (window_ms < kSlots ? 1 : window_ms / kSlots);
    while (!slots_.empty() && slots_.front().number + kSlots <= number) slots_.pop_front();
    if (slots_.empty() || slots_.back().number != number) slots_.push_back({number, {}});
    Add(more, &slots_.back().counts);
  }

  Counts Total() const {
    Counts total;
    for (const Slot& slot : slots_) Add(slot.counts, &total);
    return total;
  }

  const std::deque<Slot>& slots() const { return slots_; }
  void set_slots(std::deque<Slot> slots) { slots_ = std::move(slots); }

 private:
  std::deque<Slot> slots_;  // Ascending.
};

}  // namespace slipway::monitor
