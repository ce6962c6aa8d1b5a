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
#include "deploy/restarts.h"
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
  // what turned out to be true of it, apart of what they predict since that epoch, unless it is 0:
  // for a second or two at most. Who has answered nothing for ten seconds, or is not ready within
  // the time that its release gives it, is killed: it counts as one that ended.
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
    int failures = 0;        // In a row.
    int64_t silent_ms = 0;   // Since when it answers nothing; 0 where it answers.
    int64_t unready_ms = 0;  // Since when it is not ready; 0 where it is.
    int64_t not_before_ms = 0;
    double ready_timeout_seconds = 0;
    std::string killed_for = {};
    double cpu_seconds = 0;
    int64_t cpu_ms = 0;
    double cores = 1;
  };
  // What one said, or that it said nothing.
  struct Told;

  ReplicaProcesses(ReplicaOptions options, DetachedProcesses processes)
      : options_(std::move(options)), processes_(std::move(processes)) {}
  int64_t NowMs() const;
  void Look(const DetachedProcess& process);
  void NoteEnd(const DetachedProcess& process);
  void TakeUtilization(const DetachedProcess& process, Replica* replica);
  void AskAll(int64_t label_epoch);
  Told Ask(const Replica& replica, int64_t label_epoch) const;
  void Take(const Told& told, Replica* replica);
  void KillHung(Replica* replica);
  DetachedSpec SpecOf(const Release& release) const;
  std::string NextId(int64_t set) const;

  ReplicaOptions options_;
  DetachedProcesses processes_;
  std::map<std::string, Replica> replicas_;
  std::map<std::string, Probe> probes_;
  std::map<int64_t, Restarts> restarts_;
  ModelTotals totals_;
};

}  // namespace slipway::deploy
