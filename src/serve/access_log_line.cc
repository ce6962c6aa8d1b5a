#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "core/json.h"
#include "serve/access_log_line_internal.h"

namespace slipway::serve {
namespace {

constexpr int64_t kNanosecondsAMicrosecond = 1'000;
constexpr int64_t kMicrosecondsAMillisecond = 1'000;
constexpr int64_t kNanosecondsAMillisecond = 1'000'000;
constexpr int64_t kNanosecondsASecond = 1'000'000'000;

// The texts of an entry, in the order of the line, and how much of each is kept.
struct Text {
  std::string_view AccessEntry::* member;
  std::string_view name;
  size_t longest;
};
constexpr std::array kTexts = {
    Text{&AccessEntry::method, "method", 32},          Text{&AccessEntry::path, "path", 1024},
    Text{&AccessEntry::request_id, "request_id", 128}, Text{&AccessEntry::peer, "peer", 64},
    Text{&AccessEntry::user_agent, "user_agent", 256}, Text{&AccessEntry::model, "model", 256},
    Text{&AccessEntry::version, "version", 64},
};
constexpr size_t kLineTexts = 2;  // Those that stand before the numbers.
constexpr std::string_view kCut = "...";

constexpr int kFirstErrorStatus = 400;

struct Outcome {
  int64_t begun_ns = 0, ended_ns = 0;
  int64_t bytes = 0;
  int32_t status = 0;
  bool sent = true;
};

// What stands before the texts of a record.
struct Head {
  Outcome outcome;
  TraceContext trace;
  int64_t rows = 0;
  std::array<uint16_t, kTexts.size()> sizes{};
  bool shed = false;
  bool request = false;
};

void AppendText(std::string_view text, std::string* line) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (!plain) {
    // In ASCII alone: what controls a terminal is more than JSON has to escape. Bytes that are no
    // UTF-8 are told as U+FFFD.
    constexpr int kNoIndent = -1;
    line->append(Json(text).dump(kNoIndent, ' ', true, Json::error_handler_t::replace));
    return;
  }
  line->append(1, '"').append(text).append(1, '"');
}

void AppendNamed(std::string_view name, std::string_view text, std::string* line) {
  if (text.empty()) return;
  line->append(",\"").append(name).append("\":");
  AppendText(text, line);
}

void AppendId(std::string_view name, uint64_t id, std::string* line) {
  const std::array<char, 16> digits = LowerHex(id);
  line->append(",\"").append(name).append("\":\"").append(digits.data(), digits.size());
  *line += '"';
}

void AppendTrace(const TraceContext& trace, std::string* line) {
  if (trace.span_id == 0) return;
  const std::array<char, 16> high = LowerHex(trace.trace_high);
  const std::array<char, 16> low = LowerHex(trace.trace_low);
  line->append(R"(,"trace_id":")").append(high.data(), high.size());
  line->append(low.data(), low.size()).append(1, '"');
  AppendId("span_id", trace.span_id, line);
  if (trace.parent_id != 0) AppendId("parent_id", trace.parent_id, line);
}

void AppendOutcome(const Outcome& outcome, std::string* line) {
  const auto out = std::back_inserter(*line);
  if (outcome.status != 0) {
    fmt::format_to(out, FMT_COMPILE(R"(,"status":{})"), outcome.status);
  } else {
    line->append(R"(,"status":null)");
  }
  const int64_t microseconds =
      std::max<int64_t>(outcome.ended_ns - outcome.begun_ns, 0) / kNanosecondsAMicrosecond;
  fmt::format_to(out, FMT_COMPILE(R"(,"bytes":{},"duration_ms":{}.{:03})"), outcome.bytes,
                 microseconds / kMicrosecondsAMillisecond,
                 microseconds % kMicrosecondsAMillisecond);
}

Head HeadOf(std::string_view record) {
  Head head;
  std::memcpy(&head, record.data(), sizeof(head));
  return head;
}

}  // namespace

void EncodeAccess(const AccessEntry& entry, std::string* record) {
  Head head;
  head.trace = entry.trace;
  head.rows = entry.rows;
  head.shed = entry.shed;
  head.request = true;
  record->resize(sizeof(head));
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const std::string_view text = entry.*kTexts[i].member;
    const bool cut = text.size() > kTexts[i].longest;
    const size_t kept = cut ? kTexts[i].longest - kCut.size() : text.size();
    record->append(text.substr(0, kept));
    if (cut) record->append(kCut);
    head.sizes[i] = static_cast<uint16_t>(cut ? kTexts[i].longest : kept);
  }
  std::memcpy(record->data(), &head, sizeof(head));
}

void EncodeNoRequest(std::string* record) {
  const Head head;
  record->resize(sizeof(head));
  std::memcpy(record->data(), &head, sizeof(head));
}

void SetOutcome(const http::Delivery& delivery, int64_t ended_ns, std::string* record) {
  const Outcome outcome{delivery.begun_ns, ended_ns, delivery.bytes, delivery.status,
                        delivery.sent};
  std::memcpy(record->data() + offsetof(Head, outcome), &outcome, sizeof(outcome));
}

void AccessLines::SetTime(const Clock& clock) {
  using std::chrono::duration_cast, std::chrono::nanoseconds;
  now_ns_ = duration_cast<nanoseconds>(clock.Now().time_since_epoch()).count();
  wall_offset_ns_ =
      now_ns_ - duration_cast<nanoseconds>(clock.SteadyNow().time_since_epoch()).count();
}

std::string_view AccessLines::Stamp(int64_t wall_ns) {
  constexpr size_t kMillisecondsFromEnd = 4;  // "123Z".
  const int64_t second = wall_ns / kNanosecondsASecond;
  if (second != stamp_second_) {
    stamp_ = FormatTimestamp(Clock::WallTime(std::chrono::seconds(second)));
    stamp_second_ = second;
  }
  const int64_t milliseconds = wall_ns % kNanosecondsASecond / kNanosecondsAMillisecond;
  fmt::format_to(stamp_.end() - kMillisecondsFromEnd, FMT_COMPILE("{:03}"), milliseconds);
  return stamp_;
}

void AccessLines::Append(std::string_view record, std::string* lines) {
  const Head head = HeadOf(record);
  record.remove_prefix(sizeof(head));
  std::array<std::string_view, kTexts.size()> texts;
  for (size_t i = 0; i < texts.size(); ++i) {
    texts[i] = record.substr(0, head.sizes[i]);
    record.remove_prefix(head.sizes[i]);
  }
  lines->append(R"({"time":")").append(Stamp(head.outcome.begun_ns + wall_offset_ns_));
  if (head.request) {
    lines->append(R"(","method":)");
    AppendText(texts[0], lines);
    lines->append(R"(,"path":)");
    AppendText(texts[1], lines);
  } else {
    lines->append(R"(","method":null,"path":null)");
  }
  AppendOutcome(head.outcome, lines);
  AppendNamed(kTexts[kLineTexts].name, texts[kLineTexts], lines);
  AppendTrace(head.trace, lines);
  for (size_t i = kLineTexts + 1; i < texts.size(); ++i)
    AppendNamed(kTexts[i].name, texts[i], lines);
  if (head.rows > 0 && head.outcome.status < kFirstErrorStatus)
    fmt::format_to(std::back_inserter(*lines), R"(,"rows":{})", head.rows);
  if (head.shed) lines->append(R"(,"shed":true)");
  if (!head.outcome.sent) lines->append(R"(,"sent":false)");
  lines->append("}\n");
}

void AccessLines::AppendDropped(int64_t count, std::string* lines) {
  fmt::format_to(std::back_inserter(*lines), "{{\"time\":\"{}\",\"dropped\":{}}}\n", Stamp(now_ns_),
                 count);
}

}  // namespace slipway::serve
