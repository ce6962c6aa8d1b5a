// Whether a loop gets so many events that it pays to wait for a few more before it asks for them.
#pragma once

#include <cstdint>

namespace slipway::splitter {

// A loop's own, by its thread.
class EventRate {
 public:
  // What `count` events at once, at that time, say of the last milliseconds.
  void Add(int count, int64_t now_ns) {
    if (now_ns - since_ns_ >= kSpanNs) {
      // What a span without an end has counted says little of now.
      high_ = now_ns - since_ns_ < 2 * kSpanNs && counted_ >= kHigh;
      since_ns_ = now_ns;
      counted_ = 0;
    }
    counted_ += count;
    last_ = count;
  }
  // Many come, and last time few had come together.
  bool pays_to_wait() const { return high_ && last_ < kTogether; }

 private:
  static constexpr int64_t kSpanNs = 2'000'000;
  static constexpr int64_t kHigh = 40;  // 10,000 requests a second: each has two events.
  static constexpr int kTogether = 32;

  int64_t since_ns_ = 0;
  int64_t counted_ = 0;
  int last_ = 0;
  bool high_ = false;
};

}  // namespace slipway::splitter
