#include "core/time_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace slipway {
namespace {

// The numbers are those of `date -u -d TEXT +%s`.
TEST(TimeText, ReadsIsoTimes) {
  EXPECT_EQ(ParseIsoTime("1970-01-01"), 0.0);
  EXPECT_EQ(ParseIsoTime("2019-01-01"), 1546300800.0);
  EXPECT_EQ(ParseIsoTime("2024-02-29T12:34"), 1709210040.0);
  EXPECT_EQ(ParseIsoTime("2024-02-29 12:34:56.25Z"), 1709210096.25);
  EXPECT_EQ(ParseIsoTime("2024-02-29T12:34:56+02:00"), 1709202896.0);
  EXPECT_EQ(ParseIsoTime("2024-02-29T12:34:56-0330"), 1709222696.0);
  EXPECT_EQ(ParseIsoTime("1900-01-01"), -2208988800.0);
  for (const char* bad : {"", "2019", "2019-13-01", "2023-02-29", "2019-01-01T", "2019-01-01T25:00",
                          "2019-01-01T10", "2019-1-1", "2019-01-01x", "2019-01-01T10:00:00.",
                          "01.02.2019", "2019-01-01T10:00+", "-019-01-01"}) {
    EXPECT_EQ(ParseIsoTime(bad), std::nullopt) << bad;
  }
}

TEST(TimeText, WritesWhatItReads) {
  for (const char* text : {"1970-01-01", "2019-01-01", "2024-02-29T12:34:56Z",
                           "2024-02-29T12:34:56.25Z", "1900-03-01T00:00:01Z", "0001-01-01"}) {
    EXPECT_EQ(FormatIsoTime(*ParseIsoTime(text)), text);
  }
  EXPECT_EQ(FormatIsoTime(1e300), "1e+300");
  EXPECT_EQ(FormatIsoTime(std::nan("")), "nan");
}

TEST(TimeText, Durations) {
  EXPECT_EQ(ParseDuration("7d"), 604800.0);
  EXPECT_EQ(ParseDuration("1.5h"), 5400.0);
  EXPECT_EQ(ParseDuration("2w"), 1209600.0);
  EXPECT_EQ(ParseDuration("90s"), 90.0);
  EXPECT_EQ(ParseDuration("30m"), 1800.0);
  for (const char* bad : {"", "7", "d", "-1d", "7 d", "7days", "1e3s", "infd", "nand", "7D"}) {
    EXPECT_EQ(ParseDuration(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(FormatDuration(604800), "1w");
  EXPECT_EQ(FormatDuration(3 * 86400), "3d");
  EXPECT_EQ(FormatDuration(90), "90s");
  EXPECT_EQ(FormatDuration(0.5), "0.5s");
  EXPECT_EQ(FormatDuration(0), "0s");
}

}  // namespace
}  // namespace slipway
