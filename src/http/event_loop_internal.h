// One thread's part of a server: its listening socket, its connections, and what wakes it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "http/connection_internal.h"
#include "http/posted_answers_internal.h"

namespace slipway::http {

// What all loops of a server share.
struct ServerState {
  int loops = 1;
  std::atomic<Phase> phase{Phase::kServes};
  std::atomic<int64_t> connections{0};
  std::atomic<int> listening{0};  // Loops that still take connections.
  std::mutex mutex;               // Of no data: for `ended`.
  std::condition_variable ended;  // There are no connections, and no more come.

  bool all_ended() const { return connections.load() == 0 && listening.load() == 0; }
};

class EventLoop {
 public:
  // `tls` is null without TLS. All outlive it.
  EventLoop(ServerState* server, Handler* handler, const Limits& limits, const TlsContext* tls,
            int number, Descriptor listener);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Status Open();
  // Until the phase is kStops; on one thread.
  void Run();
  // From any thread, after the phase has changed.
  void Wake();
  // From any thread: the answer of a deferred request.
  void Post(uint64_t ticket, Response&& response);
  // Once Run has returned: ends all connections, and drops what is posted from now on.
  void Stop();
  int64_t in_flight() const { return state_.in_flight.load(std::memory_order_relaxed); }

 private:
  int Wait();
  // The connection that an event is of; null for one of the loop's own.
  Connection* ConnectionOf(void* what) const;
  void CountDue(void* what, uint32_t events);
  void OnEvent(void* what, uint32_t events);
  void Deliver();
  void Apply(Connection* connection, Connection::Fate fate);
  void End(Connection* connection);
  void ServeReady();
  void Expire();
  void OnPhase(Phase phase);
  void DrainIdle();
  // False where nobody waits for now.
  bool Accept();
  void Welcome(Descriptor socket, std::string peer);
  void PauseListening();
  void ResumeListening();
  void StopListening();
  void CloseListener();
  bool Watch(int descriptor, uint32_t events, void* what);

  ServerState* const server_;
  const TlsContext* const tls_;
  LoopState state_;
  Descriptor listener_;
  Descriptor epoll_;
  Descriptor wake_;
  Phase phase_ = Phase::kServes;
  std::vector<Connection*> ready_;  // Those that answered kAgain.
  std::vector<Connection*> serving_;
  PostedAnswers posted_;
  std::vector<PostedAnswer> delivering_;
  bool posted_any_ = false;  // Since they were delivered last.
  int64_t resume_ns_ = 0;    // When it listens again after the system had no room; 0 if it does.
  int rejected_ = 0;         // Connections over the limit that are still being told.
};

}  // namespace slipway::http
