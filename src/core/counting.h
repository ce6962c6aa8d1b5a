// Counting on one thread what others read at any time, and latencies in logarithmic buckets.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace slipway {

// Two cache lines: the processor fetches them in pairs.
inline constexpr size_t kApart = 128;

// Log-linear buckets of nanoseconds, as HdrHistogram has them: each power of two from 512 ns to
// 137 s is cut into 32 equal parts. The middle of a bucket lies at most 1/64 (1.56 %) of a value
// away from it. What is shorter or longer counts in the first or last bucket.
struct LatencyBuckets {
  static constexpr int kPartBits = 5, kFirstPower = 9, kEndPower = 37;
  static constexpr size_t kCount = size_t{kEndPower - kFirstPower} << kPartBits;

  static constexpr size_t IndexOf(int64_t ns) {
    constexpr int64_t kLeast = int64_t{1} << kFirstPower;
    constexpr int64_t kMost = (int64_t{1} << kEndPower) - 1;
    const auto value = static_cast<uint64_t>(std::clamp(ns, kLeast, kMost));
    const int power = static_cast<int>(std::bit_width(value)) - 1;
    const uint64_t part = (value >> (power - kPartBits)) & ((uint64_t{1} << kPartBits) - 1);
    return (static_cast<size_t>(power - kFirstPower) << kPartBits) + part;
  }
  static constexpr int64_t LowOf(size_t index) {
    const int power = kFirstPower + static_cast<int>(index >> kPartBits);
    const auto part = static_cast<int64_t>(index & ((size_t{1} << kPartBits) - 1));
    return ((int64_t{1} << kPartBits) + part) << (power - kPartBits);
  }
  static constexpr double MiddleOf(size_t index) {
    return 0.5 * static_cast<double>(LowOf(index) + LowOf(index + 1));
  }
};

// A number that one thread adds to and all may read.
class Counter {
 public:
  void Add(int64_t amount) { Set(value() + amount); }
  void Set(int64_t value) { value_.store(value, std::memory_order_release); }
  int64_t value() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<int64_t> value_ = 0;
};

}  // namespace slipway
