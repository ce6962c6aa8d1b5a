#include "serve/access_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/signals_blocked.h"
#include "serve/access_log_line_internal.h"
#include "serve/append_file_internal.h"
#include "serve/byte_ring_internal.h"

namespace slipway::serve {
namespace {

// Written at once, so that many requests cost few calls.
constexpr size_t kPieceBytes = 256 << 10;
constexpr double kLongestFlushSeconds = 60;
// Two cache lines: the processor fetches them in pairs.
constexpr size_t kApart = 128;

// What a loop's thread writes to; of all of it the log's thread touches the ring alone.
struct alignas(kApart) LoopQueue {
  explicit LoopQueue(size_t bytes) : ring(bytes) {}

  // Of answers that are still to go out: no more than these.
  std::vector<std::string> pending;  // By ticket, from 1; kept for their room.
  std::vector<uint32_t> free;        // Tickets.
  std::string no_request;
  ByteRing ring;
  std::atomic<int64_t> dropped{0};  // Added to by the loop's thread alone.
};

class QueuedAccessLog final : public AccessLog {
 public:
  QueuedAccessLog(const AccessLogOptions& options, AppendFile file, const Clock& clock)
      : path_(options.path),
        flush_(std::clamp(options.flush_seconds, 0.0, kLongestFlushSeconds)),
        clock_(clock),
        file_(std::move(file)) {
    for (int loop = 0; loop < options.loops; ++loop)
      queues_.push_back(std::make_unique<LoopQueue>(options.queue_bytes));
  }

  Status Start() {
    const SignalsBlocked blocked;
    try {
      thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    } catch (const std::system_error& error) {
      return SystemError("start a thread", "", error.code().value());
    }
    return {};
  }

  uint32_t Begin(int loop, const AccessEntry& entry) override {
    LoopQueue& queue = *queues_[static_cast<size_t>(loop)];
    if (queue.free.empty()) {
      queue.pending.emplace_back();
      queue.free.push_back(static_cast<uint32_t>(queue.pending.size()));
    }
    const uint32_t ticket = queue.free.back();
    queue.free.pop_back();
    EncodeAccess(entry, &queue.pending[ticket - 1]);
    return ticket;
  }

  void Finish(const http::Delivery& delivery, uint32_t ticket, int64_t ended_ns) override {
    LoopQueue& queue = *queues_[static_cast<size_t>(delivery.loop)];
    std::string& record = ticket == 0 ? queue.no_request : queue.pending[ticket - 1];
    if (ticket == 0) EncodeNoRequest(&record);
    SetOutcome(delivery, ended_ns, &record);
    Offer(record, &queue);
    if (ticket != 0) queue.free.push_back(ticket);
  }

  Status Reopen() override {
    if (path_ == "-") return {};
    SLIPWAY_ASSIGN_OR_RETURN(AppendFile opened, AppendFile::Open(path_));
    const std::lock_guard<std::mutex> lock(mutex_);
    next_ = std::move(opened);
    return {};
  }

  int64_t dropped() const override {
    int64_t sum = lost_.load();
    for (const auto& queue : queues_) sum += queue->dropped.load(std::memory_order_relaxed);
    return sum;
  }

  std::optional<Error> TakeFailure() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(failure_, std::nullopt);
  }

 private:
  void Offer(std::string_view record, LoopQueue* queue) {
    if (!queue->ring.Push(record)) {
      const int64_t before = queue->dropped.load(std::memory_order_relaxed);
      queue->dropped.store(before + 1, std::memory_order_relaxed);
    }
    if (queue->ring.MoreThanHalfFull()) Wake();
  }

  // Earlier than after flush_: there is much to write.
  void Wake() {
    if (wanted_.load(std::memory_order_relaxed)) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      wanted_ = true;
    }
    wake_.notify_one();
  }

  void Run(const std::stop_token& stop) {
    bool last = false;
    while (!last) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait_for(lock, stop, flush_, [this] { return wanted_.load(); });
        wanted_ = false;
      }
      // Looked at first: what ended before the stop is in the queues.
      last = stop.stop_requested();
      WriteQueues(stop);
    }
  }

  void WriteQueues(const std::stop_token& stop) {
    format_.SetTime(clock_);
    for (const auto& queue : queues_) {
      // No more than there was room for, so that a busy loop does not keep others waiting.
      for (size_t taken = 0; taken < queue->ring.capacity();) {
        const std::optional<std::string_view> record = queue->ring.Front();
        if (!record) break;
        format_.Append(*record, &lines_);
        taken += record->size();
        queue->ring.Pop();
        if (lines_.size() >= kPieceBytes) WriteLines(stop);
      }
    }
    WriteLines(stop);
    TellDropped(stop);
  }

  void WriteLines(const std::stop_token& stop) {
    if (lines_.empty()) return;
    const size_t written = Write(stop);
    lost_ += std::ranges::count(lines_.substr(written), '\n');
    lines_.clear();
  }

  void TellDropped(const std::stop_token& stop) {
    const int64_t count = dropped();
    if (count == told_) return;
    format_.AppendDropped(count - told_, &lines_);
    if (Write(stop) == lines_.size()) told_ = count;
    lines_.clear();
  }

  // How much of lines_ went out.
  size_t Write(const std::stop_token& stop) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (next_) file_ = *std::exchange(next_, std::nullopt);
    }
    const AppendFile::Outcome outcome = file_.Write(lines_, stop);
    const bool failed_before = std::exchange(fails_, outcome.error_number != 0);
    if (fails_ && !failed_before) {
      const std::lock_guard<std::mutex> lock(mutex_);
      failure_ = SystemError("append to", path_, outcome.error_number);
    }
    return outcome.written;
  }

  const std::string path_;
  const std::chrono::duration<double> flush_;
  const Clock& clock_;
  std::vector<std::unique_ptr<LoopQueue>> queues_;

  // The log's thread's.
  AppendFile file_;
  AccessLines format_;
  std::string lines_;
  int64_t told_ = 0;  // Of dropped().
  bool fails_ = false;

  std::atomic<int64_t> lost_{0};
  std::atomic<bool> wanted_{false};
  std::mutex mutex_;  // Guards next_ and failure_.
  std::condition_variable_any wake_;
  std::optional<AppendFile> next_;
  std::optional<Error> failure_;
  std::jthread thread_;  // Ends before what it uses.
};

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const AccessLogOptions& options,
                                                   const Clock& clock) {
  SLIPWAY_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(options.path));
  auto log = std::make_unique<QueuedAccessLog>(options, std::move(file), clock);
  SLIPWAY_RETURN_IF_ERROR(log->Start());
  return std::unique_ptr<AccessLog>(std::move(log));
}

}  // namespace slipway::serve
