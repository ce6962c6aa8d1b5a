// The bytes of an answer.
#pragma once

#include <array>
#include <ctime>
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

// The value of Date (RFC 9110, 5.6.7), made once a second: "Sun, 06 Nov 1994 08:49:37 GMT". Of one
// thread.
class DateText {
 public:
  std::string_view Now();

 private:
  static constexpr size_t kSize = 29;
  time_t second_ = -1;
  std::array<char, kSize + 1> text_{};
};

// Appends head and body; of a HEAD request no body, and its length all the same.
void AppendAnswer(const Response& response, bool is_head, Persistence persistence,
                  std::string_view date, std::string* out);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace slipway::http
