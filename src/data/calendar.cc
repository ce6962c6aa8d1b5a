#include "data/calendar.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace slipway::data {
namespace {

constexpr const char* kSineEnd = " sin";
constexpr const char* kCosineEnd = " cos";

// The days since 0000-03-01 and what follows from them (Howard Hinnant, "chrono-compatible
// low-level date algorithms", civil_from_days). Years that begin in March put the leap day last.
struct Day {
  explicit Day(int64_t number) : days(number) {
    const int64_t era = days / 146'097;
    const int64_t day_of_era = days - era * 146'097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const int64_t day_from_march =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_from_march + 2) / 153;
    day_of_month = day_from_march - (153 * month_from_march + 2) / 5 + 1;
    month = (month_from_march + 2) % 12 + 1;
    year = year_of_era + era * 400 + month_from_march / 10;
  }

  int64_t day_of_year() const {
    const int64_t before = year - 1;
    return days - (365 * before + before / 4 - before / 100 + before / 400 + 305);
  }
  // 0000-03-01 was a Wednesday.
  int64_t day_of_week() const { return (days + 2) % 7; }

  int64_t days;
  int64_t year, month, day_of_month;
};

int64_t WholeValue(TimePart part, double seconds) {
  // From 0000-03-01 on, so that every division is of positive numbers.
  constexpr int64_t kOffset = int64_t{719'468} * 86'400;
  const int64_t since = static_cast<int64_t>(std::floor(seconds)) + kOffset;
  const Day day(since / 86'400);
  const int64_t second_of_day = since % 86'400;
  switch (part) {
    case TimePart::kSeconds: break;
    case TimePart::kYear: return day.year;
    case TimePart::kQuarter: return (day.month + 2) / 3;
    case TimePart::kMonth: return day.month;
    case TimePart::kDayOfMonth: return day.day_of_month;
    case TimePart::kDayOfYear: return day.day_of_year();
    case TimePart::kDayOfWeek: return day.day_of_week();
    case TimePart::kIsWeekend: return day.day_of_week() / 5;
    case TimePart::kHour: return second_of_day / 3'600;
    case TimePart::kMinute: return second_of_day % 3'600 / 60;
  }
  return 0;
}

double OnCircle(TimeForm form, int index, int period) {
  // Sine a quarter later is the cosine; in whole numbers, so that the quarters are found exactly.
  const int quarters = 4 * index + (form == TimeForm::kCosine ? period : 0);
  const int turned = quarters % (4 * period);
  if (turned % period == 0) {
    constexpr std::array<double, 4> kAtQuarters = {0, 1, 0, -1};
    return kAtQuarters[static_cast<size_t>(turned / period)];
  }
  const double angle = 2 * std::numbers::pi * index / period;
  return form == TimeForm::kSine ? std::sin(angle) : std::cos(angle);
}

}  // namespace

const TimePartName& NameOf(TimePart part) { return kTimeParts[static_cast<size_t>(part)]; }

std::string NameOf(TimeFeature feature) {
  std::string name = NameOf(feature.part).name;
  if (feature.form == TimeForm::kSine) name += kSineEnd;
  if (feature.form == TimeForm::kCosine) name += kCosineEnd;
  return name;
}

std::optional<TimeFeature> TimeFeatureFromName(std::string_view name) {
  for (const TimePartName& known : kTimeParts) {
    for (const TimeForm form : {TimeForm::kPlain, TimeForm::kSine, TimeForm::kCosine}) {
      if (form != TimeForm::kPlain && known.period == 0) continue;
      const TimeFeature feature{known.part, form};
      if (NameOf(feature) == name) return feature;
    }
  }
  return std::nullopt;
}

double TimeValue(TimeFeature feature, double seconds) {
  if (feature.part == TimePart::kSeconds) return seconds;
  if (!(seconds >= kFirstTime && seconds < kFirstTimeAfter)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const int64_t value = WholeValue(feature.part, seconds);
  if (feature.form == TimeForm::kPlain) return static_cast<double>(value);
  const TimePartName& name = NameOf(feature.part);
  return OnCircle(feature.form, static_cast<int>(value) - name.first, name.period);
}

std::vector<double> CircleTable(TimeForm form, int period) {
  std::vector<double> table;
  for (int index = 0; index < period; ++index) table.push_back(OnCircle(form, index, period));
  return table;
}

}  // namespace slipway::data
