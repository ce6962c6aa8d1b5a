// Distinct texts, numbered in the order of their first appearance.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

// An open-addressing hash table over one arena of bytes: a column with a million identifiers costs
// a few allocations, not a million. Not thread-safe.
class Dictionary {
 public:
  // The code of `text`, adding it if it is new.
  int32_t CodeOf(std::string_view text);

  int32_t size() const { return static_cast<int32_t>(ends_.size()); }
  // Valid until the next CodeOf.
  std::string_view TextOf(int32_t code) const;

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t code = -1;
  };
  void Grow();

  std::string bytes_;
  std::vector<size_t> ends_;  // Where each text ends in `bytes_`.
  std::vector<Slot> slots_;   // A power of two of them, at most half full.
};

}  // namespace slipway::data
