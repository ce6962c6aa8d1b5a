// The outbox at work, on threads of its own: messages are delivered and runs are made, however long
// they take, while the controller looks after what serves. A run holds up no message.
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
  std::string program;    // slipway itself.
  std::string directory;  // Where runs leave what they say; it must be there.
  const Clock* clock = &SystemClock();
  // From any thread.
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

class Outbox {
 public:
  // Collaborators outlive it.
  explicit Outbox(OutboxParts parts);
  // Ends once what is under way has ended: soon where the process was told to end, as programs are
  // interrupted then.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

 private:
  using Doing = void (Outbox::*)(const deploy::Effect&);
  void Run(const std::stop_token& stop, const char* kind, Doing doing);
  void Deliver(const deploy::Effect& effect);
  void Train(const deploy::Effect& effect);
  int64_t NowMs() const;

  OutboxParts parts_;
  std::jthread deliveries_;
  std::jthread runs_;
};

}  // namespace slipway::monitor
