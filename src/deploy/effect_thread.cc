#include "deploy/effect_thread.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace slipway::deploy {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr int64_t kAtOnce = 256;

int64_t RetryAfterMs(int64_t attempts) {
  constexpr int64_t kFirst = 2000;
  constexpr int64_t kMostDoublings = 10;
  return kFirst << std::min(attempts, kMostDoublings);
}

void Do(const Effect& effect, const EffectParts& parts, const ForwardTime& time) {
  const Status done = parts.do_effect(effect);
  const int64_t again_ms = time.NowMs() + RetryAfterMs(effect.attempts);
  const Status kept = done.ok()
                          ? parts.store->FinishEffect(effect.id)
                          : parts.store->RetryEffect(effect.id, again_ms, done.error().ToString());
  if (!done.ok()) {
    parts.tell(fmt::format("{}: {} is tried again later: {}", effect.service, effect.kind,
                           done.error().ToString()));
  }
  if (!kept.ok()) parts.tell(kept.error().ToString());
}

}  // namespace

void DoDueEffects(const EffectParts& parts, const ForwardTime& time, const std::stop_token& stop) {
  const auto due = parts.store->DueEffects(time.NowMs(), kAtOnce, parts.kinds);
  if (!due.ok()) return parts.tell(due.error().ToString());
  for (const Effect& effect : *due) {
    if (stop.stop_requested()) return;
    Do(effect, parts, time);
  }
}

EffectThread::EffectThread(EffectParts parts)
    : parts_(std::move(parts)), time_(*parts_.clock), thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          DoDueEffects(parts_, time_, stop);
          std::this_thread::sleep_for(kLook);
        }
      }) {}

}  // namespace slipway::deploy
