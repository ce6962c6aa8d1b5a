// The outbox at work, on a thread of its own: messages are delivered and runs are made, however
// long they take, while the controller looks after what serves.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "core/clock.h"
#include "core/process.h"
#include "core/result.h"
#include "deploy/rollout_store.h"
#include "monitor/notify.h"

namespace slipway::monitor {

inline constexpr const char* kRetrain = "retrain";

struct OutboxParts {
  deploy::RolloutStore* store = nullptr;
  Notifier* notifier = nullptr;
  ProcessRunner* processes = nullptr;
  std::string program;  // slipway itself.
  const Clock* clock = &SystemClock();
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

class Outbox {
 public:
  // Collaborators outlive it.
  explicit Outbox(OutboxParts parts);
  // Ends once what is under way has ended.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

 private:
  void Run(const std::stop_token& stop);
  void Deliver(const deploy::Effect& effect);
  void Retrain(const deploy::Effect& effect);
  int64_t NowMs() const;

  OutboxParts parts_;
  std::jthread thread_;
};

// What a retraining comes to: `slipway run` in the project that the service was deployed from, then
// `slipway deploy` of the version that it registered. In words, for the service's history; an error
// where it is to be tried again.
Result<std::string> RunAndDeploy(const deploy::ServiceRecord& service, const std::string& program,
                                 ProcessRunner& processes);

}  // namespace slipway::monitor
