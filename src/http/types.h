// What one request asks and one answer holds. No knowledge of models.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::http {

struct Header {
  std::string_view name;
  std::string_view value;  // Without blanks around it.
};

// Views into the connection's buffer: they live as long as the call of the handler.
struct Request {
  std::string_view method;  // "GET", …, as it was sent.
  std::string_view target;  // As it was sent: "/predict?format=json".
  std::string_view path;    // Before the "?". Percent-encoded as it was sent.
  std::string_view query;   // Behind it; "" where there is none.
  int minor_version = 1;    // Of HTTP/1.x.
  bool keep_alive = true;
  std::vector<Header> headers;  // In their order.
  std::string_view body;        // Decoded where it came in chunks.
  std::string_view peer;        // The client's address: "127.0.0.1", "::1".

  // The first of that name, in any case; "" where there is none.
  std::string_view Find(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // Of static storage.
  std::string body;
  std::string header_lines;  // More headers, each "Name: value\r\n".
  uint64_t note = 0;         // The handler's: comes back with Answered.
  bool close = false;        // The connection ends after this answer.
  // The answer comes by Server::Complete. Of this one only the note counts, and only if the client
  // goes before.
  bool later = false;

  // Empty again, keeping its room.
  void Clear();
  // Characters that would end the line are left out of the value.
  void AddHeader(std::string_view name, std::string_view value);
};

// "OK" for 200; "" for one that there is not.
std::string_view ReasonOf(int status);

struct Limits {
  size_t target_bytes = 8 << 10;   // Beyond: 414.
  size_t header_bytes = 32 << 10;  // Request line and headers together. Beyond: 431.
  size_t headers = 100;            // Beyond: 431.
  size_t body_bytes = 16 << 20;    // After decoding. Beyond: 413.
  size_t connections = 4096;       // Beyond: 503 with Retry-After, and closed.
  double header_seconds = 10;      // From the first byte of a request to its last header. 408.
  double body_seconds = 30;        // From then to its last byte. 408.
  double idle_seconds = 75;        // Between requests; then closed without a word.
  double write_seconds = 30;       // In which an answer moves on at all; then closed.
};

}  // namespace slipway::http
