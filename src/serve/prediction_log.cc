#include "serve/prediction_log.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/hash.h"
#include "core/signals_blocked.h"
#include "core/text.h"
#include "data/value_hash.h"
#include "serve/prediction_record_internal.h"
#include "serve/segment_publisher_internal.h"
#include "serve/spool_writer_internal.h"

namespace slipway::serve {
namespace {

constexpr const char* kSpoolName = ".spool";
// Beside a loop that could use all of a core, the log's threads together get about a tenth of it.
constexpr int kNiceness = 10;

// What the loops are there for goes first. On Linux the priority is the thread's own.
void BecomeBackground(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
}

Error NoOption(const char* name, const char* expected) {
  return Error(ErrorCode::kInvalidInput, fmt::format("prediction log: wrong {}", name))
      .Expected(expected);
}

Status CheckOptions(const PredictionLogOptions& options) {
  if (!(options.sample > 0 && options.sample <= 1))
    return NoOption("share of requests to sample", "more than 0, at most 1");
  if (options.segment_rows < 1 || options.segment_bytes < 1 || !(options.segment_seconds >= 0))
    return NoOption("size of a segment", "at least one row");
  if (!(options.drain_seconds > 0)) return NoOption("drain_seconds", "more than 0");
  if (data::IsObjectUri(options.place) && options.spool.empty())
    return NoOption("spool", "a directory of this machine");
  return {};
}

// Servers of several places may share a spool: each place has a folder of its own there.
std::string SpoolRoot(const PredictionLogOptions& options) {
  constexpr size_t kDigits = 16;
  if (options.spool.empty()) return JoinPath(options.place, kSpoolName);
  return JoinPath(options.spool, HexOf(DigestOf(options.place)).substr(0, kDigits));
}

class FilePredictionLog : public PredictionLog {
 public:
  FilePredictionLog(const PredictionLogOptions& options, int loops)
      : options_(options), join_(models_, options.recent_rows) {
    for (int i = 0; i < loops; ++i)
      lanes_.push_back(std::make_unique<PredictionLane>(options.queue_bytes));
    // 2^64 for all would not fit.
    const double share = std::ldexp(options.sample, std::numeric_limits<uint64_t>::digits);
    if (options.sample < 1) most_hash_ = static_cast<uint64_t>(share);
  }
  ~FilePredictionLog() override { (void)Stop(); }
  FilePredictionLog(const FilePredictionLog&) = delete;
  FilePredictionLog& operator=(const FilePredictionLog&) = delete;

  Status Start() {
    if (!options_.place.empty()) SLIPWAY_RETURN_IF_ERROR(OpenFiles());
    SpoolWriter::Sealed sealed = [this](const std::string& path, int64_t bytes) {
      publisher_->Add(path, bytes);
    };
    writer_ = std::make_unique<SpoolWriter>(options_, models_, &join_, folder_.get(), &counts_,
                                            std::move(sealed));
    const SignalsBlocked blocked;
    try {
      writing_ = std::thread([this] { WriteUntilStopped(); });
      if (publisher_ != nullptr) publishing_ = std::thread([this] { PublishAll(); });
    } catch (const std::system_error& error) {
      return SystemError("start a thread", "", error.code().value());
    }
    return {};
  }

  const LoggedModel* Register(const ServedModel& model) override {
    return models_.Register(LoggedModel::Of(model, options_.service));
  }

  void Record(int loop, const Observation& observation) noexcept override;
  int64_t RecordFeedback(int loop, const LoggedModel* asked, std::span<const Feedback> feedback,
                         const FeedbackArrival& arrival) noexcept override;
  void BeginEpoch(int64_t epoch) override { join_.BeginEpoch(epoch); }
  PredictionLogStats Stats() const override;
  Status Stop() override;

 private:
  Status OpenFiles();
  void WriteUntilStopped();
  void PublishAll();
  bool IsSampled(std::string_view request_id) const {
    return options_.sample >= 1 || data::HashOf(request_id) <= most_hash_;
  }

  const PredictionLogOptions options_;
  uint64_t most_hash_ = std::numeric_limits<uint64_t>::max();  // Of a request that is kept.
  LoggedModels models_;
  FeedbackJoin join_;
  PredictionCounts counts_;
  PredictionLanes lanes_;
  // Null without files, as the publisher.
  std::shared_ptr<data::ObjectStore> store_;
  std::unique_ptr<SpoolFolder> folder_;
  std::unique_ptr<SegmentPublisher> publisher_;
  std::unique_ptr<SpoolWriter> writer_;
  Status written_, published_;  // The threads' last words; read when they have ended.

  std::mutex mutex_;  // Guards stopping_.
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread writing_, publishing_;
};

Status FilePredictionLog::OpenFiles() {
  store_ = options_.store;
  if (store_ == nullptr && data::IsObjectUri(options_.place)) {
    SLIPWAY_ASSIGN_OR_RETURN(store_, data::OpenObjectStore(options_.place));
  }
  if (store_ == nullptr) store_ = data::OpenDirectoryObjectStore(*options_.files, options_.place);
  const std::string root = SpoolRoot(options_);
  SLIPWAY_ASSIGN_OR_RETURN(folder_, SpoolFolder::Make(*options_.files, root));
  publisher_ = std::make_unique<SegmentPublisher>(options_, store_.get(), &counts_);
  SLIPWAY_ASSIGN_OR_RETURN(auto abandoned, SpoolFolder::TakeAbandoned(*options_.files, root));
  for (auto& folder : abandoned) publisher_->Adopt(std::move(folder));
  return {};
}

void FilePredictionLog::WriteUntilStopped() {
  BecomeBackground("log-writer");
  const std::chrono::duration<double> turn(options_.drain_seconds);
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, turn, [this] { return stopping_; })) {
    lock.unlock();
    writer_->Drain(lanes_);
    lock.lock();
  }
  lock.unlock();
  written_ = writer_->Finish(lanes_);
  if (publisher_ != nullptr) publisher_->Finish();
}

void FilePredictionLog::PublishAll() {
  BecomeBackground("log-publisher");
  // A bucket that is not there is better told now than with the first segment.
  if (data::IsObjectUri(options_.place)) {
    if (const Status there = store_->Check(); !there.ok())
      options_.tell("the prediction log's place can't be used yet: " + there.error().ToString());
  }
  published_ = publisher_->Run();
}

void FilePredictionLog::Record(int loop, const Observation& observation) noexcept {
  PredictionLane& lane = *lanes_[static_cast<size_t>(loop)];
  const int64_t all = observation.predictions->rows;
  const bool files = !options_.place.empty();
  const bool kept = files && IsSampled(observation.request_id);
  if (files && !kept) lane.sampled_out.Add(all);
  if (!kept && options_.recent_rows <= 0) return;
  if (!Fits(*observation.model, observation)) return lane.dropped.Add(all);
  const RecordKind kind = kept ? RecordKind::kPrediction : RecordKind::kOutcome;
  const int64_t most = RowsPerRecord(observation);
  for (RowRange rows; rows.first < all; rows.first += most) {
    rows.count = std::min(most, all - rows.first);
    char* const room = lane.queue.Reserve(SizeOfRecord(kind, observation, rows));
    if (room == nullptr) {
      // Where only feedback is to be joined, nothing of the log is lost.
      if (kept) lane.dropped.Add(rows.count);
      continue;
    }
    WriteRecord(kind, observation, rows, room);
    lane.queue.Publish();
    if (kept) lane.recorded.Add(rows.count);
  }
}

int64_t FilePredictionLog::RecordFeedback(int loop, const LoggedModel* asked,
                                          std::span<const Feedback> feedback,
                                          const FeedbackArrival& arrival) noexcept {
  PredictionLane& lane = *lanes_[static_cast<size_t>(loop)];
  const bool copied = arrival.reach == FeedbackReach::kCopied;
  int64_t taken = 0;
  for (const Feedback& one : feedback) {
    char* const room = lane.queue.Reserve(SizeOfRecord(one));
    if (room == nullptr) break;
    WriteRecord(*asked, one, arrival, room);
    lane.queue.Publish();
    ++taken;
  }
  if (!copied) lane.feedback_count.Add(taken);
  lane.feedback_dropped.Add(std::ssize(feedback) - taken);
  return taken;
}

PredictionLogStats FilePredictionLog::Stats() const {
  PredictionLogStats stats;
  for (const auto& lane : lanes_) {
    stats.recorded += lane->recorded.value();
    stats.sampled_out += lane->sampled_out.value();
    stats.dropped += lane->dropped.value();
    stats.feedback_count += lane->feedback_count.value();
    stats.feedback_dropped += lane->feedback_dropped.value();
  }
  stats.dropped += counts_.dropped.load();
  stats.written = counts_.written.load();
  stats.segments = counts_.segments.load();
  stats.failed_writes = counts_.failed_writes.load();
  stats.waiting_bytes = counts_.waiting_bytes.load();
  stats.feedback_unmatched = join_.unmatched();
  stats.scores = join_.Scores();
  for (const FeedbackScore& score : stats.scores) stats.feedback_matched += score.all.matched;
  return stats;
}

Status FilePredictionLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return {};
    stop_.notify_all();
  }
  if (writing_.joinable()) writing_.join();
  if (publishing_.joinable()) publishing_.join();
  // Lets go of the spools: those that wait are for the next one to find.
  publisher_.reset();
  folder_.reset();
  return written_.ok() ? published_ : written_;
}

}  // namespace

Result<std::unique_ptr<PredictionLog>> PredictionLog::Open(const PredictionLogOptions& options,
                                                           int loops) {
  SLIPWAY_RETURN_IF_ERROR(CheckOptions(options));
  auto log = std::make_unique<FilePredictionLog>(options, loops);
  SLIPWAY_RETURN_IF_ERROR(log->Start());
  return std::unique_ptr<PredictionLog>(std::move(log));
}

}  // namespace slipway::serve
