#include <functional>

#include "data/dictionary_internal.h"

namespace slipway::data {

int32_t Dictionary::CodeOf(std::string_view text) {
  if (ends_.size() * 2 >= slots_.size()) Grow();
  const auto hash = static_cast<uint32_t>(std::hash<std::string_view>{}(text));
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at].code >= 0) {
    if (slots_[at].hash == hash && TextOf(slots_[at].code) == text) return slots_[at].code;
    at = (at + 1) & mask;
  }
  slots_[at] = {hash, size()};
  bytes_ += text;
  ends_.push_back(bytes_.size());
  return slots_[at].code;
}

std::string_view Dictionary::TextOf(int32_t code) const {
  const auto index = static_cast<size_t>(code);
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

void Dictionary::Grow() {
  constexpr size_t kFirstSlots = 16;
  std::vector<Slot> larger(slots_.empty() ? kFirstSlots : slots_.size() * 2);
  const size_t mask = larger.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.code < 0) continue;
    size_t at = slot.hash & mask;
    while (larger[at].code >= 0) at = (at + 1) & mask;
    larger[at] = slot;
  }
  slots_ = std::move(larger);
}

}  // namespace slipway::data
