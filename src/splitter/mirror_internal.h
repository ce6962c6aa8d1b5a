// What becomes of the answers of the version that is mirrored to.
#pragma once

#include <condition_variable>
#include <cstddef>
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
  NumberTolerance tolerance = {};

  size_t bytes() const { return counted.body.size() + mirrored.body.size(); }
};

// kSkipped where there is nothing to compare.
enum class MirrorVerdict { kEqual, kStatusDiffers, kPredictionDiffers, kSkipped };

// Of answers with a status of 2xx what was predicted is compared: `prediction`, `predictions`, or
// the data of the Open Inference Protocol's `outputs`. Numbers are the same within the tolerance;
// how sure a model is ("probability_…") counts only where nothing else was asked for. An answer
// that holds no prediction, is no JSON or is nested more than 64 deep differs from one that holds
// one. kSkipped where neither does.
MirrorVerdict Compare(MirrorPair* pair);

// Compares on a thread of its own, which begins with the first pair: reading JSON would hold up a
// loop. From any thread. More than it has room for is skipped, and counted as such.
class MirrorComparer {
 public:
  explicit MirrorComparer(size_t most_bytes) : most_bytes_(most_bytes) {}
  ~MirrorComparer();
  MirrorComparer(const MirrorComparer&) = delete;
  MirrorComparer& operator=(const MirrorComparer&) = delete;

  void Add(MirrorPair&& pair);
  // Compares what is there, and no more.
  void Stop();

 private:
  bool HasThread();
  void Run();

  const size_t most_bytes_;
  std::mutex mutex_;  // Of all that follows.
  std::condition_variable added_;
  std::deque<MirrorPair> pairs_;
  size_t bytes_ = 0;  // Of these.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::splitter
