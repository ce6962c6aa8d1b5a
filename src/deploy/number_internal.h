// Numbers in texts of our own: ids of sets, ports, process ids.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace slipway::deploy {

// The number at the front of `text`; 0 where there is none.
inline int64_t NumberIn(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace slipway::deploy
