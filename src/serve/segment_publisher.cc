#include <fmt/format.h>

#include <utility>

#include "core/text.h"
#include "serve/prediction_segments_internal.h"
#include "serve/segment_publisher_internal.h"

namespace slipway::serve {
namespace {

constexpr std::chrono::milliseconds kFirstRetry(1000), kLastRetry(60'000);

// A later try would end the same way.
bool IsForGood(const Error& error) {
  return error.code() == ErrorCode::kInvalidInput || error.code() == ErrorCode::kInternal;
}

}  // namespace

SegmentPublisher::SegmentPublisher(const PredictionLogOptions& options, data::ObjectStore* store,
                                   PredictionCounts* counts)
    : options_(options),
      store_(store),
      counts_(counts),
      back_off_(kFirstRetry, kLastRetry),
      outage_(options.tell) {}

void SegmentPublisher::Adopt(std::unique_ptr<SpoolFolder> folder) {
  const Result<std::vector<std::string>> spools = folder->Spools();
  if (!spools.ok()) return options_.tell(spools.error().ToString());
  for (const std::string& path : *spools) {
    const Result<FileStat> stat = options_.files->Stat(path);
    const int64_t bytes = stat.ok() ? stat->size : 0;
    counts_->waiting_bytes += bytes;
    Add(path, bytes);
  }
  adopted_.push_back(std::move(folder));
}

void SegmentPublisher::Add(const std::string& path, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  spools_.push_back({path, bytes});
  changed_.notify_all();
}

void SegmentPublisher::Finish() {
  const std::lock_guard lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
}

Status SegmentPublisher::Run() {
  while (const std::optional<Spool> spool = Next()) {
    const Status published = Publish(*spool);
    if (published.ok() || IsForGood(published.error())) {
      Done(*spool);
      continue;
    }
    std::unique_lock lock(mutex_);
    if (finishing_) return Unfinished(published.error());
    changed_.wait_for(lock, back_off_.Next(), [this] { return finishing_; });
  }
  return {};
}

std::optional<SegmentPublisher::Spool> SegmentPublisher::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finishing_ || !spools_.empty(); });
  if (spools_.empty()) return std::nullopt;
  return spools_.front();
}

Status SegmentPublisher::Publish(const Spool& spool) {
  Result<int64_t> rows = PublishSpool(*options_.files, *store_, spool.path);
  if (rows.ok()) {
    counts_->written += *rows;
    if (*rows > 0) ++counts_->segments;
    back_off_.Reset();
    outage_.Worked("segments of the prediction log are written again");
    return {};
  }
  ++counts_->failed_writes;
  Error error = std::move(rows).error();
  if (IsForGood(error)) {
    options_.tell(fmt::format("{} of the prediction log is left where it is: {}", spool.path,
                              error.ToString()));
  } else {
    outage_.Failed("a segment of the prediction log can't be written, and is tried again: " +
                   error.ToString());
  }
  return error;
}

void SegmentPublisher::Done(const Spool& spool) {
  counts_->waiting_bytes -= spool.bytes;
  const std::lock_guard lock(mutex_);
  spools_.pop_front();
}

// With the lock held.
Error SegmentPublisher::Unfinished(Error cause) {
  Location location;
  location.file = DirectoryOf(spools_.front().path);
  return Error(cause.code(),
               fmt::format("{} of the prediction log could not be written to {}, and {} here",
                           Plural(std::ssize(spools_), "segment", "segments"), options_.place,
                           spools_.size() == 1 ? "waits" : "wait"))
      .At(std::move(location))
      .Try("starting the server again when it can be reached")
      .CausedBy(std::move(cause));
}

}  // namespace slipway::serve
