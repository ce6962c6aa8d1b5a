// The bytes of an answer.
#pragma once

#include <string>
#include <string_view>

#include "http/types.h"

namespace slipway::http {

// What an answer says of its connection.
enum class Persistence {
  kImplied,    // Nothing: HTTP/1.1 goes on.
  kKeepAlive,  // HTTP/1.0 goes on where it is told so.
  kClose,
};

// Appends head and body; of a HEAD request no body, and its length all the same.
void AppendAnswer(const Response& response, bool is_head, Persistence persistence,
                  std::string* out);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace slipway::http
