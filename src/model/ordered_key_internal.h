// A float32 as an unsigned integer of the same order.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace slipway::model {

// Of a value that is compared with thresholds: OrderedKey(a) <= ThresholdKey(b) exactly where
// a <= b. A NaN is <= nothing, and -0 is 0.
inline uint32_t OrderedKey(float value) {
  constexpr uint32_t kSign = uint32_t{1} << 31U;
  const auto bits = std::bit_cast<uint32_t>(value + 0.0F);  // -0 + 0 is 0.
  // Those of negative numbers fall as the bits rise.
  const uint32_t turned = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return value == value ? turned : std::numeric_limits<uint32_t>::max();
}

// Nothing is <= a NaN, not even -inf, whose key is above 0.
inline uint32_t ThresholdKey(float threshold) {
  return threshold == threshold ? OrderedKey(threshold) : 0;
}

// The same order in signed numbers.
inline int32_t SignedKey(uint32_t key) {
  return std::bit_cast<int32_t>(key ^ (uint32_t{1} << 31U));
}

}  // namespace slipway::model
