#include "core/interrupt.h"

#include <unistd.h>

#include <csignal>

#include "core/interrupt_internal.h"

namespace slipway {
namespace {

volatile std::sig_atomic_t interrupted = 0;
const volatile std::sig_atomic_t* followed = &interrupted;
volatile std::sig_atomic_t child_group = 0;
constexpr int kExitInterrupted = 130;

void HandleSignal(int signal) {
  if (interrupted != 0 && signal == SIGINT) {
    if (child_group > 0) ::kill(-child_group, SIGKILL);
    ::_exit(kExitInterrupted);
  }
  interrupted = 1;
}

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action{};
  action.sa_handler = HandleSignal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A terminal that closes; nohup has it ignored, which stays so.
  struct sigaction before{};
  if (::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
    ::sigaction(SIGHUP, &action, nullptr);
  // A closed pipe is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Who started us may have it ignored: then the system would not tell how our programs ended.
  std::signal(SIGCHLD, SIG_DFL);
}

const volatile std::sig_atomic_t* InterruptFlag() { return followed; }

void FollowInterrupts(const volatile std::sig_atomic_t* flag) { followed = flag; }

void KillAtExit(int group) { child_group = group; }

bool Interrupted() { return *followed != 0; }

Status CheckInterrupted() {
  if (!Interrupted()) return {};
  return Error(ErrorCode::kInterrupted, "interrupted")
      .Try("the same command again: finished steps are kept");
}

}  // namespace slipway
