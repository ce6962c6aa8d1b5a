#include "data/value_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>

namespace slipway::data {
namespace {

// 2^53: from here on not every whole number is a double.
constexpr double kExactIntegers = 9007199254740992.0;
constexpr size_t kExcerptBytes = 100;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `count` digits off the front of `text`; -1 if they are not there.
int TakeDigits(std::string_view& text, size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Takes ".5" or ",5" off the front; 0 where there is no fraction.
std::optional<double> TakeFraction(std::string_view& text) {
  if (!Take(text, '.') && !Take(text, ',')) return 0.0;
  double value = 0;
  double unit = 1;
  size_t digits = 0;
  while (!text.empty() && IsDigit(text.front())) {
    value = value * 10 + (text.front() - '0');
    unit *= 10;
    text.remove_prefix(1);
    ++digits;
  }
  // Finer than femtoseconds is no clock's doing.
  if (digits == 0 || digits > 15) return std::nullopt;
  return value / unit;
}

// "Z", "+02", "+0200" or "+02:00" to the end of `text`; seconds east of Greenwich.
std::optional<int> ParseZone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const int hours = TakeDigits(text, 2);
  int minutes = 0;
  if (!text.empty()) {
    Take(text, ':');
    minutes = TakeDigits(text, 2);
  }
  if (!text.empty() || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

// "HH:MM[:SS[.f]][zone]"; seconds since midnight UTC, which may be negative or more than a day.
std::optional<double> ParseTimeOfDay(std::string_view text) {
  const int hours = TakeDigits(text, 2);
  if (hours < 0 || hours > 23 || !Take(text, ':')) return std::nullopt;
  const int minutes = TakeDigits(text, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  double seconds = 0;
  if (Take(text, ':')) {
    const int whole = TakeDigits(text, 2);
    if (whole < 0 || whole > 59) return std::nullopt;
    const std::optional<double> fraction = TakeFraction(text);
    if (!fraction) return std::nullopt;
    seconds = whole + *fraction;
  }
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::optional<int> zone = ParseZone(text);
  if (!zone) return std::nullopt;
  return hours * 3600 + minutes * 60 + seconds - *zone;
}

}  // namespace

MissingValues::MissingValues(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const std::string_view trimmed = TrimValue(value);
    if (trimmed.empty()) continue;
    values_.emplace_back(trimmed);
    first_bytes_[static_cast<unsigned char>(trimmed.front())] = true;
    if (const std::optional<double> number = ParseNumber(trimmed)) numbers_.push_back(*number);
  }
}

bool MissingValues::IsListed(std::string_view text) const {
  return std::find(values_.begin(), values_.end(), text) != values_.end();
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string_view digits = text;
  if (digits.front() == '+' || digits.front() == '-') digits.remove_prefix(1);
  // Keeps "inf", "nan" and "+-1" from the parser below, and most words too.
  if (digits.empty() || (!IsDigit(digits.front()) && digits.front() != '.')) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    value = std::strtod(std::string(text).c_str(), nullptr);
  else if (error != std::errc())
    return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> ParseCommaNumber(std::string_view text) {
  const size_t comma = std::min(text.find(','), text.size());
  std::string pointed;
  pointed.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      // A group of exactly three digits follows, and another point, the comma or the end.
      const std::string_view group = text.substr(i + 1, 3);
      const size_t next = i + 4;
      const bool whole = group.size() == 3 && std::ranges::all_of(group, IsDigit) &&
                         next <= comma &&
                         (next == comma || next == text.size() || text[next] == '.');
      if (!whole || i == 0 || !IsDigit(text[i - 1])) return std::nullopt;
      continue;
    }
    pointed += text[i] == ',' ? '.' : text[i];
  }
  return ParseNumber(pointed);
}

bool HasDecimalComma(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos || text.find('.') != std::string_view::npos) return false;
  std::string pointed(text);
  pointed[comma] = '.';
  return ParseNumber(pointed).has_value();
}

std::optional<double> ParseTimestamp(std::string_view text) {
  constexpr size_t kDateLength = 10;
  if (text.size() < kDateLength || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = TakeDigits(text, 4);
  Take(text, '-');
  const int month = TakeDigits(text, 2);
  Take(text, '-');
  const int day = TakeDigits(text, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  constexpr double kSecondsPerDay = 86400;
  const double midnight =
      static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count()) * kSecondsPerDay;
  if (text.empty()) return midnight;
  if (!Take(text, 'T') && !Take(text, 't') && !Take(text, ' ')) return std::nullopt;
  const std::optional<double> time = ParseTimeOfDay(text);
  if (!time) return std::nullopt;
  return midnight + *time;
}

bool IsForeignNumber(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords = {"NaN",  "nan", "Infinity",
                                                      "None", "inf", "Inf"};
  return std::ranges::any_of(kWords, [&](auto word) { return text.starts_with(word); });
}

bool LosesPrecision(std::string_view text, double value) {
  if (std::fabs(value) < kExactIntegers) return false;
  if (text.front() == '+' || text.front() == '-') text.remove_prefix(1);
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return false;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return fmt::format("{:.0f}", std::fabs(value)) != text;
}

size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;  // No surrogates.
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;  // Nothing past U+10FFFF.
  }
  if (length == 0 || text.size() < length) return 0;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0)
      valid += "\xEF\xBF\xBD";
    else
      valid += text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return valid;
}

std::string Excerpt(std::string_view text) {
  std::string valid = ReplaceInvalidUtf8(text.substr(0, 4 * kExcerptBytes));
  if (valid.size() <= kExcerptBytes) return valid;
  constexpr std::string_view kEllipsis = "…";
  size_t end = kExcerptBytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(valid[end]) & 0xC0U) == 0x80U) --end;
  valid.resize(end);
  valid += kEllipsis;
  return valid;
}

}  // namespace slipway::data
