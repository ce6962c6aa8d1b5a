// A hash of short texts for tables that bear any number of collisions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace slipway::serve {

// Of the length, the first eight bytes and the last eight; the upper bits are the better ones.
inline uint64_t QuickHash(std::string_view text) {
  uint64_t first = 0, last = 0;
  if (text.size() >= sizeof(first)) {
    std::memcpy(&first, text.data(), sizeof(first));
    std::memcpy(&last, text.data() + text.size() - sizeof(last), sizeof(last));
  } else {
    for (const char c : text) first = first << 8U | static_cast<unsigned char>(c);
  }
  const uint64_t mixed = ((first + text.size()) * 0x9e3779b97f4a7c15U) ^ last;
  return mixed * 0xbf58476d1ce4e5b9U;
}

}  // namespace slipway::serve
