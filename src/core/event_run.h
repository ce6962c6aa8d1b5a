// Counting how events come together: in runs, by their squared lengths. What these say of clusters
// is slipway::analysis's to know.
#pragma once

#include <cstdint>

namespace slipway {

// Of one sequence of trials, by its thread.
class EventRun {
 public:
  // So many trials without an event do not end a run: two replicas that take requests by turns, of
  // which one fails, are one run.
  static constexpr int64_t kGap = 1;

  // What the squared lengths of all runs, added up, grow by: (n + 1)^2 - n^2.
  int64_t Add(bool event) {
    if (!event) {
      ++apart_;
      return 0;
    }
    length_ = apart_ > kGap ? 1 : length_ + 1;
    apart_ = 0;
    return 2 * length_ - 1;
  }

 private:
  int64_t length_ = 0;
  int64_t apart_ = 0;  // Trials since the last event.
};

}  // namespace slipway
