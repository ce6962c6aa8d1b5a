#include <algorithm>
#include <charconv>
#include <cstdint>

#include "http/text.h"
#include "splitter/heads_internal.h"

namespace slipway::splitter {
namespace {

using http::EqualsIgnoringCase;

constexpr size_t kMostHeadBytes = 32 << 10;
constexpr size_t kMostHeaders = 200;
constexpr std::string_view kHeadEnd = "\r\n\r\n", kLineEnd = "\r\n";
constexpr std::string_view kVersionStart = "HTTP/1.";
constexpr size_t kStatusAt = 9;  // "HTTP/1.1 200"
constexpr size_t kStatusLineSize = 12;
constexpr uint64_t kTen = 10;
// More than this overflows with one more digit.
constexpr uint64_t kLargestBeforeDigit = (UINT64_MAX - 9) / kTen;
constexpr int kNoContent = 204, kNotModified = 304, kFirstFinal = 200;

bool ReadStatusLine(std::string_view line, ResponseHead* head) {
  if (line.size() < kStatusLineSize || !line.starts_with(kVersionStart)) return false;
  const char minor = line[kVersionStart.size()];
  if ((minor != '0' && minor != '1') || line[kStatusAt - 1] != ' ') return false;
  const char* const digits = line.data() + kStatusAt;
  const auto read = std::from_chars(digits, digits + 3, head->status);
  if (read.ec != std::errc() || read.ptr != digits + 3 || head->status < 100) return false;
  head->minor_version = minor - '0';
  head->reason = line.substr(kStatusLineSize);
  if (head->reason.empty()) return true;
  if (head->reason.front() != ' ') return false;
  head->reason.remove_prefix(1);
  return http::kValueBytes.HasAll(head->reason);
}

bool ReadHeader(std::string_view line, http::Header* header) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  header->name = line.substr(0, colon);
  header->value = http::WithoutBlanks(line.substr(colon + 1));
  return http::kTokenBytes.HasAll(header->name) && http::kValueBytes.HasAll(header->value);
}

// What its headers say of the body.
struct Framings {
  bool length = false, encoding = false, chunked = false;
  uint64_t length_value = 0;
};

bool ReadLength(std::string_view value, Framings* seen) {
  uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9' || length > kLargestBeforeDigit) return false;
    length = length * kTen + static_cast<uint64_t>(c - '0');
  }
  if (value.empty()) return false;
  if (seen->length && seen->length_value != length) return false;
  seen->length = true;
  seen->length_value = length;
  return true;
}

bool ReadFraming(const http::Header& header, Framings* seen) {
  if (EqualsIgnoringCase(header.name, "content-length")) return ReadLength(header.value, seen);
  if (EqualsIgnoringCase(header.name, "transfer-encoding")) {
    seen->chunked = !seen->encoding && EqualsIgnoringCase(header.value, "chunked");
    seen->encoding = true;
  }
  return true;
}

// RFC 9112, 6.3.
bool ChooseFraming(const Framings& seen, bool answers_head, ResponseHead* head) {
  const bool never_framed = head->status < kFirstFinal || head->status == kNoContent;
  const bool bodiless = answers_head || never_framed || head->status == kNotModified;
  // RFC 9112, 6.1 and RFC 9110, 8.6.
  head->frames_nothing = never_framed && (seen.encoding || seen.length);
  head->framing = BodyFraming::kUntilClose;
  if (bodiless) {
    head->framing = BodyFraming::kNone;
  } else if (seen.encoding) {
    if (seen.length || !seen.chunked || head->minor_version == 0) return false;
    head->framing = BodyFraming::kChunked;
  } else if (seen.length) {
    head->framing = BodyFraming::kLength;
    head->length = seen.length_value;
  }
  head->keep_alive =
      head->minor_version == 1 && !head->hops.close() && head->framing != BodyFraming::kUntilClose;
  return true;
}

HeadState ReadHeaders(std::string_view lines, bool answers_head, ResponseHead* head) {
  Framings seen;
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    http::Header header;
    if (!ReadHeader(lines.substr(0, end), &header)) return HeadState::kBad;
    if (head->headers.size() == kMostHeaders || !ReadFraming(header, &seen)) return HeadState::kBad;
    head->hops.See(header);
    head->headers.push_back(header);
    lines.remove_prefix(end + 2);
  }
  return ChooseFraming(seen, answers_head, head) ? HeadState::kWhole : HeadState::kBad;
}

}  // namespace

HeadState ReadResponseHead(std::string_view bytes, bool answers_head, size_t* scanned,
                           ResponseHead* head) {
  const size_t end = bytes.find(kHeadEnd, *scanned);
  if (end == std::string_view::npos) {
    *scanned = bytes.size() < kHeadEnd.size() ? 0 : bytes.size() - kHeadEnd.size() + 1;
    // What is no answer need not be waited for.
    const std::string_view start = bytes.substr(0, kVersionStart.size());
    const bool may_be = kVersionStart.starts_with(start) && bytes.size() <= kMostHeadBytes;
    return may_be ? HeadState::kMore : HeadState::kBad;
  }
  *scanned = 0;
  if (end > kMostHeadBytes) return HeadState::kBad;
  head->headers.clear();
  head->hops.Clear();
  head->length = 0;
  head->size = end + kHeadEnd.size();
  const std::string_view lines = bytes.substr(0, end + 2);
  const size_t first = lines.find("\r\n");
  if (!ReadStatusLine(lines.substr(0, first), head)) return HeadState::kBad;
  return ReadHeaders(lines.substr(first + 2), answers_head, head);
}

void AppendResponseHead(const ResponseHead& head, Persistence persistence, bool decoded,
                        std::string* out) {
  out->append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ");
  out->append(head.reason).append("\r\n");
  for (const http::Header& header : head.headers) {
    if (head.hops.Has(header.name)) continue;
    const bool encodes = EqualsIgnoringCase(header.name, "transfer-encoding");
    if (decoded && encodes) continue;
    if (head.frames_nothing && (encodes || EqualsIgnoringCase(header.name, "content-length")))
      continue;
    out->append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (persistence == Persistence::kClose) out->append("Connection: close\r\n");
  if (persistence == Persistence::kKeepAlive) out->append("Connection: keep-alive\r\n");
  out->append("\r\n");
}

void AddStickyCookie(std::string_view name, std::string_view key, std::string* out) {
  out->resize(out->size() - kLineEnd.size());
  out->append("Set-Cookie: ").append(name).append("=").append(key);
  out->append("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax\r\n\r\n");
}

}  // namespace slipway::splitter
