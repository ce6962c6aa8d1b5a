// An HTTP/1.1 server: one event loop a thread, each with its own listening socket, over epoll.
//
// A handler runs on the loop's thread and answers at once. Requests of a connection are answered in
// their order, pipelined ones too; a client that is slow to send or to read holds up nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"
#include "http/types.h"

namespace slipway::http {

// Called from all loops at once. `loop` is from 0 to threads - 1, for what is kept a thread;
// `begun_ns` when the first byte of the request came (CLOCK_MONOTONIC).
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void Answer(const Request& request, int loop, int64_t begun_ns, Response* response) = 0;
  // The answer's last byte was handed to the system, or (sent false) the client went before it.
  // `note` is the response's; 0 of an answer of the server itself.
  virtual void Answered(int loop, uint32_t note, int status, int64_t begun_ns, bool sent) = 0;
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
  virtual ~Server() = default;  // Ends all connections at once.

  virtual int port() const = 0;
  virtual int64_t connections() const = 0;
  // Requests whose first byte came and whose answer is not all sent.
  virtual int64_t in_flight() const = 0;
  // From now on each answer says "Connection: close", and idle connections are closed.
  virtual void BeginDrain() = 0;
  // No new connections; returns when all have ended, or after `seconds`: true when all had.
  virtual bool FinishDrain(double seconds) = 0;
};

}  // namespace slipway::http
