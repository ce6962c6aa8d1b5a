// State of rollouts in memory, for tests of what uses a RolloutStore.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "deploy/rollout_store.h"

namespace slipway::deploy {

class FakeRolloutStore : public RolloutStore {
 public:
  explicit FakeRolloutStore(const Clock& clock = SystemClock()) : clock_(clock) {}

  Result<std::vector<ServiceRecord>> Services() override;
  Result<std::optional<ServiceRecord>> Find(const std::string& service) override;
  Result<int64_t> Write(const ServiceChange& change) override;
  Status Remove(const std::string& service, int64_t generation) override;
  Result<std::vector<RolloutEvent>> Events(const std::string& service, int64_t revision,
                                           int64_t after_id, int64_t limit) override;
  Status Prune(const std::string& service, int64_t keep_revisions) override;
  using RolloutStore::DueEffects;
  Result<std::vector<Effect>> DueEffects(int64_t now_ms, int64_t limit,
                                         const std::vector<std::string>& kinds) override;
  Status FinishEffect(int64_t id) override;
  Status RetryEffect(int64_t id, int64_t due_ms, const std::string& error) override;
  Result<int64_t> ChangeCounter() override;

 private:
  std::mutex mutex_;  // Guards all below.
  const Clock& clock_;
  std::map<std::string, ServiceRecord> services_;
  std::map<std::string, int64_t> last_generations_;  // Of removed services, too.
  std::vector<RolloutEvent> events_;                 // By id.
  std::map<int64_t, Effect> effects_;                // By id.
  int64_t last_event_ = 0;
  int64_t last_effect_ = 0;
  int64_t changes_ = 0;
};

}  // namespace slipway::deploy
