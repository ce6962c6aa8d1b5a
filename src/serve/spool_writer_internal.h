// Empties the queues of the loops into spools. What the thread of the log does again and again, as
// calls, so that tests can do it by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/byte_ring_internal.h"
#include "serve/feedback_join_internal.h"
#include "serve/metrics_internal.h"
#include "serve/prediction_spool_internal.h"

namespace slipway::serve {

// What a loop leaves for the writer. Counters are the loop's; read by any thread.
struct alignas(kApart) PredictionLane {
  explicit PredictionLane(size_t bytes) : queue(bytes) {}
  ByteRing queue;
  Counter recorded, sampled_out, dropped, feedback_count, feedback_dropped;
};
using PredictionLanes = std::vector<std::unique_ptr<PredictionLane>>;

// What the threads of the log count. By any thread.
struct PredictionCounts {
  std::atomic<int64_t> dropped{0}, written{0}, segments{0}, failed_writes{0}, waiting_bytes{0};
};

// Tells that something fails, once until it works again. Used from one thread.
class Outage {
 public:
  explicit Outage(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}
  void Failed(const std::string& message);
  void Worked(const std::string& message);
  bool lasts() const { return lasts_; }

 private:
  std::function<void(const std::string&)> tell_;
  bool lasts_ = false;
};

// How long to wait before the next try: twice as long after each failure, up to a bound.
class BackOff {
 public:
  BackOff(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_(least), most_(most), next_(least) {}
  std::chrono::milliseconds Next();
  void Reset() { next_ = least_; }

 private:
  std::chrono::milliseconds least_, most_, next_;
};

// Used from one thread.
class SpoolWriter {
 public:
  // A spool that gets no more rows, with its bytes: to become a segment.
  using Sealed = std::function<void(const std::string& path, int64_t bytes)>;

  // All outlive it. `folder` null keeps no files.
  SpoolWriter(const PredictionLogOptions& options, const LoggedModels& models, FeedbackJoin* join,
              const SpoolFolder* folder, PredictionCounts* counts, Sealed sealed);

  // All that waits in the queues, unless a spool can't be written: then it stays there, and after a
  // while a call tries again.
  void Drain(const PredictionLanes& lanes);
  // The last call: tries at once, and seals all. Rows that can't be written are dropped, and told.
  Status Finish(const PredictionLanes& lanes);

 private:
  // Rows that become one segment.
  struct Stream {
    SpoolKind kind = SpoolKind::kPredictions;
    const LoggedModel* model = nullptr;
    FrameBuilder frame;  // Not written yet.
    std::string path;
    std::unique_ptr<WritableFile> file;  // Null between segments.
    int64_t rows = 0, bytes = 0;         // That are written.
    Clock::SteadyTime begun;
  };

  void TakeAll(const PredictionLanes& lanes);
  void TakeLabels(const PredictionLanes& lanes);
  void Take(std::string_view record);
  void JoinLabel(std::string_view record);
  void Keep(SpoolKind kind, const LoggedModel& model, std::string_view record, int64_t rows);
  Stream& StreamOf(SpoolKind kind, const LoggedModel& model);
  bool FlushAll();
  bool Flush(Stream* stream);
  Status Write(Stream* stream);
  Status Begin(Stream* stream);
  bool IsFull(const Stream& stream) const;
  void Seal(Stream* stream);
  void SealOld();
  int64_t DropAll(const PredictionLanes& lanes);

  const PredictionLogOptions& options_;
  const LoggedModels& models_;
  FeedbackJoin* const join_;
  const SpoolFolder* const folder_;
  PredictionCounts* const counts_;
  const Sealed sealed_;

  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::string> labels_;  // Taken, and not joined yet.
  std::string joined_;               // The record of one, with what it was joined with.
  // From CLOCK_MONOTONIC in nanoseconds to microseconds since 1970.
  int64_t epoch_us_ = 0;
  bool stuck_ = false;  // A spool can't be written.
  Clock::SteadyTime retry_at_;
  BackOff back_off_;
  Outage outage_, full_;
};

}  // namespace slipway::serve
