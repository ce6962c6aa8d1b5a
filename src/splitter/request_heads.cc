#include <algorithm>
#include <array>
#include <charconv>

#include "http/feedback_header.h"
#include "http/text.h"
#include "splitter/heads_internal.h"

namespace slipway::splitter {
namespace {

using http::EqualsIgnoringCase;

constexpr size_t kLengthDigits = 20;

// RFC 9110, 7.6.1, and what older proxies knew.
bool IsOfOneHop(std::string_view name) {
  switch (name.size()) {
    case 2: return EqualsIgnoringCase(name, "te");
    case 7: return EqualsIgnoringCase(name, "upgrade");
    case 10:
      return EqualsIgnoringCase(name, "connection") || EqualsIgnoringCase(name, "keep-alive");
    case 16: return EqualsIgnoringCase(name, "proxy-connection");
    case 18: return EqualsIgnoringCase(name, "proxy-authenticate");
    case 19: return EqualsIgnoringCase(name, "proxy-authorization");
    default: return false;
  }
}

// Where a message begins and ends, and whom it is for, no Connection takes away.
bool IsNeverOfOneHop(std::string_view name) {
  return EqualsIgnoringCase(name, "host") || EqualsIgnoringCase(name, "content-length") ||
         EqualsIgnoringCase(name, "transfer-encoding");
}

bool Same(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    if (http::LowerOf(left[i]) != http::LowerOf(right[i])) return false;
  }
  return true;
}

void AppendLine(std::string_view name, std::string_view value, RelayBuffer* out) {
  out->Append(name);
  out->Append(": ");
  out->Append(value);
  out->Append("\r\n");
}

void AppendTarget(const http::Request& request, RelayBuffer* out) {
  if (request.target.front() == '/' || request.target == "*") {
    out->Append(request.target);
    return;
  }
  // Of the absolute form (RFC 9112, 3.2.2) the host is told by Host.
  out->Append(request.path);
  if (request.query.empty()) return;
  out->Append("?");
  out->Append(request.query);
}

// Of the absolute form; "" of others.
std::string_view HostOf(const http::Request& request) {
  constexpr std::string_view kBefore = "://";
  const size_t at = request.target.find(kBefore);
  if (request.target.front() == '/' || at == std::string_view::npos) return "";
  const std::string_view rest = request.target.substr(at + kBefore.size());
  return rest.substr(0, rest.find_first_of("/?#"));
}

void AppendFraming(const http::RequestParser::Framing& framing, RelayBuffer* out) {
  if (framing.chunked) AppendLine("Transfer-Encoding", "chunked", out);
  if (!framing.has_length) return;
  std::array<char, kLengthDigits> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), framing.length).ptr;
  AppendLine("Content-Length", {digits.data(), static_cast<size_t>(end - digits.data())}, out);
}

// Told by us, whatever the client says.
bool IsOurs(std::string_view name) {
  switch (name.size()) {
    case 14: return EqualsIgnoringCase(name, "content-length");
    case 15: return EqualsIgnoringCase(name, "x-forwarded-for");
    case http::kFeedbackHeader.size(): return Same(name, http::kFeedbackHeader);
    case 17:
      return EqualsIgnoringCase(name, "transfer-encoding") ||
             EqualsIgnoringCase(name, "x-forwarded-proto");
    default: return false;
  }
}

void AppendForwarded(const http::Request& request, const ClientFacts& client, RelayBuffer* out) {
  out->Append("X-Forwarded-For: ");
  for (const http::Header& header : request.headers) {
    if (!EqualsIgnoringCase(header.name, "x-forwarded-for") || header.value.empty()) continue;
    out->Append(header.value);
    out->Append(", ");
  }
  out->Append(client.address);
  out->Append("\r\nX-Forwarded-Proto: ");
  out->Append(client.uses_tls ? "https\r\n" : "http\r\n");
}

}  // namespace

void HopHeaders::Clear() {
  named_.clear();
  any_ = close_ = keep_alive_ = false;
}

void HopHeaders::See(const http::Header& header) {
  if (!IsOfOneHop(header.name)) return;
  any_ = true;
  if (!EqualsIgnoringCase(header.name, "connection")) return;
  for (size_t at = 0; at <= header.value.size();) {
    const size_t comma = std::min(header.value.find(',', at), header.value.size());
    const std::string_view token = http::WithoutBlanks(header.value.substr(at, comma - at));
    if (EqualsIgnoringCase(token, "close")) {
      close_ = true;
    } else if (EqualsIgnoringCase(token, "keep-alive")) {
      keep_alive_ = true;
    } else if (!token.empty() && !IsNeverOfOneHop(token)) {
      named_.push_back(token);
    }
    at = comma + 1;
  }
}

bool HopHeaders::Has(std::string_view name) const {
  if (!any_) return false;
  if (IsOfOneHop(name)) return true;
  for (const std::string_view named : named_) {
    if (Same(named, name)) return true;
  }
  return false;
}

void AppendRequestHead(const http::Request& request, const http::RequestParser::Framing& framing,
                       const ClientFacts& client, HopHeaders* hops, RelayBuffer* out) {
  hops->Clear();
  for (const http::Header& header : request.headers) hops->See(header);
  out->Append(request.method);
  out->Append(" ");
  AppendTarget(request, out);
  out->Append(" HTTP/1.1\r\n");
  bool has_host = false;
  for (const http::Header& header : request.headers) {
    if (IsOurs(header.name) || hops->Has(header.name)) continue;
    has_host |= EqualsIgnoringCase(header.name, "host");
    AppendLine(header.name, header.value, out);
  }
  // RFC 9110, 7.2: of a client of HTTP/1.0 that tells none it is empty.
  if (!has_host) AppendLine("Host", HostOf(request), out);
  AppendForwarded(request, client, out);
  if (!client.feedback.empty()) AppendLine(http::kFeedbackHeader, client.feedback, out);
  AppendFraming(framing, out);
  out->Append("\r\n");
}

bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" ||
         method == "PUT" || method == "DELETE";
}

bool IsFeedback(const http::Request& request) {
  return request.method == "POST" && request.path.ends_with("/feedback");
}

bool IsPrediction(const http::Request& request) {
  return request.method == "POST" &&
         (request.path.ends_with("/predict") || request.path.ends_with("/invocations") ||
          request.path.ends_with("/infer"));
}

std::string_view FindCookie(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (!EqualsIgnoringCase(header.name, "cookie")) continue;
    for (size_t at = 0; at < header.value.size();) {
      const size_t end = std::min(header.value.find(';', at), header.value.size());
      const std::string_view pair = http::WithoutBlanks(header.value.substr(at, end - at));
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name)
        return pair.substr(equals + 1);
      at = end + 1;
    }
  }
  return "";
}

}  // namespace slipway::splitter
