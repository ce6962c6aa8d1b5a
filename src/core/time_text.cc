#include "core/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace slipway {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes parts off the front of a text; once one is not there, all later ones are not.
class Parts {
 public:
  explicit Parts(std::string_view rest) : rest_(rest) {}

  // Exactly `count` digits.
  int Number(size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || !IsDigit(rest_[i])) good_ = false;
      if (!good_) return 0;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // Exactly `count` digits of a number from 0 to `most`.
  int Number(size_t count, int most) {
    const int value = Number(count);
    good_ = good_ && value <= most;
    return value;
  }
  bool TakeAny(std::string_view of) {
    if (rest_.empty() || of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Require(std::string_view of) { good_ = TakeAny(of) && good_; }
  // Finer than femtoseconds is no clock's doing.
  double Fraction() {
    constexpr size_t kMostDigits = 15;
    size_t digits = 0;
    double value = 0;
    double unit = 1;
    for (; digits < rest_.size() && IsDigit(rest_[digits]); ++digits) {
      value = value * 10 + (rest_[digits] - '0');
      unit *= 10;
    }
    rest_.remove_prefix(digits);
    good_ = good_ && digits > 0 && digits <= kMostDigits;
    return value / unit;
  }
  char Front() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool empty() const { return rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// Seconds east of Greenwich.
int Zone(Parts* parts) {
  if (parts->empty() || parts->TakeAny("Zz")) return 0;
  const int sign = parts->Front() == '-' ? -1 : 1;
  parts->Require("+-");
  const int hours = parts->Number(2, 23);
  int minutes = 0;
  if (!parts->empty()) {
    parts->TakeAny(":");
    minutes = parts->Number(2, 59);
  }
  return sign * (hours * 3600 + minutes * 60);
}

// Since midnight UTC, which may be negative or more than a day.
double TimeOfDay(Parts* parts) {
  const int hours = parts->Number(2, 23);
  parts->Require(":");
  const int minutes = parts->Number(2, 59);
  double seconds = 0;
  if (parts->TakeAny(":")) {
    seconds = parts->Number(2, 59);
    if (parts->TakeAny(".,")) seconds += parts->Fraction();
  }
  parts->TakeAny(" ");
  return hours * 3600 + minutes * 60 + seconds - Zone(parts);
}

struct Unit {
  char letter;
  double seconds;
};
constexpr std::array<Unit, 5> kUnits = {
    {{'w', 7 * kSecondsPerDay}, {'d', kSecondsPerDay}, {'h', 3600}, {'m', 60}, {'s', 1}}};

}  // namespace

std::optional<double> ParseIsoTime(std::string_view text) {
  Parts parts(text);
  const int year = parts.Number(4);
  parts.Require("-");
  const int month = parts.Number(2);
  parts.Require("-");
  const int day = parts.Number(2);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!parts.good() || !date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  double seconds = static_cast<double>(days) * kSecondsPerDay;
  if (parts.empty()) return seconds;
  parts.Require("Tt ");
  seconds += TimeOfDay(&parts);
  if (!parts.good() || !parts.empty()) return std::nullopt;
  return seconds;
}

std::string FormatIsoTime(double seconds) {
  constexpr double kYear0 = -62167219200.0;
  constexpr double kYear10000 = 253402300800.0;
  constexpr int kMicroseconds = 1'000'000;
  // Also false for NaN.
  if (!(seconds >= kYear0 && seconds < kYear10000)) return fmt::format("{}", seconds);
  const double days = std::floor(seconds / kSecondsPerDay);
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int64_t>(days)))};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const double rest = seconds - days * kSecondsPerDay;
  if (rest == 0) return text;
  const auto whole = static_cast<int>(rest);
  text += fmt::format("T{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  const int micros =
      std::min(static_cast<int>(std::lround((rest - whole) * kMicroseconds)), kMicroseconds - 1);
  if (micros > 0) {
    std::string fraction = fmt::format("{:06}", micros);
    fraction.resize(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "Z";
}

std::optional<double> ParseDuration(std::string_view text) {
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  double count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc() || end + 1 != text.data() + text.size()) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (*end == unit.letter && std::isfinite(count * unit.seconds)) return count * unit.seconds;
  }
  return std::nullopt;
}

std::string FormatDuration(double seconds) {
  for (const Unit& unit : kUnits) {
    const double count = seconds / unit.seconds;
    if (count >= 1 && count == std::floor(count))
      return fmt::format("{:.0f}{}", count, unit.letter);
  }
  return fmt::format("{}s", seconds);
}

}  // namespace slipway
