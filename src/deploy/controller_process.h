// The controller as a process: one at a time for a store, started by whoever needs it, found by
// all.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/descriptor.h"
#include "core/result.h"

namespace slipway::deploy {

// Held by the process that controls, for as long as it lives.
class ControllerLock {
 public:
  // `directory` is .slipway/up, made where it is missing. kConflict where another process controls.
  static Result<ControllerLock> Take(const std::string& directory);

 private:
  explicit ControllerLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

// The process that controls; 0 for none.
pid_t FindController(const std::string& directory);

// Starts one that outlives this process, and returns once it controls. Nothing where one does.
// kUnavailable with its last words where it ends at once.
Status StartController(const std::string& directory, const std::vector<std::string>& arguments);
// Keeps what one that was started so has written within bounds; to be called by itself.
Status ShortenControllerLog(const std::string& directory);
// Asks it to end, and waits until it has; what it controls goes on. kTimeout where it does not end.
Status StopController(const std::string& directory);

}  // namespace slipway::deploy
