// Bytes of a stored sketch as an enemy would change them. Included by tests only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/random.h"
#include "data/value_hash.h"

namespace slipway::data {

// `body` with the checksum that makes SketchReader believe it.
inline std::string WithChecksum(std::string_view body) {
  std::string bytes(body);
  const uint64_t hash = HashOf(body);
  for (size_t i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(hash >> (8 * i)));
  return bytes;
}

// Calls `read` with `count` changed copies of `bytes` whose checksums are right: cut short, with
// bytes replaced and with bytes put in.
inline void ForEachForgery(const std::string& bytes, int count,
                           const std::function<void(std::string_view)>& read) {
  const std::string body = bytes.substr(0, bytes.size() - 8);
  for (size_t length = 0; length < body.size(); ++length) {
    read(WithChecksum(body.substr(0, length)));
  }
  Random random(2026);
  for (int i = 0; i < count; ++i) {
    std::string changed = body;
    for (uint64_t change = 1 + random.Below(4); change > 0; --change) {
      // Half of them near the beginning, where counts and limits are.
      const size_t within =
          random.Below(2) == 0 ? changed.size() : std::min<size_t>(40, changed.size());
      const size_t at = random.Below(within);
      const auto byte = static_cast<char>(random.Below(3) == 0 ? 0xff : random.Below(256));
      if (random.Below(4) == 0) {
        changed.insert(changed.begin() + static_cast<ptrdiff_t>(at), byte);
      } else {
        changed[at] = byte;
      }
    }
    read(WithChecksum(changed));
  }
}

}  // namespace slipway::data
