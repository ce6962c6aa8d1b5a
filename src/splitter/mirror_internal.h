// What becomes of the answers of the version that is mirrored to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "splitter/collected_internal.h"
#include "splitter/route_table_internal.h"

namespace slipway::splitter {

struct MirrorPair {
  std::shared_ptr<Version> version;  // Which was asked beside.
  KeptAnswer counted, mirrored;
};

enum class MirrorVerdict { kEqual, kStatusDiffers, kPredictionDiffers, kSkipped };

// Bodies that are JSON differ where both have `prediction`, or `predictions`, and these differ.
// Others are not looked at.
MirrorVerdict Compare(MirrorPair* pair);

// Compares on a thread of its own, which begins with the first pair: reading JSON would hold up a
// loop. From any thread. More than it has room for is skipped, and counted as such.
class MirrorComparer {
 public:
  MirrorComparer() = default;
  ~MirrorComparer();
  MirrorComparer(const MirrorComparer&) = delete;
  MirrorComparer& operator=(const MirrorComparer&) = delete;

  void Add(MirrorPair&& pair);
  // Compares what is there, and no more.
  void Stop();

 private:
  bool HasThread();
  void Run();

  std::mutex mutex_;  // Of all that follows.
  std::condition_variable added_;
  std::deque<MirrorPair> pairs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::splitter
