// Parts of a time, in UTC by the Gregorian calendar (also before 1582, as ISO 8601 and pandas
// count), from seconds since 1970. All of it is arithmetic on whole numbers, so that the ONNX graph
// computes the same numbers to the last bit; sines and cosines are looked up in a table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

enum class TimePart {
  kSeconds,  // The seconds themselves, with their fraction: "elapsed".
  kYear,
  kQuarter,     // 1 … 4
  kMonth,       // 1 … 12
  kDayOfMonth,  // 1 … 31
  kDayOfYear,   // 1 … 366
  kDayOfWeek,   // 0 is Monday.
  kIsWeekend,   // 1 on Saturday and Sunday.
  kHour,
  kMinute,
};

// How a part becomes a number: as it is, or as a point on the circle that it runs round.
enum class TimeForm { kPlain, kSine, kCosine };

struct TimeFeature {
  TimePart part = TimePart::kSeconds;
  TimeForm form = TimeForm::kPlain;

  bool operator==(const TimeFeature&) const = default;
};

struct TimePartName {
  TimePart part;
  const char* name;
  int first;   // The least value of a part that runs round a circle.
  int period;  // How many values it has; 0 for one that runs round none.
};

inline constexpr std::array<TimePartName, 10> kTimeParts = {{
    {TimePart::kSeconds, "elapsed", 0, 0},
    {TimePart::kYear, "year", 0, 0},
    {TimePart::kQuarter, "quarter", 0, 0},
    {TimePart::kMonth, "month", 1, 12},
    {TimePart::kDayOfMonth, "day_of_month", 0, 0},
    {TimePart::kDayOfYear, "day_of_year", 1, 366},
    {TimePart::kDayOfWeek, "day_of_week", 0, 7},
    {TimePart::kIsWeekend, "is_weekend", 0, 0},
    {TimePart::kHour, "hour", 0, 24},
    {TimePart::kMinute, "minute", 0, 60},
}};

const TimePartName& NameOf(TimePart part);
// "hour", "hour sin", "hour cos"; and back.
std::string NameOf(TimeFeature feature);
std::optional<TimeFeature> TimeFeatureFromName(std::string_view name);

// The years 1 to 9999. A time outside them is no time: its parts are missing.
inline constexpr double kFirstTime = -62'135'596'800;       // 0001-01-01T00:00:00Z
inline constexpr double kFirstTimeAfter = 253'402'300'800;  // 10000-01-01T00:00:00Z

// NaN for a missing time and one outside those years. A fraction of a second is cut off downwards.
double TimeValue(TimeFeature feature, double seconds);

// sin or cos of 2π · i / period, for i from 0 to period - 1; exact at the quarters.
std::vector<double> CircleTable(TimeForm form, int period);

}  // namespace slipway::data
