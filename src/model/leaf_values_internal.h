// The values of a forest's leaves.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "data/value_hash.h"

namespace slipway::model {

// The values of leaves, equal ones once: few differ in a forest, and those stay in the cache.
class LeafValues {
 public:
  LeafValues(std::vector<float>* values, size_t outputs)
      : values_(*values), outputs_(outputs), slots_(kLeastSlots, kEmpty) {}

  // Where those at `leaf` are.
  uint32_t Add(const float* leaf) {
    if (values_.size() / outputs_ * 2 >= slots_.size()) Grow();
    uint32_t& slot = SlotOf(leaf);
    if (slot == kEmpty) {
      slot = static_cast<uint32_t>(values_.size());
      values_.insert(values_.end(), leaf, leaf + outputs_);
    }
    return slot;
  }

 private:
  static constexpr uint32_t kEmpty = ~uint32_t{0};
  static constexpr size_t kLeastSlots = 1024;  // A power of two.

  // The one that holds these values, or the empty one where they belong.
  uint32_t& SlotOf(const float* leaf) {
    uint64_t hash = 0;
    for (size_t output = 0; output < outputs_; ++output)
      hash = data::MixBits(hash ^ std::bit_cast<uint32_t>(leaf[output]));
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != kEmpty &&
           std::memcmp(values_.data() + slots_[at], leaf, outputs_ * sizeof(float)) != 0)
      at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void Grow() {
    slots_.assign(slots_.size() * 2, kEmpty);
    for (size_t at = 0; at < values_.size(); at += outputs_)
      SlotOf(values_.data() + at) = static_cast<uint32_t>(at);
  }

  std::vector<float>& values_;
  const size_t outputs_;
  std::vector<uint32_t> slots_;
};

}  // namespace slipway::model
