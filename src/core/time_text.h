// Times and durations as people write them. Pure functions; times are seconds since
// 1970-01-01T00:00Z.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway {

inline constexpr double kSecondsPerDay = 86400;

// An ISO 8601 date (YYYY-MM-DD) or date and time ("T" or a blank, HH:MM, optional seconds with a
// fraction, optional Z or ±HH:MM; UTC without).
std::optional<double> ParseIsoTime(std::string_view text);

// "2019-01-01" at midnight UTC, else "2019-01-01T10:30:00Z" with as many digits of a fraction as
// microseconds take; the number itself where no year of four digits holds it.
std::string FormatIsoTime(double seconds);

// A whole or decimal number and its unit (s, m, h, d or w): "7d", "1.5h". Seconds, finite, not
// negative.
std::optional<double> ParseDuration(std::string_view text);
inline constexpr const char* kDurationExpected = "a number with s, m, h, d or w, such as 7d or 12h";

// In the largest unit that leaves a whole number, else in seconds: "7d", "90s", "0.5s".
std::string FormatDuration(double seconds);

}  // namespace slipway
