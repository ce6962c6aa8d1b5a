// What a whole head means: its target, and where its body ends.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "http/request_parser.h"
#include "http/text.h"

namespace slipway::http {
namespace {

// More than this overflows with one more digit.
constexpr size_t kLargestBeforeDigit = (SIZE_MAX - 9) / 10;

bool ValidEscapes(std::string_view target) {
  for (size_t at = target.find('%'); at != std::string_view::npos; at = target.find('%', at + 1)) {
    if (at + 2 >= target.size()) return false;
    if (HexDigit(target[at + 1]) < 0 || HexDigit(target[at + 2]) < 0) return false;
  }
  return true;
}

bool StartsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && EqualsIgnoringCase(text.substr(0, lower.size()), lower);
}

}  // namespace

struct RequestParser::FieldsSeen {
  size_t hosts = 0;
  bool length = false, encoding = false, chunked = false;
  bool close = false, keep_alive = false, expect_continue = false;
  size_t length_value = 0;
};

void RequestParser::FinishHead() {
  step_ = Step::kBody;
  if (ReadForm()) ReadFields();
}

// RFC 9112, 3.2: the four forms of a target.
bool RequestParser::ReadForm() {
  const std::string_view target = View(target_);
  const std::string_view method = View(method_);
  if (!ValidEscapes(target)) return Refuse(400, "a % of the target is no escape");
  if (method == "CONNECT") return Refuse(501, "this is no proxy: there is no CONNECT");
  if (target.front() == '/' || (target == "*" && method == "OPTIONS")) {
    SplitPath(target_);
    return true;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (StartsIgnoringCase(target, scheme)) return ReadAbsoluteForm(scheme.size());
  }
  return Refuse(400, "the target is no path; expected one that begins with /");
}

bool RequestParser::ReadAbsoluteForm(size_t scheme_size) {
  const std::string_view rest = View(target_).substr(scheme_size);
  const size_t size = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, size);
  // RFC 9110, 4.2.4: a name of a user is there to deceive.
  if (authority.empty() || authority.front() == ':' || !kHostBytes.HasAll(authority))
    return Refuse(400, "the host of the target is not valid");
  authority_ = {target_.at + scheme_size, size};
  SplitPath({authority_.at + size, target_.size - scheme_size - size});
  return true;
}

void RequestParser::SplitPath(Span span) {
  const std::string_view text = View(span);
  const size_t mark = text.find('?');
  const size_t path_size = std::min(mark, text.size());
  path_ = {span.at, path_size};
  query_ = {span.at + path_size, 0};
  if (mark != std::string_view::npos) query_ = {span.at + mark + 1, text.size() - mark - 1};
}

bool RequestParser::ReadFields() {
  FieldsSeen seen;
  for (const Field& field : fields_) {
    if (!ReadField(field, &seen)) return false;
  }
  if (seen.hosts > 1) return Refuse(400, "there is more than one Host");
  if (seen.hosts == 0 && request_.minor_version == 1)
    return Refuse(400, "there is no Host, which HTTP/1.1 demands");
  if (seen.encoding && request_.minor_version == 0)
    return Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  if (seen.encoding && seen.length)
    return Refuse(400, "Content-Length and Transfer-Encoding stand together");
  if (seen.encoding && !seen.chunked)
    return Refuse(501, "of Transfer-Encoding only chunked is read");
  request_.keep_alive = !seen.close && (request_.minor_version == 1 || seen.keep_alive);
  ChooseBody(seen);
  return true;
}

bool RequestParser::ReadField(const Field& field, FieldsSeen* seen) {
  const std::string_view name = View(field.name);
  const std::string_view value = View(field.value);
  switch (name.size()) {
    case 4:
      if (!EqualsIgnoringCase(name, "host")) return true;
      ++seen->hosts;
      if (!kHostBytes.HasAll(value)) return Refuse(400, "Host is not valid");
      return true;
    case 6:
      if (EqualsIgnoringCase(name, "expect"))
        seen->expect_continue = EqualsIgnoringCase(value, "100-continue");
      return true;
    case 10:
      if (!EqualsIgnoringCase(name, "connection")) return true;
      for (size_t at = 0; at <= value.size();) {
        const size_t comma = std::min(value.find(',', at), value.size());
        const std::string_view token = WithoutBlanks(value.substr(at, comma - at));
        seen->close |= EqualsIgnoringCase(token, "close");
        seen->keep_alive |= EqualsIgnoringCase(token, "keep-alive");
        at = comma + 1;
      }
      return true;
    case 14: return !EqualsIgnoringCase(name, "content-length") || ReadContentLength(value, seen);
    case 17:
      if (!EqualsIgnoringCase(name, "transfer-encoding")) return true;
      seen->chunked = !seen->encoding && EqualsIgnoringCase(value, "chunked");
      seen->encoding = true;
      return true;
    default: return true;
  }
}

bool RequestParser::ReadContentLength(std::string_view value, FieldsSeen* seen) {
  size_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return Refuse(400, "Content-Length is no number");
    if (length > kLargestBeforeDigit) return Refuse(400, "Content-Length is too large a number");
    length = length * 10 + static_cast<size_t>(c - '0');
  }
  if (value.empty()) return Refuse(400, "Content-Length is empty");
  if (seen->length && seen->length_value != length)
    return Refuse(400, "there are several Content-Lengths that differ");
  seen->length = true;
  seen->length_value = length;
  return true;
}

void RequestParser::ChooseBody(const FieldsSeen& seen) {
  if (bodies_ == Bodies::kLeft) {
    framing_ = {seen.encoding, seen.length, seen.length_value};
    Complete();
    return;
  }
  chunked_ = seen.encoding;
  expects_continue_ = seen.expect_continue && request_.minor_version == 1;
  if (chunked_) {
    step_ = Step::kChunkSize;
  } else if (seen.length_value > limits_.body_bytes) {
    Fail(413, fmt::format("the body has {} bytes; at most {} are read", seen.length_value,
                          limits_.body_bytes));
  } else {
    body_size_ = seen.length_value;
    if (body_size_ == 0) Complete();
  }
}

void RequestParser::Complete() {
  step_ = Step::kComplete;
  request_.method = View(method_);
  request_.target = View(target_);
  request_.path = path_.size > 0 ? View(path_) : "/";
  request_.query = View(query_);
  request_.body = View({head_size_, body_size_});
  request_.headers.clear();
  for (const Field& field : fields_) {
    Header header{View(field.name), View(field.value)};
    // RFC 9112, 3.2.2: the target's host is the one that counts.
    if (authority_.size > 0 && EqualsIgnoringCase(header.name, "host"))
      header.value = View(authority_);
    request_.headers.push_back(header);
  }
}

}  // namespace slipway::http
