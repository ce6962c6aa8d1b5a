// What the replicas of a set have predicted altogether, from what each tells of itself: counts that
// grow although replicas come, go and begin anew.
#pragma once

#include <map>
#include <string>

#include "core/json.h"
#include "deploy/counts.h"

namespace slipway::deploy {

// The JSON of GET /metrics of `slipway serve`, as the counts of its first model and the process
// that they are of. Empty counts where it tells none.
struct ReplicaCounts {
  std::string instance;
  int64_t epoch = 0;  // Of counts.in_epoch; 0 where none was told.
  ModelCounts counts;
};
ReplicaCounts ReadReplicaCounts(const Json& metrics);

// A value; any thread's own.
class ModelTotals {
 public:
  // `replica` is that of a set, and stays with it.
  void Take(int64_t set, const std::string& replica, const ReplicaCounts& now);
  void Forget(int64_t set);
  const std::map<int64_t, ModelCounts>& totals() const { return totals_; }

 private:
  std::map<int64_t, std::map<std::string, ReplicaCounts>> last_;
  std::map<int64_t, ModelCounts> totals_;
};

}  // namespace slipway::deploy
