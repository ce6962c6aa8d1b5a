// HTTP/1.x requests out of bytes, as strictly as RFC 9112 allows: what two readers could understand
// in two ways is refused, so that nothing is smuggled past a proxy.
#pragma once

#include <optional>
#include <string>

#include "http/types.h"

namespace slipway::http {

struct ParseFailure {
  int status = 400;
  std::string message;
};

// The bytes of one connection: what came is added, whole requests are taken in their order.
class RequestParser {
 public:
  enum class State {
    kEmpty,     // Nothing of a next request yet.
    kHeaders,   // Some of its head.
    kBody,      // Its head, and not all of its body.
    kComplete,  // request() holds it.
    kFailed,    // failure() says why; nothing more of the connection can be read.
  };

  explicit RequestParser(const Limits& limits);

  // Room for bytes that arrive next, at least `least`; what was put there is told to Added. Views
  // of an earlier request end with either call.
  std::pair<char*, size_t> Room(size_t least);
  void Added(size_t count);
  // Looks at what there is.
  State Parse();
  // After kComplete: forgets the request, whose views end.
  void Next();

  State state() const;
  const Request& request() const;
  const ParseFailure& failure() const;
  // After kBody, once: the client waits for "100 Continue" before it sends the body.
  bool TakeExpectContinue();
};

}  // namespace slipway::http
