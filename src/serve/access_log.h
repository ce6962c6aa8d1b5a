// The access log: one line of JSON a request, written off the request's path.
//
//   {"time":"2026-11-23T06:41:07.123Z","method":"POST","path":"/predict","status":200,"bytes":263,
//    "duration_ms":0.052,"request_id":"…","trace_id":"…","span_id":"…","parent_id":"…",
//    "peer":"…","user_agent":"…","model":"…","version":"3","rows":1}
//
// `time` is when the request's first byte came; `duration_ms` goes from there until the answer's
// last byte was handed to the system. `bytes` are those of the whole answer, head and body. What
// there is none of is left out, but for `method` and `path`, which are null of what was no request,
// and `status`, which is null where the client went before there was an answer. "shed":true where
// the server was too busy, "sent":false where the client went before it had all of its answer. The
// query is left out: it may hold secrets. Lines of one loop are in the order in which their answers
// ended.
//
// Each loop has a queue of bytes that its requests go into, and one thread writes what is in them
// about ten times a second. A full queue drops requests rather than to hold one up;
// {"time":…,"dropped":N} says how many.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "http/server.h"
#include "serve/trace_context.h"

namespace slipway::serve {

struct AccessLogOptions {
  std::string path = {};  // Appended to, made where it is not there; "-" for standard output.
  int loops = 1;          // As the server's threads.
  size_t queue_bytes = 2 << 20;  // Of each loop: some 8,000 requests.
  double flush_seconds = 0.1;    // The longest that a line waits.
};

// What is told of a request. Views are copied; long texts are cut.
struct AccessEntry {
  std::string_view method, path;  // `path` as it was sent, without the query.
  std::string_view request_id, peer, user_agent, model, version;
  TraceContext trace;
  int64_t rows = 0;  // To predict; told where they were.
  bool shed = false;
};

// Outlives the server whose loops call it.
class AccessLog {
 public:
  // kInvalidInput or kIo where the file can't be opened. `clock` outlives it, and is asked from a
  // thread of the log's own.
  static Result<std::unique_ptr<AccessLog>> Open(const AccessLogOptions& options,
                                                 const Clock& clock = SystemClock());
  // Returns once all that ended is written, or cannot be: a pipe that nobody reads is waited for
  // two seconds.
  virtual ~AccessLog() = default;

  // Both for each request, on the thread of its loop.
  //
  // Keeps `entry` until the answer has gone out. Returns a ticket for it, never 0.
  virtual uint32_t Begin(int loop, const AccessEntry& entry) = 0;
  // What http::Handler::Answered is told, and when (CLOCK_MONOTONIC). `ticket` is what Begin
  // returned, or 0 of an answer of the server itself to what was no request.
  virtual void Finish(const http::Delivery& delivery, uint32_t ticket, int64_t ended_ns) = 0;

  // From any thread, after the file was renamed: what is written from now on goes to a new one of
  // the old name. Where it can't be opened, the old one goes on. Standard output stays what it is.
  virtual Status Reopen() = 0;
  // Lines that were lost since the start, to full queues or failed writing.
  virtual int64_t dropped() const = 0;
  // Why writing fails, once each time that it begins to.
  virtual std::optional<Error> TakeFailure() = 0;
};

}  // namespace slipway::serve
