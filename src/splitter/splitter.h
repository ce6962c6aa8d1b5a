// One address in front of several versions of a model server, each with several replicas: the data
// plane of a rollout. It is told by a controller where requests go, and counts what comes of it.
//
// HTTP/1.1 on both sides, one event loop a thread. Bodies of any size go through in bounded memory,
// and as fast as the slower side. A connection that is refused, or that a replica closes before it
// took anything, is tried elsewhere; what may have been taken is asked again only where that does
// no harm. A client sees 503 (with Retry-After) where no replica took its request, 504 where one is
// silent, 502 where one answers nonsense or goes, each with a JSON body {"error": …}.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "http/server.h"
#include "splitter/routes.h"
#include "splitter/types.h"

namespace slipway::splitter {

struct SplitterOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0 takes a free one.
  int threads = 0;  // 0 for one a core that this process may use.
  // Of the clients. Bodies have no limit of size; `body_seconds` and `write_seconds` are those in
  // which a body moves on at all. `connections` is the most that there may be, and less where the
  // system gives too few descriptors; one more ends the one that has been idle for longest.
  http::Limits limits;
  int64_t descriptors = 0;  // Of the process; 0 for as many as the system lets it have.
  http::TlsOptions tls;     // Of the clients; replicas are spoken to without.
  double connect_seconds = 1;
  double answer_seconds = 60;  // In which a replica goes on with its answer at all. Beyond: 504.
  // How long an answer is waited for whose client has ended its sending: it may have gone.
  double half_closed_seconds = 5;
  // Idle connections to a replica, of each loop; and for how long, less than the replica's own.
  int pooled_connections = 256;
  double pooled_seconds = 60;
  double left_out_seconds = 1;  // Of a replica that refused a connection.
  // What mirroring holds at most: of one request, of one answer; of a loop all requests and
  // answers, and how many at once. As much of answers may wait to be compared, of all loops.
  size_t mirror_request_bytes = 16 << 20;
  size_t mirror_answer_bytes = 1 << 20;
  size_t mirror_bytes = 64 << 20;
  int mirrors_at_once = 256;
  // Copies of feedback: what requests hold at most, all of a loop; each as of mirroring. To one
  // replica so many of a loop are in flight at once, and others wait.
  size_t feedback_bytes = 64 << 20;
  int feedback_copies_at_once = 8;
  // A version is routed no more and its last request has ended. On the thread that found out, one
  // of the loops or that of Apply, without a lock of ours; it returns soon, and calls neither Apply
  // nor Stop.
  std::function<void(const std::string& version)> on_drained;
};

// All from any thread.
class Splitter {
 public:
  // Listens once this returns. kInvalidInput for wrong routes, addresses or certificates, kIo where
  // the address is taken.
  static Result<std::unique_ptr<Splitter>> Start(const SplitterOptions& options,
                                                 const Routes& routes);
  virtual ~Splitter() = default;  // Stops at once.

  virtual int port() const = 0;
  // Requests that begin after it returns follow `routes`; those in flight end as they began, on
  // replicas that are routed no more too. kInvalidInput, and nothing has changed, for wrong routes
  // and hosts that are not found.
  virtual Status Apply(const Routes& routes) = 0;
  virtual Routes routes() const = 0;
  // True once the version is routed no more and no request is in flight on it; false after
  // `seconds`, or at once where it is routed. One that never was is drained.
  virtual bool WaitDrained(const std::string& version, double seconds) = 0;
  virtual SplitterSnapshot Snapshot() const = 0;
  // No new connections; requests that have come are answered, with "Connection: close". True where
  // all had ended within `seconds`; what had not is broken off.
  virtual bool Stop(double seconds) = 0;
};

}  // namespace slipway::splitter
