// Programs of others: the seam at which tests put a fake in their place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway {

struct ProcessOptions {
  std::string command = {};                             // For /bin/sh -c.
  std::string directory = {};                           // Where it runs.
  std::map<std::string, std::string> environment = {};  // Added to this process's own.
  double timeout_seconds = 0;                           // 0 for none.
  int64_t memory_bytes = 0;  // Of address space, for each of its processes; 0 for no limit.
  // Each line of what it writes, to either stream, without its end; from the calling thread. What
  // passes 4,096 bytes is cut.
  std::function<void(std::string_view line)> output = {};
};

struct ProcessEnd {
  int exit_code = 0;  // -1 where a signal ended it.
  int signal = 0;
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // Returns when it has ended. kTimeout and kInterrupted after all that it started was ended too;
  // kIo where it can't be started. Thread-safe.
  virtual Result<ProcessEnd> Run(const ProcessOptions& options) = 0;
};

// The real one, a process-wide singleton without state. The program is a process group of its own,
// without standard input.
ProcessRunner& LocalProcessRunner();

}  // namespace slipway
