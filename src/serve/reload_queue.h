// Those who wait for a reload, and what wakes the one who does it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace slipway::serve {

// From any thread.
class ReloadQueue {
 public:
  ReloadQueue();
  ~ReloadQueue();
  ReloadQueue(const ReloadQueue&) = delete;
  ReloadQueue& operator=(const ReloadQueue&) = delete;

  // What the answer is completed with.
  struct Waiting {
    uint64_t ticket = 0;
    uint64_t note = 0;
    std::string header_lines;
  };

  void Ask(Waiting waiting);
  // All who wait, in their order; the queue is empty then.
  std::vector<Waiting> Take();
  // Ready to be read while somebody waits (poll(2)); -1 where the system gave none.
  int descriptor() const { return descriptor_; }

 private:
  std::mutex mutex_;  // Guards waiting_.
  std::vector<Waiting> waiting_;
  int descriptor_;
};

}  // namespace slipway::serve
