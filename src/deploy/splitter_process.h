// The splitter of a service as a process of this machine: found again, started where there is none,
// ended where it hangs or is at another address than the service.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/clock.h"
#include "core/detached_processes.h"
#include "core/result.h"
#include "deploy/restarts.h"
#include "http/client.h"
#include "splitter/control_client.h"

namespace slipway::deploy {

struct SplitterProcessOptions {
  std::string program;    // slipway itself.
  std::string directory;  // Of the service: its routes are kept there, and the process is found.
  std::string host = "127.0.0.1";
  int port = 8080;
  int threads = 1;
  const Clock* clock = &SystemClock();
  http::HttpClient* client = nullptr;  // Outlives it.
};

// Not thread-safe. Times are by `clock`.
class SplitterProcess {
 public:
  static Result<SplitterProcess> Open(const SplitterProcessOptions& options);

  // Who is told and asked. Where there is none, one is started if it is `wanted`; it is to be asked
  // for again. kUnavailable with why, also where it did not answer an instant ago, so that whoever
  // waits for it does not hold up others.
  Result<splitter::SplitterClient> Find(bool wanted);
  // What came of telling or asking it. One that nothing comes of for ten seconds is killed.
  void Note(const Status& outcome);
  // Asks it to end, and kills it where it does not; to be called until it says that none lives.
  Result<bool> End();

  // Whether one lived when it was looked for last.
  bool lives() const { return lives_; }
  // A descriptor that polls readable once it ends, which the caller closes; -1 for none.
  int ExitWatch() const;

 private:
  SplitterProcess(SplitterProcessOptions options, DetachedProcesses processes, std::string token)
      : options_(std::move(options)), processes_(std::move(processes)), token_(std::move(token)) {}
  int64_t NowMs() const;
  Result<splitter::SplitterClient> FindAlive(const DetachedProcess& process);
  Status Start();
  Status KillHung(const std::string& why);
  void NoteEnd();
  Error Unavailable(const std::string& what) const;

  SplitterProcessOptions options_;
  DetachedProcesses processes_;
  std::string token_;
  Restarts restarts_;
  bool lives_ = false;
  // Of the process that is known.
  pid_t pid_ = 0;
  std::string url_;  // Of its control.
  bool answered_ = false;
  int failures_ = 0;           // In a row.
  int64_t failing_ms_ = 0;     // Since when.
  int64_t not_before_ms_ = 0;  // It is left alone until then.
  bool killed_ = false;
  int64_t ending_ms_ = 0;  // When it was asked to end; 0 where it was not.
};

// Whether replicas or the splitter of the service with that directory run.
Result<bool> AnythingRuns(const std::string& directory);

}  // namespace slipway::deploy
