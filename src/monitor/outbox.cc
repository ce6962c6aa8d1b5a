#include "monitor/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "core/unix_time.h"
#include "deploy/controller.h"
#include "monitor/actions.h"
#include "monitor/retraining.h"

namespace slipway::monitor {
namespace {

constexpr std::chrono::milliseconds kLook{250};
// Messages of a target that is away are not to hide those of others.
constexpr int64_t kMostDue = 1000;
constexpr size_t kMostUnderWay = 32;

// From a second to a minute.
int64_t KeepAgainAfterMs(int64_t failures) {
  constexpr int64_t kFirst = 1000, kLongest = 60'000, kMostDoublings = 6;
  return std::min(kFirst << std::min(failures, kMostDoublings), kLongest);
}

std::string TargetOf(const deploy::Effect& effect) {
  const auto target = effect.detail.find("target");
  return target == effect.detail.end() ? "" : CompactJson(*target);
}

}  // namespace

Outbox::Outbox(OutboxParts parts)
    : parts_(std::move(parts)),
      time_(*parts_.clock),
      deliveries_([this](const std::stop_token& stop) { Dispatch(stop); }),
      runs_([this](const std::stop_token& stop) { Runs(stop); }) {}

Outbox::~Outbox() {
  deliveries_.request_stop();
  runs_.request_stop();
  deliveries_.join();
  runs_.join();
}

// One message of a target at a time, so that they come in their order; of several at once.
void Outbox::Dispatch(const std::stop_token& stop) {
  std::list<UnderWay> under_way;  // Ends with those that are.
  while (!stop.stop_requested()) {
    KeepOnceMore();
    const auto due = parts_.store->DueEffects(time_.NowMs(), kMostDue, {kDelivery});
    for (const deploy::Effect& effect : due.ok() ? *due : std::vector<deploy::Effect>()) {
      if (stop.stop_requested() || under_way.size() >= kMostUnderWay) break;
      std::string target = TargetOf(effect);
      const auto waits_for = [&](const UnderWay& one) {
        return one.id == effect.id || one.target == target;
      };
      if (std::ranges::any_of(under_way, waits_for)) continue;
      const std::lock_guard lock(mutex_);
      if (!unkept_.contains(effect.id)) Begin(effect, std::move(target), &under_way);
    }
    std::unique_lock lock(mutex_);
    const auto has_ended = [&] { return std::ranges::any_of(under_way, &UnderWay::ended); };
    ended_.wait_for(lock, stop, kLook, has_ended);
    std::list<UnderWay> ended;
    for (auto it = under_way.begin(); it != under_way.end();) {
      const auto one = it++;
      if (one->ended) ended.splice(ended.end(), under_way, one);
    }
    lock.unlock();
  }
}

void Outbox::Begin(const deploy::Effect& effect, std::string target,
                   std::list<UnderWay>* under_way) {
  UnderWay& one = under_way->emplace_back();
  one.id = effect.id;
  one.target = std::move(target);
  one.thread = std::jthread([this, effect, &one] {
    Deliver(effect);
    const std::lock_guard lock(mutex_);
    one.ended = true;
    ended_.notify_all();
  });
}

void Outbox::Deliver(const deploy::Effect& effect) {
  // The system's own time is what a signature is of.
  const int64_t now_ms = UnixMilliseconds(*parts_.clock);
  const Delivered delivered = parts_.notifier->Deliver(effect, now_ms);
  if (delivered.outcome != Delivered::Outcome::kRetry)
    return Keep(effect.id, [this, id = effect.id] { return parts_.store->FinishEffect(id); });
  if (effect.attempts == 0)
    parts_.tell(fmt::format("{}: {}; it is tried again", effect.service, delivered.error));
  const int64_t due_ms = time_.NowMs() + (delivered.due_ms - now_ms);
  Keep(effect.id, [this, id = effect.id, due_ms, error = delivered.error] {
    return parts_.store->RetryEffect(id, due_ms, error);
  });
}

// A disk that is full must not make one message a hundred.
void Outbox::Keep(int64_t id, std::function<Status()> keep) {
  const Status kept = keep();
  if (kept.ok()) return;
  parts_.tell(kept.error().ToString());
  const std::lock_guard lock(mutex_);
  unkept_[id] = {.keep = std::move(keep), .failures = 0, .next_ms = 0};
  unkept_[id].next_ms = time_.NowMs() + KeepAgainAfterMs(0);
}

void Outbox::KeepOnceMore() {
  const std::lock_guard lock(mutex_);
  for (auto it = unkept_.begin(); it != unkept_.end();) {
    Unkept& unkept = it->second;
    if (time_.NowMs() < unkept.next_ms) {
      ++it;
    } else if (unkept.keep().ok()) {
      it = unkept_.erase(it);
    } else {
      unkept.next_ms = time_.NowMs() + KeepAgainAfterMs(++unkept.failures);
      ++it;
    }
  }
}

void Outbox::Runs(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto due = parts_.store->DueEffects(time_.NowMs(), 1, {kRetrain});
    bool waits = true;
    if (due.ok() && !due->empty()) {
      const std::lock_guard lock(mutex_);
      waits = unkept_.contains(due->front().id);
    }
    if (!waits) Train(due->front());
    std::this_thread::sleep_for(kLook);
  }
}

// Made once: what it comes to is told, and not tried again by itself, as it may take hours. One
// that is broken off begins anew with the next controller.
void Outbox::Train(const deploy::Effect& effect) {
  parts_.tell(effect.service + ": retraining");
  RetrainingParts parts = {.store = parts_.store,
                           .processes = parts_.processes,
                           .program = parts_.program,
                           .directory = parts_.directory};
  if (parts_.registered) parts.registered = parts_.registered;
  const Result<Retraining> done = Retrain(effect, parts);
  if (!done.ok() && done.error().code() == ErrorCode::kInterrupted)
    return parts_.tell(effect.service + ": retraining is broken off, and begins anew");
  const std::string text = done.ok() ? done->text : "retraining failed: " + done.error().ToString();
  const Json detail = done.ok() ? done->detail : Json{{"outcome", "failed"}};
  parts_.tell(effect.service + ": " + text);
  Keep(effect.id, [this, effect, text, detail, told = false]() mutable -> Status {
    if (!told) SLIPWAY_RETURN_IF_ERROR(TellOf(effect, text, detail));
    told = true;
    return parts_.store->FinishEffect(effect.id);
  });
}

Status Outbox::TellOf(const deploy::Effect& effect, const std::string& text, const Json& detail) {
  return deploy::AddNotes(*parts_.store, effect.service, *parts_.clock, {{"retrain", text, detail}},
                          [&](const deploy::Service& service, int64_t now_ms) {
                            return PerTarget(
                                service, {NotifyOf(service, "retrained", text, now_ms, detail)});
                          });
}

}  // namespace slipway::monitor
