// A program that a new process becomes, made ready before the fork: after a fork of a process with
// threads nothing may be allocated.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/descriptor.h"
#include "core/result.h"

namespace slipway {

struct Pipe {
  Descriptor read;
  Descriptor write;
};
// Closed in programs.
Result<Pipe> MakePipe();

class PreparedProgram {
 public:
  // `program` is its path; `environment` is added to this process's own.
  PreparedProgram(std::string program, std::vector<std::string> arguments, std::string directory,
                  const std::map<std::string, std::string>& environment);
  PreparedProgram(const PreparedProgram&) = delete;
  PreparedProgram& operator=(const PreparedProgram&) = delete;

  // In the new process: no standard input, both outputs to `output`, its directory, the program.
  // Returns only with what failed in errno.
  void Become(int output) const;

  const std::string& program() const { return program_; }

 private:
  std::string program_;
  std::vector<std::string> arguments_;
  std::string directory_;  // "" for this process's.
  std::vector<std::string> variables_;
  std::vector<char*> argument_pointers_, variable_pointers_;
};

// In the new process, after what failed: tells the errno to who waits, and ends.
[[noreturn]] void TellFailure(int pipe, int error);
// In the parent, whose end for writing is closed: what was told, 0 where the program is there.
int ReadFailure(int pipe);

}  // namespace slipway
