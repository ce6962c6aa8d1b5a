// The replicas of a service as processes of this machine: `slipway serve`, each on a port of its
// own that the system chose. They outlive who started them, and are found again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/detached_processes.h"
#include "core/result.h"
#include "deploy/model_totals.h"
#include "deploy/types.h"
#include "http/client.h"

namespace slipway::deploy {

struct ReplicaOptions {
  std::string program;    // slipway itself.
  std::string registry;   // Where its models are: --registry.
  std::string directory;  // Of the processes' folders.
  std::string service;
  const Clock* clock = &SystemClock();
  http::HttpClient* client = nullptr;
};

struct Replica {
  std::string id = {};
  int64_t set = 0;
  bool alive = false;
  bool leaving = false;  // Is sent nothing any more, and ends.
  int port = 0;          // 0 while it has not said.
  bool ready = false;
  int64_t ready_ms = 0;  // Since when.
  int64_t leaving_ms = 0;
  double utilization = -1;  // Of its cores, since the last look.
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
};

class ReplicaProcesses {
 public:
  static Result<ReplicaProcesses> Open(ReplicaOptions options);

  // Looks at all of them, and asks those that live whether they are ready, what they predicted, and
  // what turned out to be true of it: apart of what they predict since that epoch, unless it is 0.
  Status Refresh(int64_t label_epoch);
  const std::map<std::string, Replica>& replicas() const { return replicas_; }
  const std::map<int64_t, ModelCounts>& models() const { return totals_.totals(); }
  // What the last one of the set that ended, or does not get ready, says; "" for none.
  std::string TroubleOf(int64_t set) const;

  // One more; nothing where those of that set have ended too often of late.
  Status Start(const Release& release);
  // From now on it is on its way out, also for who finds it again.
  Status Leave(const std::string& id);
  // SIGTERM: it ends once what it has begun is answered.
  Status Terminate(const std::string& id);
  Status Kill(const std::string& id);
  // Descriptors that poll readable when one ends; the caller closes them.
  std::vector<int> ExitWatches() const;

 private:
  struct Probe {
    int failures = 0;
    double cpu_seconds = 0;
    int64_t cpu_ms = 0;
    double cores = 1;
  };
  // What is known of a set beside its replicas.
  struct Past {
    std::string trouble;
    int ended = 0;  // In a row, before any was ready.
    int64_t not_before_ms = 0;
  };

  ReplicaProcesses(ReplicaOptions options, DetachedProcesses processes)
      : options_(std::move(options)), processes_(std::move(processes)) {}
  int64_t NowMs() const;
  void Look(const DetachedProcess& process, int64_t label_epoch);
  void NoteEnd(const DetachedProcess& process);
  void FindPort(Replica* replica) const;
  void Ask(Replica* replica, int64_t label_epoch);
  void TakeUtilization(const DetachedProcess& process, Replica* replica);
  DetachedSpec SpecOf(const Release& release) const;
  std::string NextId(int64_t set) const;

  ReplicaOptions options_;
  DetachedProcesses processes_;
  std::map<std::string, Replica> replicas_;
  std::map<std::string, Probe> probes_;
  std::map<int64_t, Past> pasts_;
  ModelTotals totals_;
};

}  // namespace slipway::deploy
