#include <algorithm>
#include <cstring>

#include "splitter/relay_buffer_internal.h"

namespace slipway::splitter {

std::pair<char*, size_t> RelayBuffer::Room() {
  // Moving few bytes for little room again and again would cost more than waiting.
  const bool much_sent = sent_ > 0 && sent_ >= end_ / 2;
  if (end_ == capacity_) {
    if (capacity_ < kMostCapacity) {
      Grow(std::clamp(2 * capacity_, kFirstCapacity, kMostCapacity));
    } else if (much_sent) {
      std::memmove(bytes_.get(), bytes_.get() + sent_, end_ - sent_);
      end_ -= sent_;
      sent_ = 0;
      whole_ = false;
    }
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void RelayBuffer::Append(std::string_view bytes) {
  if (capacity_ - end_ < bytes.size())
    Grow(std::max({end_ + bytes.size(), 2 * capacity_, kFirstCapacity}));
  if (!bytes.empty()) std::memcpy(bytes_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void RelayBuffer::Grow(size_t capacity) {
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (end_ > 0) std::memcpy(grown.get(), bytes_.get(), end_);
  bytes_ = std::move(grown);
  capacity_ = capacity;
}

void RelayBuffer::Clear() {
  sent_ = end_ = 0;
  whole_ = true;
  if (capacity_ <= 2 * kFirstCapacity) return;
  bytes_.reset();
  capacity_ = 0;
}

}  // namespace slipway::splitter
