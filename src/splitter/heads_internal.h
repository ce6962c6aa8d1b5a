// Heads on their way: what a replica is told of a request, what a client is told of an answer.
//
// Headers that are for one hop only (RFC 9110, 7.6.1) end here, be they known as such or named by
// Connection; how a body is framed is told anew from what was understood, never from what somebody
// named.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"
#include "splitter/body_scanner_internal.h"
#include "splitter/relay_buffer_internal.h"

namespace slipway::splitter {

// Which headers of one message end here. Views of its values; kept for its room.
class HopHeaders {
 public:
  void Clear();
  // For each header, before Has is asked.
  void See(const http::Header& header);
  // That names a header of one hop. Host, and what frames a body, are never such.
  bool Has(std::string_view name) const;
  bool any() const { return any_; }
  bool close() const { return close_; }
  bool keep_alive() const { return keep_alive_; }

 private:
  std::vector<std::string_view> named_;
  bool any_ = false, close_ = false, keep_alive_ = false;
};

// What is told of the client beside what it says.
struct ClientFacts {
  std::string_view address;
  bool uses_tls = false;
  std::string_view feedback = {};  // http::kFeedbackHeader; "" for none.
};

// Appends the head that a replica gets.
void AppendRequestHead(const http::Request& request, const http::RequestParser::Framing& framing,
                       const ClientFacts& client, HopHeaders* hops, RelayBuffer* out);

// RFC 9110, 9.2.2: asked twice it means what it means once.
bool IsIdempotent(std::string_view method);

// Whether it tells what turned out to be true of predictions.
bool IsFeedback(const http::Request& request);

// Whether it asks for a prediction: a POST to …/predict, MLflow's …/invocations or the Open
// Inference Protocol's …/infer. All else, such as health, metrics and feedback, says little of a
// version.
bool IsPrediction(const http::Request& request);

// The value of the cookie of that name; "" where there is none.
std::string_view FindCookie(const http::Request& request, std::string_view name);

// The head of an answer; views of the bytes that it was read from.
struct ResponseHead {
  int status = 0;
  int minor_version = 1;
  std::string_view reason;
  std::vector<http::Header> headers;
  size_t size = 0;  // Of its bytes.
  BodyFraming framing = BodyFraming::kNone;
  uint64_t length = 0;
  bool keep_alive = false;  // The replica's connection goes on behind the answer.
  HopHeaders hops;
  // It tells the frame of a body that answers of its status have none of: that is not handed on.
  bool frames_nothing = false;
  // As it stands it may go to a client of HTTP/1.1.
  bool passes_as_it_is() const { return minor_version == 1 && !hops.any() && !frames_nothing; }
  bool interim() const { return status < 200; }
};

enum class HeadState : uint8_t { kMore, kBad, kWhole };

// Reads a head at the front of `bytes`. `scanned` is kept between calls with more bytes, 0 at
// first.
HeadState ReadResponseHead(std::string_view bytes, bool answers_head, size_t* scanned,
                           ResponseHead* head);

// What the client is told of its connection.
enum class Persistence : uint8_t { kImplied, kKeepAlive, kClose };

// Appends the head as the client gets it; where `decoded`, without the Transfer-Encoding.
void AppendResponseHead(const ResponseHead& head, Persistence persistence, bool decoded,
                        std::string* out);
// Adds the cookie by which a client is known again, to a head that ends `out`.
void AddStickyCookie(std::string_view name, std::string_view key, std::string* out);

}  // namespace slipway::splitter
