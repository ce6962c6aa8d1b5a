// What was asked and answered, kept for those who watch the model: as Parquet in a folder or on S3,
// written beside the requests and never in their way; and what turned out to be true of it.
//
// A loop copies an observation into a queue of its own. One thread empties the queues twenty times
// a second into files on this machine, and joins feedback with the predictions that it is of;
// another makes of each such file, once it is full or old, one segment in Parquet and puts it where
// it belongs. So a process that is killed loses what the queues held: a twentieth of a second. What
// the files held becomes segments when a log is opened for the same place again.
//
// docs/serving.md tells where segments are and what their columns mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/result.h"
#include "data/object_store.h"
#include "data/types.h"
#include "model/types.h"
#include "serve/feedback.h"

namespace slipway::serve {

struct ServedModel;
// A model as the log knows it; the log's own.
struct LoggedModel;

// One request that was answered. All of it is copied.
struct Observation {
  const LoggedModel* model = nullptr;  // From Register.
  const data::Table* rows = nullptr;   // The model's inputs in their order.
  const model::Predictions* predictions = nullptr;
  std::string_view request_id;
  std::string_view trace_id = {};  // "" for none.
  // CLOCK_MONOTONIC: when the request began, and when its answer was made.
  int64_t begun_ns = 0, made_ns = 0;
};

struct PredictionLogOptions {
  // A directory or s3://BUCKET[/PREFIX]. "" keeps no files: feedback is counted all the same.
  std::string place;
  // A directory of this machine where rows wait to become segments. "" is PLACE/.spool, which an
  // s3:// place has not: there it must be named, and servers of several places may share it.
  std::string spool;
  // The deployed service that this server is a replica of, which its segments name; "" for none.
  std::string service;
  // The share of the requests that is kept, in (0, 1]: chosen by a hash of the request's id, so
  // that all servers keep the same ones. Feedback is kept and counted of all.
  double sample = 1;
  // When a segment is made: at so many rows or bytes of rows, or so long after its first one.
  int64_t segment_rows = 100'000;
  int64_t segment_bytes = int64_t{16} << 20U;
  double segment_seconds = 60;
  // The most that may wait on this machine while segments can't be put where they belong; beyond,
  // rows are dropped and counted.
  int64_t spool_bytes = int64_t{1} << 30U;
  size_t queue_bytes = size_t{4} << 20U;  // A loop's; room for the labels of several requests.
  double drain_seconds = 0.05;
  // Rows that feedback can be joined with; 0 joins none. 40 bytes each.
  int64_t recent_rows = 100'000;
  // Told once when something can't be written, and once when it can be again; from threads of the
  // log's own, so it must be safe to call from any.
  std::function<void(const std::string&)> tell = [](const std::string&) {};

  // All below is for tests.
  FileSystem* files = &LocalFileSystem();
  const Clock* clock = &SystemClock();
  std::shared_ptr<data::ObjectStore> store = nullptr;  // In place of the one that `place` names.
};

// Who else is told of the same labels.
enum class FeedbackReach : uint8_t {
  kAlone,   // Nobody: a prediction that is not known here is known nowhere.
  kShared,  // Others too, by copies.
  kCopied,  // Another server answers and keeps them. Here they only count for what was predicted.
};

// How labels came.
struct FeedbackArrival {
  int64_t now_ns = 0;  // CLOCK_MONOTONIC.
  FeedbackReach reach = FeedbackReach::kAlone;
  // What ids of requests that this server answered begin with; "" where that is not known. Others
  // are, unless labels reach it alone, not counted as unmatched.
  std::string_view own_ids = {};
};

struct FeedbackCounts {
  int64_t matched = 0;  // Rows with feedback whose prediction was still known.
  int64_t correct = 0;  // Of classes: those with the class that was predicted.
  // Of classes: how many labels were each, in the model's order.
  std::vector<std::pair<std::string, int64_t>> labels = {};
  double absolute_error = 0;  // Of a regression: the sum over them.
  double squared_error = 0;   // Likewise.
};

// Feedback on one version of a model.
struct FeedbackScore {
  std::string model, version, digest;
  bool regression = false;
  FeedbackCounts all = {};  // Since the start.
  // Of the predictions that were made since the epoch began; 0 before one has.
  int64_t epoch = 0;
  FeedbackCounts in_epoch = {};
};

// Since the start. Rows, unless it says otherwise.
struct PredictionLogStats {
  int64_t recorded = 0;     // Taken from the loops, to be kept.
  int64_t sampled_out = 0;  // Not to be kept.
  int64_t dropped = 0;      // To be kept, and not: no room in a queue or on this machine.
  // In segments that are where they belong, with those of processes that were killed. Feedback too.
  int64_t written = 0;
  int64_t segments = 0;       // Of these.
  int64_t failed_writes = 0;  // Times that a segment or file could not be written.
  int64_t waiting_bytes = 0;  // In files of this machine that are to become segments.

  int64_t feedback_count = 0;    // Labels that were taken, without copies.
  int64_t feedback_matched = 0;  // Of rows whose prediction was still known.
  // Labels of rows whose prediction should be known here and is not, or no more.
  int64_t feedback_unmatched = 0;
  int64_t feedback_dropped = 0;
  std::vector<FeedbackScore> scores;  // By version, in the order of their first match.
};

class PredictionLog {
 public:
  // `loops` as the server's threads. Makes the directories and starts the threads; segments of
  // processes that were killed follow in the background. Nothing is asked of S3 yet: where it can't
  // be reached, `tell` says so. kInvalidInput for options that make no sense, kIo or kPermission
  // where files can't be made.
  static Result<std::unique_ptr<PredictionLog>> Open(const PredictionLogOptions& options,
                                                     int loops);
  // As Stop, where it was not called.
  virtual ~PredictionLog() = default;

  // The model as observations name it. The same for the same name, version and digest. By any
  // thread, and seldom: it may wait and allocate. What it returns lives as long as the log.
  virtual const LoggedModel* Register(const ServedModel& model) = 0;

  // Copies what is to be kept. Of one loop by one thread at a time. Never waits, allocates or calls
  // the system.
  virtual void Record(int loop, const Observation& observation) noexcept = 0;

  // Takes labels, of the same thread as Record of this loop. Returns how many there was room for,
  // the first ones. Those of requests that are not known are kept, with the model that was asked.
  virtual int64_t RecordFeedback(int loop, const LoggedModel* asked,
                                 std::span<const Feedback> feedback,
                                 const FeedbackArrival& arrival) noexcept = 0;

  // From now on predictions, and later the labels that come for them, are of that epoch, which is
  // not 0; nothing where it is the present one. So versions that share the traffic from one moment
  // on are compared by the same predictions, however late labels come. By any thread.
  virtual void BeginEpoch(int64_t epoch) = 0;

  // By any thread. What a loop records is seen some tens of milliseconds later.
  virtual PredictionLogStats Stats() const = 0;

  // After the last Record: all that was recorded becomes segments. An error where some can't be
  // put where they belong, and wait on this machine for the next Open, or where rows could not even
  // be kept here. Once.
  virtual Status Stop() = 0;
};

}  // namespace slipway::serve
