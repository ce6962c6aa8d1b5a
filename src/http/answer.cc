#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/answer_internal.h"

namespace slipway::http {
namespace {

constexpr int kNoContent = 204;
constexpr int kNotModified = 304;
// More than the texts below and the numbers take.
constexpr size_t kFixedBytes = 192;

char* Put(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* PutHead(char* at, const Response& response, Persistence persistence, bool has_length) {
  if (response.status == 200) {
    at = Put(at, "HTTP/1.1 200 OK");
  } else {
    at = Put(at, "HTTP/1.1 ");
    at = std::to_chars(at, at + 10, std::clamp(response.status, 100, 999)).ptr;
    *at++ = ' ';
    at = Put(at, ReasonOf(response.status));
  }
  if (has_length) {
    at = Put(at, "\r\nContent-Type: ");
    at = Put(at, response.content_type);
    at = Put(at, "\r\nContent-Length: ");
    at = std::to_chars(at, at + 20, response.body.size()).ptr;
  }
  if (persistence == Persistence::kClose) at = Put(at, "\r\nConnection: close");
  if (persistence == Persistence::kKeepAlive) at = Put(at, "\r\nConnection: keep-alive");
  at = Put(at, "\r\n");
  at = Put(at, response.header_lines);
  return Put(at, "\r\n");
}

}  // namespace

void AppendAnswer(const Response& response, bool is_head, Persistence persistence,
                  std::string* out) {
  const bool may_have_body = response.status != kNoContent && response.status != kNotModified;
  const std::string_view body =
      may_have_body && !is_head ? std::string_view(response.body) : std::string_view();
  const size_t before = out->size();
  const size_t most = before + kFixedBytes + response.content_type.size() +
                      response.header_lines.size() + body.size();
  out->resize_and_overwrite(most, [&](char* bytes, size_t) {
    char* at = PutHead(bytes + before, response, persistence, may_have_body);
    at = Put(at, body);
    return static_cast<size_t>(at - bytes);
  });
}

}  // namespace slipway::http
