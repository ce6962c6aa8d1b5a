// Requests: the same however their bytes are cut into pieces, within the limits, and never more
// bytes behind them than came.
#include <algorithm>
#include <cstring>

#include "core/fuzzing.h"
#include "http/request_parser.h"

namespace {

using slipway::http::Header;
using slipway::http::Limits;
using slipway::http::Request;
using slipway::http::RequestParser;
using slipway::testing::Require;
using slipway::testing::RequireSame;
using State = RequestParser::State;

Limits SmallLimits() {
  Limits limits;
  limits.target_bytes = 100;
  limits.header_bytes = 400;
  limits.headers = 10;
  limits.body_bytes = 300;
  return limits;
}

std::string Describe(const Request& request) {
  const Limits limits = SmallLimits();
  Require(request.target.size() <= limits.target_bytes, "the target is within its limit");
  Require(request.headers.size() <= limits.headers, "the headers are within their limit");
  Require(request.body.size() <= limits.body_bytes, "the body is within its limit");
  Require(!request.path.empty(), "there is a path", request.target);
  std::string text =
      fmt::format("{} {} {} {} {} {}\n", request.method, request.target, request.path,
                  request.query, request.minor_version, request.keep_alive);
  for (const Header& header : request.headers) {
    Require(!header.name.empty(), "a header has a name");
    Require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "a value is one line", header.value);
    text += fmt::format("{}={}\n", header.name, header.value);
  }
  return text + fmt::format("[{}]\n", request.body);
}

// What is read of `bytes` in pieces of sizes from 1 to `most`.
std::string Read(std::string_view bytes, size_t most) {
  RequestParser parser(SmallLimits());
  std::string text;
  size_t size = most;
  while (true) {
    const State state = parser.Parse();
    if (state == State::kComplete) {
      text += Describe(parser.request());
      parser.Next();
    } else if (state == State::kFailed) {
      Require(parser.failure().status >= 400 && !parser.failure().message.empty(),
              "a failure says why");
      return text + fmt::format("{} {}", parser.failure().status, parser.failure().message);
    } else if (bytes.empty()) {
      return text + fmt::format("{}", static_cast<int>(state));
    } else {
      size = size * 7 % most + 1;
      const std::string_view piece = bytes.substr(0, size);
      const auto [room, room_size] = parser.Room(piece.size());
      Require(room != nullptr && room_size >= piece.size(), "there is the room that was asked for");
      std::memcpy(room, piece.data(), piece.size());
      parser.Added(piece.size());
      bytes.remove_prefix(piece.size());
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = slipway::testing::TextOf(data, size);
  const std::string whole = Read(bytes, size + 1);
  RequireSame(whole, Read(bytes, 1), "byte by byte gives the same");
  RequireSame(whole, Read(bytes, 11), "in pieces it gives the same");
  return 0;
}
