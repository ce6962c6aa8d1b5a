#include "serve/batcher.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <list>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/parallel.h"
#include "core/signals_blocked.h"
#include "serve/batch_internal.h"

namespace slipway::serve {
namespace {

using Time = Clock::SteadyTime;
using Span = Time::duration;

// As good as forever, and far from overflow.
constexpr double kLongestSeconds = 1e8;

// Who waits, and whose turn it is. Decides by what it is told of the time; not for several threads.
class Queues {
 public:
  struct Rules {
    int64_t batch_rows = 1, queue_rows = 1;
    Span delay{}, longest_wait{};
  };

  explicit Queues(const Rules& rules) : rules_(rules) {}

  // False where there is no room: then nothing is taken. A request that is larger than the room
  // waits alone.
  bool Add(std::shared_ptr<const model::Predictor> predictor, data::Table&& rows,
           Batcher::Done&& done, Time now) {
    std::list<Queue> added;  // Among the others once nothing can fail any more.
    auto queue = std::ranges::find(queues_, predictor, &Queue::predictor);
    const int64_t weight = std::max<int64_t>(rows.rows, 1);
    if (queue == queues_.end()) {
      queue = added.insert(added.end(), {.predictor = std::move(predictor)});
    } else if (queue->weight + weight > rules_.queue_rows) {
      return false;
    }
    queue->waiting.push_back({.rows = std::move(rows), .done = std::move(done), .since = now});
    queue->weight += weight;
    queues_.splice(queues_.end(), added);
    return true;
  }

  bool AnyDue(Time now) const {
    return std::ranges::any_of(queues_, [&](const Queue& queue) { return IsDue(queue, now); });
  }

  // The next batch that is due, or with `any` that waits; in turn by model, in order of arrival.
  std::optional<Batch> Take(Time now, bool any) {
    const auto found =
        std::ranges::find_if(queues_, [&](const Queue& queue) { return any || IsDue(queue, now); });
    if (found == queues_.end()) return std::nullopt;
    Batch batch = TakeFrom(&*found, now);
    // Its next turn is after all others'; a model that nobody asks is let go.
    queues_.splice(queues_.end(), queues_, found);
    if (queues_.back().waiting.empty()) queues_.pop_back();
    return batch;
  }

  // When the oldest request has waited enough. Something waits.
  Time NextDue() const {
    const auto since = [](const Queue& queue) { return queue.waiting.front().since; };
    return since(*std::ranges::min_element(queues_, {}, since)) + rules_.delay;
  }

  bool empty() const { return queues_.empty(); }
  int64_t rows() const {
    int64_t sum = 0;
    for (const Queue& queue : queues_) sum += queue.weight;
    return sum;
  }

 private:
  // Never empty.
  struct Queue {
    std::shared_ptr<const model::Predictor> predictor;
    std::list<Waiting> waiting = {};
    int64_t weight = 0;
  };

  bool IsDue(const Queue& queue, Time now) const {
    return queue.weight >= rules_.batch_rows || now - queue.waiting.front().since >= rules_.delay;
  }

  Batch TakeFrom(Queue* queue, Time now) const {
    Batch batch{.predictor = queue->predictor, .requests = {}, .late = {}};
    std::list<Waiting>& waiting = queue->waiting;
    // No memory is asked for: there may be none, and who waits could not be told.
    const auto take = [&](std::list<Waiting>* to) {
      queue->weight -= waiting.front().weight();
      to->splice(to->end(), waiting, waiting.begin());
    };
    const auto is_late = [&] { return now - waiting.front().since > rules_.longest_wait; };
    while (!waiting.empty() && is_late()) take(&batch.late);
    int64_t weight = 0;
    while (!waiting.empty()) {
      const Waiting& next = waiting.front();
      weight += next.weight();
      if (weight > rules_.batch_rows && !batch.requests.empty()) break;
      batch.rows += next.rows.rows;
      take(&batch.requests);
    }
    return batch;
  }

  const Rules rules_;
  std::list<Queue> queues_;  // In the order of their turns. As few as there are models.
};

// An exception that left a thread would end the process without a word.
template <typename Make>
Result<model::Predictions> Guarded(Make make) try {
  return make();
} catch (const std::bad_alloc&) {
  return Error(ErrorCode::kUnavailable, "not enough memory").Try("fewer rows a request");
} catch (const std::exception& error) {
  return Error(ErrorCode::kInternal, error.what());
}

class ThreadedBatcher final : public Batcher {
 public:
  ThreadedBatcher(const Queues::Rules& rules, const Clock& clock) : clock_(clock), queues_(rules) {}

  ~ThreadedBatcher() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Status Start(int threads) {
    const SignalsBlocked blocked;
    try {
      for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error& error) {
      return SystemError("start a thread", "", error.code().value());
    }
    return {};
  }

  bool Submit(std::shared_ptr<const model::Predictor> predictor, data::Table&& rows,
              Done&& done) override {
    bool call = false;
    {
      const std::lock_guard lock(mutex_);
      const Time now = clock_.SteadyNow();
      if (!queues_.Add(std::move(predictor), std::move(rows), std::move(done), now)) {
        ++counts_.refused;
        return false;
      }
      // What waits longest has been seen by who watches, and what came after it is due later.
      call = (!watched_ || queues_.AnyDue(now)) && MayCall();
    }
    if (call) wake_.notify_one();
    return true;
  }

  BatcherCounts counts() const override {
    const std::lock_guard lock(mutex_);
    BatcherCounts counts = counts_;
    counts.waiting_rows = queues_.rows();
    return counts;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      const Time now = clock_.SteadyNow();
      if (std::optional<Batch> batch = queues_.Take(now, stopping_)) {
        Count(*batch);
        const bool call = !queues_.empty() && MayCall();
        lock.unlock();
        if (call) wake_.notify_one();
        Answer(*std::move(batch));
        lock.lock();
      } else if (stopping_) {
        return;
      } else {
        Wait(&lock, now);
      }
    }
  }

  // Of those without work one watches for when the oldest request has waited enough; the others
  // sleep until they are called, so that time wakes one thread and not all.
  void Wait(std::unique_lock<std::mutex>* lock, Time now) {
    ++idle_;
    if (!watched_ && !queues_.empty()) {
      watched_ = true;
      wake_.wait_for(*lock, queues_.NextDue() - now);
      watched_ = false;
    } else {
      wake_.wait(*lock);
    }
    --idle_;
    called_ = false;
  }

  // Whether somebody must be woken who looks at the queues. One is enough, as whoever takes a batch
  // and leaves others calls the next; and who is awake looks before it sleeps.
  bool MayCall() {
    if (idle_ == 0 || called_) return false;
    called_ = true;
    return true;
  }

  void Count(const Batch& batch) {
    counts_.late += std::ssize(batch.late);
    if (batch.requests.empty()) return;
    ++counts_.batches;
    counts_.requests += std::ssize(batch.requests);
    counts_.rows += batch.rows;
  }

  void Answer(Batch batch) {
    for (Waiting& one : batch.late) {
      one.done(Error(ErrorCode::kUnavailable, "too many requests wait").Try("again later"));
    }
    if (batch.requests.size() > 1) {
      if (AnswerTogether(&batch)) return;
      const std::lock_guard lock(mutex_);
      counts_.retried += std::ssize(batch.requests);
    }
    for (Waiting& one : batch.requests) {
      one.done(Guarded([&] { return batch.predictor->Predict(one.rows, 1); }));
    }
  }

  // False where that fails, whatever the reason: who is not to blame for it must not see it.
  static bool AnswerTogether(Batch* batch) {
    const auto predictions = Guarded([&]() -> Result<model::Predictions> {
      const std::optional<data::Table> joined = JoinRows(*batch);
      if (!joined) return Error(ErrorCode::kConflict, "the requests have different columns");
      return batch->predictor->Predict(*joined, 1);
    });
    if (!predictions.ok()) return false;
    int64_t begin = 0;
    for (Waiting& one : batch->requests) {
      one.done(Guarded([&] { return SliceOf(*predictions, begin, one.rows.rows); }));
      begin += one.rows.rows;
    }
    return true;
  }

  const Clock& clock_;
  mutable std::mutex mutex_;  // Guards what follows, but for the threads.
  std::condition_variable wake_;
  Queues queues_;
  BatcherCounts counts_;
  int idle_ = 0;          // Threads that wait.
  bool watched_ = false;  // One of them wakes by itself.
  bool called_ = false;   // One of them was called and has not looked yet.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

Error Wrong(std::string message, std::string expected) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).Expected(std::move(expected));
}

Status Check(const BatcherOptions& options) {
  if (options.rows < 1) {
    return Wrong(fmt::format("batches of {} rows", options.rows), "at least 1");
  }
  if (!(options.delay_seconds >= 0 && options.delay_seconds <= kLongestSeconds)) {
    return Wrong(fmt::format("a batch's delay of {} s", options.delay_seconds), "0 or more");
  }
  if (options.queue_rows < options.rows) {
    return Wrong(fmt::format("room for {} rows that wait", options.queue_rows),
                 fmt::format("at least a batch's {}", options.rows));
  }
  if (!(options.longest_wait_seconds > options.delay_seconds)) {
    return Wrong(fmt::format("a longest wait of {} s", options.longest_wait_seconds),
                 fmt::format("more than a batch's delay of {} s", options.delay_seconds));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Batcher>> Batcher::Make(const BatcherOptions& options, const Clock& clock) {
  SLIPWAY_RETURN_IF_ERROR(Check(options));
  const auto span = [](double seconds) {
    return std::chrono::duration_cast<Span>(
        std::chrono::duration<double>(std::min(seconds, kLongestSeconds)));
  };
  auto batcher = std::make_unique<ThreadedBatcher>(
      Queues::Rules{.batch_rows = options.rows,
                    .queue_rows = options.queue_rows,
                    .delay = span(options.delay_seconds),
                    .longest_wait = span(options.longest_wait_seconds)},
      clock);
  SLIPWAY_RETURN_IF_ERROR(batcher->Start(options.threads > 0 ? options.threads : AvailableCores()));
  return std::unique_ptr<Batcher>(std::move(batcher));
}

}  // namespace slipway::serve
