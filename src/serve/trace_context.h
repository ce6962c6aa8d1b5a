// Where a request stands in a distributed trace: W3C Trace Context, level 1 and the random flag of
// level 2 (https://www.w3.org/TR/trace-context-2/).
//
// The server is the end of a trace: it asks nobody else. So `tracestate`, which is for those that
// are asked next, is neither read nor changed, and what is told again are the ids of the trace and
// of the server's own span. They are in the access log and, where the request had a traceparent,
// in the answer.
//
// The answer's header is `traceresponse`, as the Trace Context group drafts it
// (https://w3c.github.io/trace-context/, response headers; left out of level 2 to be finished on
// its own): the four fields of a traceparent, with the span of who answers in place of the
// parent's. `traceparent` itself means nothing in an answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/random.h"
#include "http/types.h"

namespace slipway::serve {

struct TraceContext {
  static constexpr uint8_t kSampled = 1;
  static constexpr uint8_t kRandomTraceId = 2;

  uint64_t trace_high = 0, trace_low = 0;  // The trace's 16 bytes; never both 0.
  uint64_t parent_id = 0;                  // The span of who asks; 0 where the trace begins here.
  uint64_t span_id = 0;                    // Ours; never 0.
  // The sampled and random flags as they came. Others are reserved, and the specification has them
  // set to zero.
  uint8_t flags = 0;
  bool was_sent = false;  // The request had a traceparent, be it a wrong one.

  bool sampled() const { return (flags & kSampled) != 0; }
};

// What a traceparent says. Nothing for one that is to be ignored: another form than version 00's,
// capital letters, an id of zeros, version ff. Of higher versions the first four fields count.
struct TraceParent {
  uint64_t trace_high = 0, trace_low = 0, parent_id = 0;
  uint8_t flags = 0;
};
std::optional<TraceParent> ParseTraceParent(std::string_view text);

// Our span of the request's trace, or of a new one that is not sampled where it has no traceparent,
// several, or a wrong one. `random` is of the calling thread. Does not allocate.
TraceContext ContinueTrace(const http::Request& request, Random* random);

// 16 lower-case digits.
std::array<char, 16> LowerHex(uint64_t value);

// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", of our span.
inline constexpr size_t kTraceParentSize = 55;
std::array<char, kTraceParentSize> FormatTraceParent(const TraceContext& context);

// Puts `traceresponse` into the answer to a request that had a traceparent.
void AddTraceResponse(const TraceContext& context, http::Response* response);

}  // namespace slipway::serve
