#include "core/process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/descriptor.h"
#include "core/interrupt.h"
#include "core/interrupt_internal.h"
#include "core/prepared_program_internal.h"
#include "core/text.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;

// How often the clock and the interrupt flag are looked at.
constexpr milliseconds kTick{50};
// What a program gets to end by itself before it is killed.
constexpr double kGraceSeconds = 3;
constexpr size_t kLongestLine = 4096;
constexpr int kReadsOfAFullPipe = 64;

// More than this process may have itself can't be asked for.
int64_t MemoryLimit(int64_t wanted) {
  rlimit own{};
  if (wanted > 0 && ::getrlimit(RLIMIT_AS, &own) == 0 && own.rlim_max != RLIM_INFINITY)
    return std::min(wanted, static_cast<int64_t>(own.rlim_max));
  return wanted;
}

// In the new process; returns only with what failed in errno.
void Become(const PreparedProgram& prepared, int64_t memory_bytes, int output) {
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);  // Ours is ignored, which a program would inherit.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (memory_bytes > 0) {
    const rlimit limit{static_cast<rlim_t>(memory_bytes), static_cast<rlim_t>(memory_bytes)};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return;
  }
  prepared.Become(output);
}

// Cuts bytes into lines.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& output) : output_(output) {}

  void Add(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n' || byte == '\r') {
        Flush();
      } else if (line_.size() < kLongestLine) {
        line_ += byte;
      }
    }
  }
  void Flush() {
    if (!line_.empty() && output_) output_(line_);
    line_.clear();
  }

 private:
  const std::function<void(std::string_view)>& output_;
  std::string line_;
};

// A running program, its group and its output.
class Running {
 public:
  Running(pid_t group, Descriptor output, const ProcessOptions& options)
      : group_(group), output_(std::move(output)), options_(options), lines_(options.output) {}

  Result<ProcessEnd> Wait() {
    const Stopwatch watch;
    Status stopped;
    double kill_after = 0;  // Once it was asked to end.
    while (!Ended()) {
      Read(kTick);
      if (stopped.ok()) {
        stopped = CheckStop(watch.seconds());
        if (stopped.ok()) continue;
        ::kill(-group_, SIGTERM);
        kill_after = watch.seconds() + kGraceSeconds;
      } else if (watch.seconds() > kill_after) {
        ::kill(-group_, SIGKILL);
      }
    }
    // A shell may be gone before what it started had time to end by itself.
    while (!stopped.ok() && watch.seconds() <= kill_after && ::kill(-group_, 0) == 0) Read(kTick);
    // What it left running would hold the pipe, and the machine.
    ::kill(-group_, SIGKILL);
    KillAtExit(0);
    // What is in the pipe, and no more: whoever left the group may write for ever.
    for (int reads = 0; reads < kReadsOfAFullPipe && Read(milliseconds(0)); ++reads) {
    }
    lines_.Flush();
    if (!stopped.ok()) return stopped.error();
    if (lost_) {
      return Error(ErrorCode::kIo, "how the program ended is not known, as SIGCHLD is ignored")
          .Expected("a process that is told how its programs end");
    }
    if (WIFSIGNALED(status_)) return ProcessEnd{-1, WTERMSIG(status_)};
    return ProcessEnd{WEXITSTATUS(status_), 0};
  }

 private:
  bool Ended() {
    const pid_t ended = ::waitpid(group_, &status_, WNOHANG);
    // Where SIGCHLD is ignored the system forgets a program as soon as it has ended.
    lost_ = ended < 0 && errno == ECHILD;
    return ended == group_ || lost_;
  }

  Status CheckStop(double seconds) const {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    if (options_.timeout_seconds <= 0 || seconds < options_.timeout_seconds) return {};
    return Error(ErrorCode::kTimeout, fmt::format("the program did not end within {}",
                                                  FormatSeconds(options_.timeout_seconds)));
  }

  // False where nothing came within `wait`.
  bool Read(milliseconds wait) {
    if (output_.number() < 0) {
      std::this_thread::sleep_for(wait);
      return false;
    }
    pollfd poll{output_.number(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(wait.count())) <= 0) return false;
    std::array<char, 16384> bytes;
    const ssize_t got = ::read(output_.number(), bytes.data(), bytes.size());
    if (got > 0) lines_.Add({bytes.data(), static_cast<size_t>(got)});
    if (got == 0) output_.Close();
    return got > 0;
  }

  const pid_t group_;
  Descriptor output_;
  const ProcessOptions& options_;
  Lines lines_;
  int status_ = 0;
  bool lost_ = false;  // Gone without a status.
};

class LocalRunner : public ProcessRunner {
 public:
  Result<ProcessEnd> Run(const ProcessOptions& options) override {
    SLIPWAY_ASSIGN_OR_RETURN(Pipe output, MakePipe());
    SLIPWAY_ASSIGN_OR_RETURN(Pipe failure, MakePipe());
    const PreparedProgram prepared("/bin/sh", {"/bin/sh", "-c", options.command}, options.directory,
                                   options.environment);
    const int64_t memory_bytes = MemoryLimit(options.memory_bytes);
    const pid_t child = ::fork();
    if (child < 0) return SystemError("start a process", prepared.program(), errno);
    if (child == 0) {
      Become(prepared, memory_bytes, output.write.number());
      TellFailure(failure.write.number(), errno);
    }
    ::setpgid(child, child);  // Whoever of the two comes first.
    KillAtExit(child);
    output.write.Close();
    failure.write.Close();
    const int error = ReadFailure(failure.read.number());
    if (error != 0) {
      ::waitpid(child, nullptr, 0);
      KillAtExit(0);
      return SystemError("start a program in", options.directory, error);
    }
    return Running(child, std::move(output.read), options).Wait();
  }
};

}  // namespace

ProcessRunner& LocalProcessRunner() {
  static LocalRunner runner;
  return runner;
}

}  // namespace slipway
