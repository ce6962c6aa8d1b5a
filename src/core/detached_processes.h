// Programs that outlive who started them, and are found again: whoever starts one may be killed at
// any instruction, and the next one finds exactly those that live.
//
// Each has a folder DIR/<id>/ with
//   lock       held (flock) by the program itself for as long as it lives: it inherits it,
//   pid        written by the new process before it becomes the program,
//   spec.json  what it was started with, durable before there is a process,
//   log        what it writes to both outputs, appended; log.1 and log.2 what was moved from there.
// That it lives is told by the lock, and which process it is by the pid file and by that process
// having the lock open: so neither a crash nor a pid that was given to somebody else misleads.
//
// A program keeps the lock as descriptor 3. Programs that it starts itself and leaves behind keep
// it alive in this sense, unless it closes that descriptor for them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway {

struct DetachedSpec {
  std::string id;                      // Letters, digits and ._-; names its folder.
  std::vector<std::string> arguments;  // The program, by path or as PATH has it.
  std::map<std::string, std::string> environment = {};  // Added to this process's own.
  std::string directory = {};                           // Where it runs; "" for here.
  Json facts = {};                                      // The owner's, given back as they are.
  // Limits by a control group (cgroup v2) where one can be made; 0 for none.
  int64_t memory_bytes = 0;
  double cpu_cores = 0;
};

inline constexpr int64_t kMostLogBytes = 8 << 20;

struct DetachedProcess {
  std::string id;
  pid_t pid = 0;  // 0 where it does not live, or is not known (see `notes`).
  bool alive = false;
  int64_t started_ms = 0;  // Since the epoch.
  Json facts = {};
  double cpu_seconds = 0;  // Of its own, user and system.
  int64_t resident_bytes = 0;
  // What is not as it should be, for a person: a limit that can't be kept, say.
  std::vector<std::string> notes = {};
};

// Thread-safe; several objects, in several processes, may share a folder.
class DetachedProcesses {
 public:
  // Makes the folder, readable by its owner only: an environment may hold secrets.
  static Result<DetachedProcesses> Open(const std::string& directory);

  // Returns once the program runs: in a session of its own, without input, signals and descriptors
  // of ours. kAlreadyExists where that id lives; what the system says where there is no such
  // program, and then the folder stays as of one that has ended. The log of an earlier one of that
  // id goes on.
  Status Start(const DetachedSpec& spec);

  // All that have a folder, by id: those that live and those that have ended.
  Result<std::vector<DetachedProcess>> List();
  // kNotFound where it does not live; kConflict where only what it started does.
  Status Signal(const std::string& id, int signal);
  // Removes the folder of one that has ended. kConflict while it lives, kNotFound where there is
  // none.
  Status Remove(const std::string& id);

  // The last `bytes` of what it wrote, from the first whole line on.
  Result<std::string> LogTail(const std::string& id, int64_t bytes) const;
  // To be called now and then, by one at a time: where the log has grown to `bytes`, it is moved
  // and begins anew, so that it takes three times as many at most.
  Status ShortenLog(const std::string& id, int64_t bytes = kMostLogBytes) const;
  // A descriptor that polls readable once it ends, which the caller closes; -1 where it does not
  // live.
  int ExitWatch(const std::string& id) const;

  const std::string& directory() const { return directory_; }

 private:
  explicit DetachedProcesses(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;  // Absolute.
};

}  // namespace slipway
