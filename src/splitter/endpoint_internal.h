// What a loop waits for: connections of clients, and those to replicas.
#pragma once

#include <cstdint>

#include "http/timers.h"

namespace slipway::splitter {

// Owned by its loop from Watch until Bury. It may be told of an event behind its end, as others
// end it in the same round; `dead` says so.
class Endpoint : public http::Timer {
 public:
  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  virtual ~Endpoint() {
    if (armed()) http::TimerLists::Disarm(this);
  }

  // After events of an edge-triggered epoll.
  virtual void OnEvents(uint32_t events) = 0;
  virtual void OnTimeout() = 0;
  // It had more to do than one turn allows.
  virtual void OnTurn() {}
  // No more is begun: it ends where it is idle.
  virtual void OnFinish() {}
  // The loop ends: nothing is sent or counted but what must be.
  virtual void OnStop() = 0;

  bool dead = false;
  bool queued = false;  // The loop's: it waits for its next turn.
};

}  // namespace slipway::splitter
