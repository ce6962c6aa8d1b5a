// Bytes on their way from one socket to another, in bounded room.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace slipway::splitter {

// One stretch of memory: what was sent, what is to be sent, room. What was sent stays as long as
// nobody needs its room, so that it can be sent again to somebody else. Of one thread.
class RelayBuffer {
 public:
  static constexpr size_t kFirstCapacity = 8 << 10;
  static constexpr size_t kMostCapacity = 64 << 10;

  // Room for bytes that come next; none where as much waits as is held for anyone.
  std::pair<char*, size_t> Room();
  void Added(size_t count) { end_ += count; }
  // Takes the last bytes back: they were not meant for here.
  void Retract(size_t count) { end_ -= count; }
  // Whatever its size.
  void Append(std::string_view bytes);

  // The last `count` bytes that were put in.
  char* Tail(size_t count) { return bytes_.get() + end_ - count; }

  std::string_view unsent() const { return {bytes_.get() + sent_, end_ - sent_}; }
  bool empty() const { return sent_ == end_; }
  void Sent(size_t count) { sent_ += count; }
  // Whether all that ever was put in is still there, so that Rewind begins with the first of it.
  bool whole() const { return whole_; }
  void Rewind() { sent_ = 0; }
  // What was sent is needed by nobody.
  void ForgetSent() {
    if (sent_ == end_) sent_ = end_ = 0;
  }
  // Empty as at first; large room is given back.
  void Clear();

 private:
  void Grow(size_t capacity);

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0, sent_ = 0, end_ = 0;
  bool whole_ = true;
};

}  // namespace slipway::splitter
