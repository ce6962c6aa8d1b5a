// What runs a service: replicas, and the traffic to them. Processes on this machine
// (local_backend.h), or Deployments and Services of a cluster. Both are asked and told again and
// again; telling them what is already so does nothing.
#pragma once

#include <vector>

#include "core/result.h"
#include "deploy/types.h"

namespace slipway::deploy {

class DeployBackend {
 public:
  virtual ~DeployBackend() = default;

  // All sets that have replicas, those on their way out included. Of predictions that were made
  // since `label_epoch` was first named here labels are counted apart; 0 names none.
  virtual Result<std::vector<SetStatus>> Observe(int64_t label_epoch) = 0;
  // As many replicas of the release as that, from now on: whoever ends is started again, later and
  // later where it ends again and again. Fewer: those go that have the least to do, once what they
  // have begun is answered and nobody is sent to them any more.
  virtual Status SetReplicas(const Release& release, int replicas) = 0;
  // What the ready replicas of each set have predicted; growing over restarts of replicas.
  virtual std::vector<ModelCounts> Models() = 0;
  // Another one: counts of models began anew.
  virtual const std::string& models_instance() const = 0;
  // Asks for predictions that the artifact has the answers of, and waits for them.
  virtual Validation Ask(const Validate& what) = 0;
};

class TrafficSplitter {
 public:
  virtual ~TrafficSplitter() = default;

  // kUnavailable where it does not answer, with why.
  virtual Result<Traffic> ObserveTraffic() = 0;
  // Requests that begin after it returns follow the plan, on replicas that are ready.
  virtual Status Apply(const TrafficPlan& plan) = 0;
  // Follows replicas that came and went since, under the plan that counts.
  virtual Status FollowReplicas() = 0;
  // "http://127.0.0.1:8080"
  virtual std::string address() const = 0;
};

// Both, of one service, and the end of all of it.
class ServiceBackend : public DeployBackend, public TrafficSplitter {
 public:
  // The address ends, once nothing is to run; whether it has. To be called again until it has.
  virtual Result<bool> CloseAddress() = 0;
  // Descriptors that poll readable when something ends that is to run; the caller closes them.
  virtual std::vector<int> ExitWatches() const = 0;
};

}  // namespace slipway::deploy
