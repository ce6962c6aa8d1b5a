// Threads that take no signals.
#pragma once

#include <csignal>

namespace slipway {

// A thread that begins while it lives has all signals blocked: those that end the process are the
// main thread's, and one that writes to what nobody reads is told so by the call alone.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace slipway
