// Times as numbers, for what is stored and compared.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.h"

namespace slipway {

// Milliseconds since 1970 UTC.
inline int64_t UnixMilliseconds(const Clock& clock = SystemClock()) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now().time_since_epoch())
      .count();
}

}  // namespace slipway
