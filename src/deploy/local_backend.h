// A service on this machine: its replicas are processes, its address is a splitter, a process too.
// All three, and who controls them, may be killed at any time, each without the others: what runs
// goes on, and is found again under `directory`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deploy/backend.h"
#include "deploy/golden_requests.h"
#include "deploy/replica_processes.h"
#include "deploy/splitter_process.h"
#include "splitter/control_client.h"

namespace slipway::deploy {

struct LocalBackendOptions {
  std::string program;    // slipway itself.
  std::string registry;   // The directory that --registry takes.
  std::string directory;  // Of this service: .slipway/up/NAME.
  std::string service;
  std::string host = "127.0.0.1";
  int port = 8080;
  int splitter_threads = 1;
  const Clock* clock = &SystemClock();
  http::HttpClient* client = nullptr;  // Outlives the backend.
  // The held-out rows of a release's artifact, as text.
  std::function<Result<std::string>(const Release&)> golden;
};

class LocalBackend final : public ServiceBackend {
 public:
  static Result<std::unique_ptr<LocalBackend>> Open(const LocalBackendOptions& options);

  Result<std::vector<SetStatus>> Observe(int64_t label_epoch) override;
  Status SetReplicas(const Release& release, int replicas) override;
  std::vector<ModelCounts> Models() override;
  const std::string& models_instance() const override { return instance_; }
  Validation Ask(const Validate& what) override;

  Result<Traffic> ObserveTraffic() override;
  Status Apply(const TrafficPlan& plan) override;
  Status FollowReplicas() override;
  std::string address() const override;

  Result<bool> CloseAddress() override;
  std::vector<int> ExitWatches() const override;

 private:
  LocalBackend(LocalBackendOptions options, ReplicaProcesses replicas, SplitterProcess splitter,
               std::string instance);
  Result<splitter::SplitterClient> FindSplitter();
  Result<Traffic> AskSplitter(splitter::SplitterClient& control);
  int64_t NowMs() const;
  void EndLeaving(const std::function<bool(const Replica&)>& is_busy);
  void AskOne(const std::string& url, const std::vector<GoldenRequest>& requests, int count,
              Validation* seen);

  const LocalBackendOptions options_;
  ReplicaProcesses replicas_;
  SplitterProcess splitter_;
  const std::string instance_;
  TrafficPlan plan_;  // That counts, as the splitter was told or says.
  splitter::Routes routes_;
  // What each set is to have.
  struct Wish {
    int replicas = 0;
    double min_ready_seconds = 0;
  };
  std::map<int64_t, Wish> wishes_;
};

}  // namespace slipway::deploy
