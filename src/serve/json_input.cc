#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/text.h"
#include "data/value_parser.h"
#include "serve/json_input_internal.h"

namespace slipway::serve {
namespace {

// What is read at once may reach this far behind the body.
constexpr size_t kPadding = 16;
// What is larger is too rare to keep its room.
constexpr size_t kKeptBytes = size_t{1} << 20U;
constexpr int kMostDepth = 32;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// How many bytes from the front need no second look: no quote, no backslash, no control character,
// nothing beyond ASCII. Looks at eight.
int CountPlain(const char* text) {
  constexpr uint64_t kOnes = 0x0101010101010101U, kTops = kOnes * 0x80;
  uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  const uint64_t quotes = bytes ^ (kOnes * '"'), slashes = bytes ^ (kOnes * '\\');
  // The top bit of each byte that is 0, and of each below 0x20; what they borrow reaches only those
  // behind them.
  const uint64_t zeros = ((quotes - kOnes) & ~quotes) | ((slashes - kOnes) & ~slashes);
  const uint64_t controls = (bytes - kOnes * 0x20) & ~bytes;
  return std::countr_zero((zeros | controls | bytes) & kTops) / 8;
}

}  // namespace

const char* NameOf(JsonKind kind) {
  switch (kind) {
    case JsonKind::kList: return "a list";
    case JsonKind::kMapping: return "a mapping";
    case JsonKind::kNumber: return "a number";
    case JsonKind::kText: return "a text";
    case JsonKind::kBoolean: return "true or false";
    case JsonKind::kNull: return "null";
    case JsonKind::kNone: break;
  }
  return "nothing";
}

void JsonInput::Open(std::string_view body) {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  size_ = body.size();
  if (size_ + kPadding > buffer_.size()) buffer_.resize(std::bit_ceil(size_ + kPadding));
  if (size_ > 0) std::memcpy(buffer_.data(), body.data(), size_);
  std::memset(buffer_.data() + size_, 0, kPadding);
  at_ = buffer_.data();
  number_ = at_;
  fault_ = Fault::kNone;
  texts_.clear();
}

void JsonInput::Close() {
  if (buffer_.size() <= kKeptBytes) return;
  buffer_ = {};
  texts_ = {};
}

void JsonInput::GoBack(const Place& place) {
  at_ = place.at;
  texts_.resize(place.texts);
}

bool JsonInput::Fail(Fault fault) {
  fault_ = fault;
  return false;
}

bool JsonInput::AtEnd() {
  SkipBlanks();
  return at_ == buffer_.data() + size_ || Fail(Fault::kNoJson);
}

bool JsonInput::TakeWord(std::string_view word) {
  if (std::memcmp(at_, word.data(), word.size()) != 0) return Fail(Fault::kNoJson);
  at_ += word.size();
  return true;
}

bool JsonInput::ReadBoolean(bool* truth) {
  *truth = *at_ == 't';
  return TakeWord(*truth ? "true" : "false");
}

// Up to a quote or a backslash.
bool JsonInput::SkipPlain() {
  const char* const end = buffer_.data() + size_;
  while (true) {
    const int plain = CountPlain(at_);
    at_ += plain;
    if (plain == sizeof(uint64_t)) continue;
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"' || byte == '\\') return true;
    if (at_ == end) return Fail(Fault::kNoQuote);
    if (byte < 0x20) return Fail(Fault::kControl);
    const size_t length = data::Utf8Length({at_, end});
    if (length == 0) return Fail(Fault::kUtf8);
    at_ += length;
  }
}

bool JsonInput::ReadRest(std::string_view* text) {
  const char* begin = at_;
  if (!SkipPlain()) return false;
  if (*at_ == '\\') return ReadEscaped(begin, text);
  *text = {begin, static_cast<size_t>(at_ - begin)};
  ++at_;
  return true;
}

bool JsonInput::ReadEscaped(const char* begin, std::string_view* text) {
  // Texts that were given out must stay where they are.
  if (texts_.empty()) texts_.reserve(size_);
  const size_t start = texts_.size();
  while (true) {
    texts_.append(begin, at_);
    if (*at_ == '"') break;
    if (!Unescape()) return false;
    begin = at_;
    if (!SkipPlain()) return false;
  }
  ++at_;
  *text = std::string_view(texts_).substr(start);
  return true;
}

bool JsonInput::Unescape() {
  constexpr std::string_view kEscapes = R"("\/bfnrt)";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char escape = at_[1];
  if (escape != 'u') {
    const size_t place = kEscapes.find(escape);
    if (place == std::string_view::npos) return Fail(Fault::kNoJson);
    texts_ += kMeanings[place];
    at_ += 2;
    return true;
  }
  std::optional<uint32_t> point = TakeHex();
  const bool first = point && *point >= 0xD800 && *point < 0xDC00;
  if (first && *at_ == '\\' && at_[1] == 'u') {
    const std::optional<uint32_t> second = TakeHex();
    const bool pair = second && *second >= 0xDC00 && *second < 0xE000;
    if (!pair) return Fail(Fault::kNoJson);
    point = 0x10000 + ((*point - 0xD800) << 10U) + (*second - 0xDC00);
  }
  // Half of a pair stands for nothing.
  if (!point || (*point >= 0xD800 && *point < 0xE000)) return Fail(Fault::kNoJson);
  AppendUtf8(*point);
  return true;
}

// Of "\u00e9".
std::optional<uint32_t> JsonInput::TakeHex() {
  constexpr int kDigits = 4;
  uint32_t value = 0;
  const char* digits = at_ + 2;
  const auto [end, error] = std::from_chars(digits, digits + kDigits, value, 16);
  if (error != std::errc() || end != digits + kDigits) return std::nullopt;
  at_ = end;
  return value;
}

void JsonInput::AppendUtf8(uint32_t point) {
  const auto add = [&](uint32_t byte) { texts_ += static_cast<char>(byte); };
  const auto rest = [&](unsigned shift) { add(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xC0U | (point >> 6U));
  } else if (point < 0x10000) {
    add(0xE0U | (point >> 12U));
    rest(6);
  } else {
    add(0xF0U | (point >> 18U));
    rest(12);
    rest(6);
  }
  rest(0);
}

bool JsonInput::TakeDigits() {
  if (!IsDigit(*at_)) return Fail(Fault::kNoJson);
  while (IsDigit(*at_)) ++at_;
  return true;
}

bool JsonInput::ReadLongNumber(double* number) {
  if (*at_ == '-') ++at_;
  // Behind a leading zero, another digit is what does not belong there.
  if (*at_ == '0') {
    ++at_;
  } else if (!TakeDigits()) {
    return false;
  }
  if (*at_ == '.') {
    ++at_;
    if (!TakeDigits()) return false;
  }
  if (*at_ == 'e' || *at_ == 'E') {
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    if (!TakeDigits()) return false;
  }
  const auto [end, error] = std::from_chars(number_, at_, *number);
  // Too small or too large: from_chars does not say which.
  if (error != std::errc()) *number = std::strtod(number_, nullptr);
  return end == at_ || Fail(Fault::kNoJson);
}

bool JsonInput::Walk(int depth) {
  const JsonKind kind = Peek();
  const bool holds = kind == JsonKind::kList || kind == JsonKind::kMapping;
  if (holds && depth >= kMostDepth) return Fail(Fault::kDepth);
  double number = 0;
  std::string_view text;
  bool truth = false;
  switch (kind) {
    case JsonKind::kList: return WalkList(depth + 1);
    case JsonKind::kMapping: return WalkMapping(depth + 1);
    case JsonKind::kNumber:
      return ReadNumber(&number) && (std::isfinite(number) || Fail(Fault::kNoJson));
    case JsonKind::kText: return ReadText(&text);
    case JsonKind::kBoolean: return ReadBoolean(&truth);
    case JsonKind::kNull: return ReadNull();
    case JsonKind::kNone: break;
  }
  return Fail(Fault::kNoJson);
}

bool JsonInput::WalkList(int depth) {
  Enter();
  bool first = true;
  while (NextItem(&first)) {
    if (!Walk(depth)) return false;
  }
  return !broken();
}

bool JsonInput::WalkMapping(int depth) {
  Enter();
  bool first = true;
  while (NextField(&first)) {
    std::string_view key;
    if (!ReadKey(&key) || !TakeColon() || !Walk(depth)) return false;
  }
  return !broken();
}

Rejection JsonInput::Broken() const {
  if (size_ == 0) return {.message = "the body is empty; expected a JSON object"};
  const std::string_view body(buffer_.data(), size_);
  const auto offset = static_cast<size_t>(at_ - buffer_.data());
  const std::string_view before = body.substr(0, offset);
  // Without a line end before it, the first column is that of the first byte.
  const std::string place =
      fmt::format("in line {}, column {}", std::ranges::count(before, '\n') + 1,
                  offset - (before.rfind('\n') + 1) + 1);
  switch (fault_) {
    case Fault::kDepth:
      return {.message = fmt::format("the body is nested more than {} deep {}", kMostDepth, place)};
    case Fault::kUtf8: return {.message = fmt::format("the body is not valid UTF-8 {}", place)};
    case Fault::kNoQuote: return {.message = "the body is not JSON: a text in it does not end"};
    case Fault::kControl:
      return {.message = fmt::format(
                  "the body is not JSON {}: a control character in a text; expected it escaped",
                  place)};
    default: break;
  }
  const bool foreign = data::IsForeignNumber(body.substr(offset));
  if (offset == size_) return {.message = "the body is not JSON: it ends too early"};
  return {.message = fmt::format("the body is not JSON {}{}", place,
                                 foreign ? "; null stands for a number that is missing" : "")};
}

std::string Excerpt(std::string_view text) { return Printable(data::Excerpt(text)); }

}  // namespace slipway::serve
