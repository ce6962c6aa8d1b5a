// One client: what it asks is read, answered and sent, as far as it goes without waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/answer.h"
#include "http/listener.h"
#include "http/request_parser.h"
#include "http/server.h"
#include "http/timers.h"
#include "http/tls.h"

namespace slipway::http {

// How far a server is with its end.
enum class Phase { kServes, kDrains, kFinishes, kStops };

// An answer whose bytes are not all with the system.
struct PendingAnswer {
  Delivery delivery;
  size_t end = 0;  // Of its bytes, from the first that is not sent.
};

class Connection;

// What the connections of a loop share; touched on its thread only, but for the atomic ones.
struct LoopState {
  LoopState(const Limits& its_limits, Handler* its_handler, int its_number, int loops,
            const std::atomic<Phase>* its_phase)
      : limits(its_limits),
        handler(its_handler),
        number(its_number),
        phase(its_phase),
        timers(its_limits),
        tickets_apart(static_cast<uint64_t>(loops)),
        last_ticket(static_cast<uint64_t>(its_number)) {}

  const Limits limits;
  Handler* const handler;
  const int number;
  const std::atomic<Phase>* const phase;
  int64_t now_ns = 0;  // When the loop was last woken.
  DateText date;
  TimerLists timers;
  int64_t due = 0;  // Connections that bring a request, as epoll says, and had no turn yet.
  // Whose answer comes later, by their tickets. What remains of a ticket divided by the number of
  // loops is the loop's, so that anyone finds it.
  std::unordered_map<uint64_t, Connection*> deferred;
  const uint64_t tickets_apart;
  uint64_t last_ticket;
  // Kept for their room: of the connection that is being served.
  Response response;
  std::string output;
  std::vector<PendingAnswer> answers;
  // Written by this thread alone, so that no locked instruction is needed.
  alignas(64) std::atomic<int64_t> in_flight{0};

  bool draining() const { return phase->load(std::memory_order_relaxed) != Phase::kServes; }
  void CountInFlight(int64_t change) {
    in_flight.store(in_flight.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  int64_t queue() const { return in_flight.load(std::memory_order_relaxed) + due; }
  uint64_t NewTicket() { return last_ticket += tickets_apart; }
};

class Connection : public Timer {
 public:
  // What its loop, which owns it, does next.
  enum class Fate {
    kWaits,
    kAgain,  // There is more to do; others first.
    kEnds,   // It goes.
  };

  Connection(LoopState* loop, Descriptor socket, std::string peer, std::unique_ptr<TlsSession> tls);
  // Ends it at once; the handler is told of answers that were not sent, or will not be.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Each of these is a turn, and may throw std::bad_alloc; then Abandon, and it ends.
  // After events of an edge-triggered epoll.
  Fate OnReady(uint32_t events);
  // The answer that was to come later.
  Fate OnCompleted(const Response& response);
  Fate OnTimeout();
  // The server ends: so does it, where it is between two requests.
  Fate OnDrain();
  // Instead of anything else: there are too many.
  Fate Reject();

  // Forgets what its turn has written.
  void Abandon();

  int socket() const { return socket_.number(); }
  bool rejected() const { return rejected_; }
  // Whether bytes that come are those of a request that is not counted yet.
  bool takes_requests() const { return !begun_ && !waits_to_send() && !lingering_; }
  bool queued = false;  // The loop's: it answered kAgain.
  bool due = false;     // The loop's: it is one of LoopState::due.

 private:
  enum class Sent { kAll, kSome, kBroken };

  Fate Serve();
  void Read();
  ssize_t Receive(char* bytes, size_t size);
  // As far as requests are there whole, and output does not have to wait.
  void AnswerAll();
  void AnswerRequest();
  void AnswerFailure(int status, const std::string& message);
  void Begin();
  void Reply(const Response& response);
  void Append(const Response& response, bool is_head, Persistence persistence);
  // Sends the loop's output; what the client is too slow for becomes unsent_.
  void Flush();
  void SendUnsent();
  Sent Send(std::string_view bytes, size_t* sent);
  // Tells of those whose bytes are within the next `sent`, and forgets them.
  void Report(std::vector<PendingAnswer>* answers, size_t sent);
  void ReportLost(std::vector<PendingAnswer>* answers);
  void ReportUnanswered();
  void ArmForState();
  Fate Finish();
  Fate Discard();

  bool waits_to_send() const { return !unsent_.empty(); }
  bool deferred() const { return ticket_ != 0; }

  LoopState* const loop_;
  Descriptor socket_;
  const std::unique_ptr<TlsSession> tls_;  // Null without TLS.
  const std::string peer_;
  RequestParser parser_;
  std::string unsent_;  // From unsent_from_ on.
  size_t unsent_from_ = 0;
  std::vector<PendingAnswer> pending_;  // Of unsent_.
  int64_t begun_ns_ = 0;
  int64_t linger_end_ns_ = 0;
  // Of the request that was handed to the handler, until its answer is written; the ticket is 0
  // where there is none.
  uint64_t ticket_ = 0;
  uint64_t note_ = 0;
  int minor_version_ = 1;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool begun_ = false;       // A request's first byte came, and its answer is not written yet.
  bool answered_ = true;     // Something, since the timer was armed for what is read.
  bool exhausted_ = true;    // All that the system has is read.
  bool hung_up_ = false;     // The client's end is behind what it has.
  bool ended_ = false;       // The client's end was read.
  bool broken_ = false;      // Nothing can be read or sent.
  bool closing_ = false;     // No more is read; it ends when all is sent.
  bool ends_early_ = false;  // The client could have gone on.
  int answers_left_ = 0;     // Of this turn.
  bool lingering_ = false;   // Our end is closed; what still comes is thrown away.
  bool rejected_ = false;
};

}  // namespace slipway::http
