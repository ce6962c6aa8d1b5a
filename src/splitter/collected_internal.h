// What is held of requests that are copied, and of their answers, in bounded room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::splitter {

// What all that one loop collects for one purpose may hold together; of its thread.
struct CollectedBytes {
  const size_t most;
  size_t held = 0;
};

// A message as it comes. Of one that becomes too large, alone or with the others, nothing is kept.
class Collected {
 public:
  // `all` outlives it.
  Collected(size_t most, CollectedBytes* all) : most_(most), all_(all) {}
  Collected(const Collected&) = delete;
  Collected& operator=(const Collected&) = delete;
  ~Collected() { Clear(); }

  void Add(std::string_view bytes) {
    if (bytes.size() > most_ - bytes_.size() || bytes.size() > all_->most - all_->held)
      too_large_ = true;
    if (too_large_) return Clear();
    bytes_.append(bytes);
    all_->held += bytes.size();
  }
  void Clear() { Take(); }
  // What was collected: it counts here no more.
  std::string Take() {
    all_->held -= bytes_.size();
    return std::exchange(bytes_, {});
  }
  // For another one.
  void Begin() {
    Clear();
    too_large_ = false;
  }

  std::string_view bytes() const { return bytes_; }
  bool too_large() const { return too_large_; }

 private:
  const size_t most_;
  CollectedBytes* const all_;
  std::string bytes_;
  bool too_large_ = false;
};

struct KeptAnswer {
  int status = 0;          // 0 where there was none.
  bool whole = false;      // It came to its end.
  bool chunked = false;    // `body` is as it came.
  bool too_large = false;  // Nothing of its body was kept.
  std::string body = {};
};

}  // namespace slipway::splitter
