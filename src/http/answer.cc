#include "http/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

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

char* PutHead(char* at, const Response& response, Persistence persistence, std::string_view date,
              bool has_length) {
  if (response.status == 200) {
    at = Put(at, "HTTP/1.1 200 OK");
  } else {
    at = Put(at, "HTTP/1.1 ");
    at = std::to_chars(at, at + 10, std::clamp(response.status, 100, 999)).ptr;
    *at++ = ' ';
    at = Put(at, ReasonOf(response.status));
  }
  at = Put(at, "\r\nDate: ");
  at = Put(at, date);
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

std::string_view DateText::Now() {
  const time_t now = ::time(nullptr);
  if (now != second_) {
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr int kFirstYear = 1900;
    tm parts{};
    ::gmtime_r(&now, &parts);
    const auto end =
        fmt::format_to_n(text_.data(), kSize, "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                         kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                         kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + kFirstYear,
                         parts.tm_hour, parts.tm_min, parts.tm_sec);
    second_ = now;
    text_[std::min(end.size, kSize)] = '\0';
  }
  return {text_.data(), kSize};
}

void AppendAnswer(const Response& response, bool is_head, Persistence persistence,
                  std::string_view date, std::string* out) {
  const bool may_have_body = response.status != kNoContent && response.status != kNotModified;
  const std::string_view body =
      may_have_body && !is_head ? std::string_view(response.body) : std::string_view();
  const size_t before = out->size();
  const size_t most = before + kFixedBytes + response.content_type.size() +
                      response.header_lines.size() + date.size() + body.size();
  out->resize_and_overwrite(most, [&](char* bytes, size_t) {
    char* at = PutHead(bytes + before, response, persistence, date, may_have_body);
    at = Put(at, body);
    return static_cast<size_t>(at - bytes);
  });
}

}  // namespace slipway::http
