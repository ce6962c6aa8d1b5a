// An HTTP/1.1 server: one event loop a thread, each with its own listening socket, over epoll.
//
// A handler runs on the loop's thread and answers at once, or says that the answer comes later and
// hands it in from any thread. Requests of a connection are answered in their order, pipelined ones
// too; a client that is slow to send or to read holds up nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"
#include "http/types.h"

namespace slipway::http {

// What the server knows of a request beside its bytes.
struct Arrival {
  int loop = 0;          // From 0 to threads - 1, for what is kept a thread.
  int64_t begun_ns = 0;  // When its first byte came (CLOCK_MONOTONIC).
  // How long the queue of its loop is: requests that have come and are not all sent, this one
  // included, and connections that are known to have bytes and had no turn yet.
  int64_t in_flight = 0;
  uint64_t ticket = 0;  // For Server::Complete; never 0, and never the same again.
};

// How an answer ended.
struct Delivery {
  int loop = 0;
  uint64_t note = 0;  // The response's; 0 of an answer of the server itself.
  int status = 0;     // 0 where the client went before there was an answer.
  int64_t begun_ns = 0;
  int64_t bytes = 0;  // Of the whole answer, head and body.
  bool sent = false;  // All was handed to the system; else the client went before.
};

// Called from all loops at once.
class Handler {
 public:
  virtual ~Handler() = default;
  // Where it sets `response->later`, Server::Complete is called for the ticket, in its time: the
  // connection waits for it without limit.
  virtual void Answer(const Request& request, const Arrival& arrival, Response* response) = 0;
  // Once for each answer, and for each request whose client went while its answer was to come.
  // On the loop's thread; of what Stop ends, on that of Stop. It throws nothing.
  virtual void Answered(const Delivery& delivery) = 0;
  // An answer of the server itself to what was no request (400, 408, 413, 414, 431, 501, 503, 505):
  // the body, as JSON.
  virtual std::string ErrorBody(int status, const std::string& message) = 0;
};

struct TlsOptions {
  std::string certificate_path, key_path;  // PEM; both "" for none.
  bool wanted() const { return !certificate_path.empty() || !key_path.empty(); }
};

struct ServerOptions {
  std::string host = "127.0.0.1";  // Or "0.0.0.0", "::1", a name.
  int port = 8080;                 // 0 takes a free one.
  int threads = 0;                 // 0 for one a core that this process may use.
  Limits limits;
  TlsOptions tls;
};

class Server {
 public:
  // Listens once this returns; kIo where the address is taken, kInvalidInput for a wrong address,
  // certificate or key. `handler` outlives the server.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, Handler* handler);
  virtual ~Server() = default;  // Stops.

  virtual int port() const = 0;
  virtual int64_t connections() const = 0;
  // Requests whose first byte came and whose answer is not all sent.
  virtual int64_t in_flight() const = 0;
  // The answer to a request that was to be answered later. From any thread, the loop's own too, and
  // as soon as Answer has the ticket. Dropped without a word where the client has gone, the server
  // has stopped, the request was answered at once or the ticket is none.
  virtual void Complete(uint64_t ticket, Response&& response) = 0;
  // From now on each answer says "Connection: close", so that clients go elsewhere by themselves.
  virtual void BeginDrain() = 0;
  // No new connections, and idle ones are closed; returns when all have ended, or after `seconds`:
  // true when all had.
  virtual bool FinishDrain(double seconds) = 0;
  // Ends all connections at once, and the threads. Not from the handler. Who still completes
  // answers on other threads may go on until the server is destroyed.
  virtual void Stop() = 0;
};

}  // namespace slipway::http
