#include "data/calendar.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "core/random.h"

namespace slipway::data {
namespace {

double Value(TimePart part, double seconds) { return TimeValue({part, TimeForm::kPlain}, seconds); }

// The standard library's calendar as the oracle.
void ExpectLikeChrono(double seconds) {
  using std::chrono::days;
  using std::chrono::sys_days;
  using std::chrono::sys_seconds;
  const auto since = std::chrono::seconds(static_cast<int64_t>(std::floor(seconds)));
  const sys_days day = std::chrono::floor<days>(sys_seconds(since));
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(sys_seconds(since) - day);
  const unsigned month = static_cast<unsigned>(date.month());
  const auto week = std::chrono::weekday(day).iso_encoding() - 1;
  EXPECT_EQ(Value(TimePart::kYear, seconds), static_cast<int>(date.year())) << seconds;
  EXPECT_EQ(Value(TimePart::kQuarter, seconds), (month + 2) / 3) << seconds;
  EXPECT_EQ(Value(TimePart::kMonth, seconds), month) << seconds;
  EXPECT_EQ(Value(TimePart::kDayOfMonth, seconds), static_cast<unsigned>(date.day())) << seconds;
  EXPECT_EQ(
      Value(TimePart::kDayOfYear, seconds),
      static_cast<double>((day - sys_days(date.year() / std::chrono::January / 1)).count() + 1))
      << seconds;
  EXPECT_EQ(Value(TimePart::kDayOfWeek, seconds), week) << seconds;
  EXPECT_EQ(Value(TimePart::kIsWeekend, seconds), week >= 5 ? 1 : 0) << seconds;
  EXPECT_EQ(Value(TimePart::kHour, seconds), static_cast<double>(time.hours().count())) << seconds;
  EXPECT_EQ(Value(TimePart::kMinute, seconds), static_cast<double>(time.minutes().count()))
      << seconds;
}

TEST(CalendarTest, EveryDayOfElevenCenturiesIsThatOfTheStandardLibrary) {
  // From 1600-01-01 to 2700-01-01, at the last moment of each day.
  for (double day = -135'140; day < 266'630; ++day) ExpectLikeChrono((day + 1) * 86'400 - 0.001);
}

TEST(CalendarTest, AnyMomentOfTheYears1To9999IsThatOfTheStandardLibrary) {
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    ExpectLikeChrono(kFirstTime + random.Uniform() * (kFirstTimeAfter - kFirstTime));
  }
  for (const double edge : {kFirstTime, std::nextafter(kFirstTimeAfter, 0.0), 0.0, -0.5, -1.0,
                            951'782'399.0 /* 2000-02-28 */, 951'868'800.0 /* 2000-03-01 */}) {
    ExpectLikeChrono(edge);
  }
}

TEST(CalendarTest, WhatIsNoTimeHasNoParts) {
  for (const double seconds : {std::nan(""), std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity(), 1e300, kFirstTimeAfter,
                               std::nextafter(kFirstTime, -1e300)}) {
    EXPECT_TRUE(std::isnan(Value(TimePart::kHour, seconds))) << seconds;
    EXPECT_TRUE(std::isnan(TimeValue({TimePart::kMonth, TimeForm::kSine}, seconds))) << seconds;
  }
  EXPECT_EQ(Value(TimePart::kSeconds, 1e300), 1e300);
}

TEST(CalendarTest, PartsRunRoundACircle) {
  // 1970-01-01 was a Thursday.
  const double noon = 12 * 3'600;
  const double quarter_to_seven = 6.75 * 3'600;
  EXPECT_EQ(TimeValue({TimePart::kHour, TimeForm::kSine}, noon), 0);
  EXPECT_EQ(TimeValue({TimePart::kHour, TimeForm::kCosine}, noon), -1);
  EXPECT_EQ(TimeValue({TimePart::kHour, TimeForm::kSine}, quarter_to_seven), 1);
  EXPECT_EQ(TimeValue({TimePart::kMinute, TimeForm::kCosine}, quarter_to_seven), 0);
  EXPECT_EQ(TimeValue({TimePart::kMonth, TimeForm::kCosine}, 0), 1);
  EXPECT_DOUBLE_EQ(TimeValue({TimePart::kDayOfWeek, TimeForm::kSine}, 0),
                   std::sin(2 * M_PI * 3 / 7));
  EXPECT_DOUBLE_EQ(TimeValue({TimePart::kDayOfYear, TimeForm::kCosine}, 59 * 86'400.0),
                   std::cos(2 * M_PI * 59 / 366));
  for (const TimePartName& part : kTimeParts) {
    for (const TimeForm form : {TimeForm::kSine, TimeForm::kCosine}) {
      for (int i = 0; i < part.period; ++i) {
        const double angle = 2 * M_PI * i / part.period;
        EXPECT_NEAR(CircleTable(form, part.period)[static_cast<size_t>(i)],
                    form == TimeForm::kSine ? std::sin(angle) : std::cos(angle), 1e-15);
      }
    }
  }
}

TEST(CalendarTest, NamesAreReadBack) {
  int names = 0;
  for (const TimePartName& part : kTimeParts) {
    EXPECT_EQ(NameOf(part.part).part, part.part);
    for (const TimeForm form : {TimeForm::kPlain, TimeForm::kSine, TimeForm::kCosine}) {
      const TimeFeature feature{part.part, form};
      const bool has = form == TimeForm::kPlain || part.period > 0;
      EXPECT_EQ(TimeFeatureFromName(NameOf(feature)).has_value(), has);
      if (!has) continue;
      EXPECT_EQ(*TimeFeatureFromName(NameOf(feature)), feature);
      ++names;
    }
  }
  EXPECT_EQ(names, 20);
  EXPECT_EQ(NameOf({TimePart::kDayOfWeek, TimeForm::kCosine}), "day_of_week cos");
  EXPECT_FALSE(TimeFeatureFromName("second").has_value());
}

}  // namespace
}  // namespace slipway::data
