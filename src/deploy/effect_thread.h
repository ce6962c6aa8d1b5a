// What rollouts leave to be done outside (RolloutStore's effects), done: at least once, tried again
// later where it fails, and on a thread of its own, so that whatever it waits for holds up nobody
// who looks after what serves.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/forward_time.h"
#include "core/result.h"
#include "deploy/rollout_store.h"

namespace slipway::deploy {

struct EffectParts {
  RolloutStore* store = nullptr;
  const Clock* clock = &SystemClock();
  std::vector<std::string> kinds = {};  // Those of other kinds are somebody else's.
  // An error means later once more: after two seconds first, and half an hour at most.
  std::function<Status(const Effect&)> do_effect = {};
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

// All that is due, oldest due first, until `stop`. Errors are told.
void DoDueEffects(const EffectParts& parts, const ForwardTime& time,
                  const std::stop_token& stop = {});

class EffectThread {
 public:
  // Collaborators outlive it; they are called from its thread alone.
  explicit EffectThread(EffectParts parts);
  // Ends once what is under way has ended.
  ~EffectThread() = default;
  EffectThread(const EffectThread&) = delete;
  EffectThread& operator=(const EffectThread&) = delete;

 private:
  EffectParts parts_;
  ForwardTime time_;
  std::jthread thread_;
};

}  // namespace slipway::deploy
