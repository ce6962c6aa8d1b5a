#include "monitor/outbox.h"

#include <fmt/format.h>

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
constexpr int64_t kAtOnce = 64;

}  // namespace

Outbox::Outbox(OutboxParts parts)
    : parts_(std::move(parts)),
      deliveries_([this](const std::stop_token& stop) { Run(stop, kDelivery, &Outbox::Deliver); }),
      runs_([this](const std::stop_token& stop) { Run(stop, kRetrain, &Outbox::Train); }) {}

Outbox::~Outbox() {
  deliveries_.request_stop();
  runs_.request_stop();
  deliveries_.join();
  runs_.join();
}

int64_t Outbox::NowMs() const { return UnixMilliseconds(*parts_.clock); }

void Outbox::Run(const std::stop_token& stop, const char* kind, Doing doing) {
  while (!stop.stop_requested()) {
    const auto due = parts_.store->DueEffects(NowMs(), kAtOnce);
    if (due.ok()) {
      for (const deploy::Effect& effect : *due) {
        if (stop.stop_requested()) return;
        if (effect.kind == kind) (this->*doing)(effect);
      }
    }
    std::this_thread::sleep_for(kLook);
  }
}

void Outbox::Deliver(const deploy::Effect& effect) {
  const Delivered delivered = parts_.notifier->Deliver(effect, NowMs());
  if (delivered.outcome == Delivered::Outcome::kRetry && effect.attempts == 0)
    parts_.tell(fmt::format("{}: {}; it is tried again", effect.service, delivered.error));
  const Status kept = delivered.outcome == Delivered::Outcome::kRetry
                          ? parts_.store->RetryEffect(effect.id, delivered.due_ms, delivered.error)
                          : parts_.store->FinishEffect(effect.id);
  if (!kept.ok()) parts_.tell(kept.error().ToString());
}

// Made once: what it comes to is told, and not tried again by itself, as it may take hours. One
// that is broken off begins anew with the next controller.
void Outbox::Train(const deploy::Effect& effect) {
  parts_.tell(effect.service + ": retraining");
  const Result<Retraining> done = Retrain(effect.service, {.store = parts_.store,
                                                           .processes = parts_.processes,
                                                           .program = parts_.program,
                                                           .directory = parts_.directory});
  if (!done.ok() && done.error().code() == ErrorCode::kInterrupted)
    return parts_.tell(effect.service + ": retraining is broken off, and begins anew");
  const std::string text = done.ok() ? done->text : "retraining failed: " + done.error().ToString();
  const Json detail = done.ok() ? done->detail : Json{{"outcome", "failed"}};
  parts_.tell(effect.service + ": " + text);
  const Status told = deploy::AddNotes(
      *parts_.store, effect.service, *parts_.clock, {{"retrain", text, detail}},
      [&](const deploy::Service& service, int64_t now_ms) {
        return PerTarget(service, {NotifyOf(service, "retrained", text, now_ms, detail)});
      });
  if (!told.ok()) parts_.tell(told.error().ToString());
  if (const Status kept = parts_.store->FinishEffect(effect.id); !kept.ok())
    parts_.tell(kept.error().ToString());
}

}  // namespace slipway::monitor
