// What is held of requests that are copied, and of their answers, in bounded room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slipway::splitter {

// What all requests that one loop collects for one purpose may hold together; of its thread.
struct CollectedBytes {
  const size_t most;
  size_t held = 0;
};

// A request as it comes. Of one that becomes too large, alone or with the others, nothing is kept.
class CollectedRequest {
 public:
  // `all`, which outlives it, may be null.
  explicit CollectedRequest(size_t most, CollectedBytes* all = nullptr) : most_(most), all_(all) {}
  CollectedRequest(const CollectedRequest&) = delete;
  CollectedRequest& operator=(const CollectedRequest&) = delete;
  ~CollectedRequest() { Clear(); }

  void Add(std::string_view bytes) {
    if (bytes.size() > most_ - bytes_.size()) too_large_ = true;
    if (all_ != nullptr && bytes.size() > all_->most - all_->held) too_large_ = true;
    if (too_large_) return Clear();
    bytes_.append(bytes);
    if (all_ != nullptr) all_->held += bytes.size();
  }
  void Clear() {
    if (all_ != nullptr) all_->held -= bytes_.size();
    bytes_ = std::string();
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
  bool too_large = false;  // Not all of it was kept.
  bool chunked = false;    // `body` is as it came.
  std::string body = {};

  void Keep(std::string_view bytes, size_t most) {
    if (bytes.size() > most - body.size()) {
      too_large = true;
      body = std::string();
    }
    if (!too_large) body.append(bytes);
  }
};

}  // namespace slipway::splitter
