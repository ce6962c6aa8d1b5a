// A float32 as an integer of the same order.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace slipway::model {

// Of a value that is compared with thresholds: OrderedKey(a) <= ThresholdKey(b) exactly where
// a <= b. A NaN is <= nothing, and -0 is 0.
inline int32_t OrderedKey(float value) {
  const auto bits = std::bit_cast<int32_t>(value + 0.0F);  // -0 + 0 is 0.
  // Those of negative numbers fall as the bits rise: all but the sign are turned round.
  const auto turned = bits ^ static_cast<int32_t>(static_cast<uint32_t>(bits >> 31) >> 1U);
  return value == value ? turned : std::numeric_limits<int32_t>::max();
}

// Nothing is <= a NaN.
inline int32_t ThresholdKey(float threshold) {
  return threshold == threshold ? OrderedKey(threshold) : std::numeric_limits<int32_t>::min();
}

}  // namespace slipway::model
