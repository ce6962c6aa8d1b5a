// The outbox at work, on threads of its own: messages are delivered and runs are made, however long
// they take, while the controller looks after what serves. A run holds up no message, and no target
// those of another.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/forward_time.h"
#include "core/process.h"
#include "core/result.h"
#include "deploy/rollout_store.h"
#include "monitor/notify.h"
#include "monitor/retraining.h"

namespace slipway::monitor {

inline constexpr const char* kRetrain = "retrain";

struct OutboxParts {
  deploy::RolloutStore* store = nullptr;
  Notifier* notifier = nullptr;
  ProcessRunner* processes = nullptr;
  // As RetrainingParts has it; for a thread of the outbox.
  std::function<Result<std::vector<Registered>>(const std::string& model)> registered;
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
  // A delivery on a thread of its own.
  struct UnderWay {
    int64_t id = 0;
    std::string target;
    bool ended = false;  // Guarded by mutex_.
    std::jthread thread = {};
  };
  // What has been tried and could not be kept: it is not tried again before it is.
  struct Unkept {
    std::function<Status()> keep;
    int64_t failures = 0;
    int64_t next_ms = 0;
  };

  void Dispatch(const std::stop_token& stop);
  void Begin(const deploy::Effect& effect, std::string target, std::list<UnderWay>* under_way);
  void Deliver(const deploy::Effect& effect);
  void Keep(int64_t id, std::function<Status()> keep);
  void KeepOnceMore();
  void Runs(const std::stop_token& stop);
  void Train(const deploy::Effect& effect);
  Status TellOf(const deploy::Effect& effect, const std::string& text, const Json& detail);

  OutboxParts parts_;
  ForwardTime time_;                   // When what is due is due.
  std::mutex mutex_;                   // Guards unkept_.
  std::map<int64_t, Unkept> unkept_;   // By the effect's id.
  std::condition_variable_any ended_;  // A delivery.
  std::jthread deliveries_;
  std::jthread runs_;
};

}  // namespace slipway::monitor
