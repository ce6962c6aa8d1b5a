// Records of bytes from one thread to another, through a room that is made once.
//
// The writer never waits: a record that has no room is refused, and who offers it counts it. A
// record lies in one piece, so that the reader takes it where it is.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace slipway::serve {

// One thread calls Reserve, Publish, Push and MoreThanHalfFull, another one Front and Pop.
//
// A record is its size and its bytes, filled up to a multiple of the size's own. One that would
// cross the end of the room begins at its start, and kSkip stands in its place. Places count on
// without end; the room's are their last bits.
class ByteRing {
 public:
  // Rounded up to a power of two. The system gives the memory when it is first written to.
  explicit ByteRing(size_t capacity)
      : capacity_(std::bit_ceil(capacity < kLeast ? kLeast : capacity)),
        bytes_(std::make_unique_for_overwrite<char[]>(capacity_)) {}
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  size_t capacity() const { return capacity_; }
  // A longer one is always refused. Half the room, so that none depends on where it would begin.
  size_t longest() const { return capacity_ / 2 - sizeof(uint32_t); }

  // Where the next record's bytes go; null where there is no room for them now. The reader sees
  // them after Publish; without it, the next call gives the same room again.
  char* Reserve(size_t size) {
    if (size > longest()) return nullptr;
    const size_t tail = tail_.load(std::memory_order_relaxed);
    const size_t place = PlaceOf(tail), needed = FrameOf(size);
    const size_t skipped = capacity_ - place < needed ? capacity_ - place : 0;
    const size_t end = tail + skipped + needed;
    if (end - head_seen_ > capacity_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (end - head_seen_ > capacity_) return nullptr;
    }
    if (skipped > 0) PutSize(place, kSkip);
    const size_t begin = skipped > 0 ? 0 : place;
    PutSize(begin, static_cast<uint32_t>(size));
    reserved_end_ = end;
    return bytes_.get() + begin + sizeof(uint32_t);
  }
  void Publish() { tail_.store(reserved_end_, std::memory_order_release); }

  // False where there was no room.
  bool Push(std::string_view record) {
    char* const room = Reserve(record.size());
    if (room == nullptr) return false;
    if (!record.empty()) std::memcpy(room, record.data(), record.size());
    Publish();
    return true;
  }
  // For the writer: whether the reader has yet to give back more than half of the room.
  bool MoreThanHalfFull() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ <= capacity_ / 2) return false;
    head_seen_ = head_.load(std::memory_order_acquire);
    return tail - head_seen_ > capacity_ / 2;
  }

  // The oldest record; nothing where there is none. Its bytes stay until Pop.
  std::optional<std::string_view> Front() {
    size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return std::nullopt;
    }
    // What skips is published with the record behind it.
    if (SizeAt(PlaceOf(head)) == kSkip) head += capacity_ - PlaceOf(head);
    const size_t size = SizeAt(PlaceOf(head));
    front_end_ = head + FrameOf(size);
    return std::string_view(bytes_.get() + PlaceOf(head) + sizeof(uint32_t), size);
  }
  // After a Front that gave one.
  void Pop() { head_.store(front_end_, std::memory_order_release); }

 private:
  static constexpr size_t kLeast = 64;
  static constexpr uint32_t kSkip = UINT32_MAX;
  // Two cache lines: the processor fetches them in pairs.
  static constexpr size_t kApart = 128;

  static size_t FrameOf(size_t size) {
    constexpr size_t kStep = sizeof(uint32_t);
    return kStep + (size + kStep - 1) / kStep * kStep;
  }
  size_t PlaceOf(size_t count) const { return count & (capacity_ - 1); }
  void PutSize(size_t place, uint32_t size) {
    std::memcpy(bytes_.get() + place, &size, sizeof(size));
  }
  uint32_t SizeAt(size_t place) const {
    uint32_t size = 0;
    std::memcpy(&size, bytes_.get() + place, sizeof(size));
    return size;
  }

  const size_t capacity_;
  const std::unique_ptr<char[]> bytes_;
  // The writer's: the end of what is published, of what is reserved, and the head as last seen.
  alignas(kApart) std::atomic<size_t> tail_{0};
  size_t reserved_end_ = 0, head_seen_ = 0;
  // The reader's: the start of what is not given back, the end of the front, the tail as last seen.
  alignas(kApart) std::atomic<size_t> head_{0};
  size_t front_end_ = 0, tail_seen_ = 0;
};

}  // namespace slipway::serve
