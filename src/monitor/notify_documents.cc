#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "core/clock.h"
#include "core/hash.h"
#include "core/text.h"
#include "monitor/notify.h"

namespace slipway::monitor {
namespace {

constexpr std::array kKnown = {"event", "at_ms",   "service",  "environment",
                               "model", "version", "revision", "text"};

Json Member(const Json& event, const char* key) {
  const auto it = event.find(key);
  return it == event.end() ? Json(nullptr) : *it;
}

std::string FormatMs(int64_t ms) {
  return FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms)));
}

// Slack takes these three for markup, and no others.
std::string EscapedForSlack(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') escaped += "&amp;";
    if (c == '<') escaped += "&lt;";
    if (c == '>') escaped += "&gt;";
    if (c != '&' && c != '<' && c != '>') escaped += c;
  }
  return escaped;
}

// At most so many bytes, cut between code points.
std::string Shortened(std::string_view text, size_t most) {
  constexpr unsigned kContinuation = 0x80, kMask = 0xc0;
  if (text.size() <= most) return std::string(text);
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & kMask) == kContinuation) --end;
  return std::string(text.substr(0, end)) + "…";
}

Json SlackText(const char* type, std::string text) {
  return {{"type", type}, {"text", std::move(text)}};
}

}  // namespace

Json WebhookDocument(const std::string& key, const Json& event) {
  Json document = {{"schema", "slipway.notification/1"}, {"id", key}};
  document["event"] = Member(event, "event");
  const int64_t at_ms = GetInteger(event, "at_ms");
  document["at"] = at_ms > 0 ? Json(FormatMs(at_ms)) : Json(nullptr);
  for (const char* name : {"service", "environment", "model", "version", "revision", "text"})
    document[name] = Member(event, name);
  Json rest = Json::object();
  for (const auto& [name, value] : event.items()) {
    if (std::ranges::find(kKnown, std::string_view(name)) == kKnown.end()) rest[name] = value;
  }
  document["detail"] = std::move(rest);
  return document;
}

// https://api.slack.com/reference/block-kit/blocks: a header has 150 characters, a section 3,000.
Json SlackDocument(const Json& event) {
  constexpr size_t kHeaderBytes = 140, kSectionBytes = 2800;
  const std::string title = fmt::format("{} ({}): {}", GetString(event, "service"),
                                        GetString(event, "environment"), GetString(event, "event"));
  const std::string text = EscapedForSlack(Shortened(GetString(event, "text"), kSectionBytes));
  const std::string context =
      EscapedForSlack(fmt::format("{}:{} · revision {}", GetString(event, "model"),
                                  GetInteger(event, "version"), GetInteger(event, "revision")));
  Json blocks = Json::array();
  blocks.push_back({{"type", "header"},
                    {"text", SlackText("plain_text", Shortened(Printable(title), kHeaderBytes))}});
  if (!text.empty()) blocks.push_back({{"type", "section"}, {"text", SlackText("mrkdwn", text)}});
  blocks.push_back(
      {{"type", "context"}, {"elements", Json::array({SlackText("mrkdwn", context)})}});
  return {{"text", EscapedForSlack(title) + (text.empty() ? "" : ": " + text)},
          {"blocks", std::move(blocks)}};
}

std::string WebhookSignature(const std::string& secret, int64_t now_ms, const std::string& body) {
  constexpr int64_t kMilliseconds = 1000;
  const std::string time = std::to_string(now_ms / kMilliseconds);
  return fmt::format("t={},v1={}", time, HmacSha256Hex(secret, time + "." + body));
}

}  // namespace slipway::monitor
