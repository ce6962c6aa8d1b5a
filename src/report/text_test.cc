#include <gtest/gtest.h>

#include <cmath>

#include "report/markdown_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

TEST(ReportTextTest, CleanKeepsValidTextAndReplacesTheRest) {
  EXPECT_EQ(CleanText("héllo – 中文 🚢\n\t"), "héllo – 中文 🚢\n\t");
  EXPECT_EQ(CleanText("a\xff"
                      "b\x01\x1b[0m"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD[0m");
  EXPECT_EQ(CleanText("\xc0\xaf"), "\xEF\xBF\xBD\xEF\xBF\xBD");          // Overlong.
  EXPECT_EQ(CleanText("\xed\xa0\x80").find('\xed'), std::string::npos);  // A surrogate.
  EXPECT_EQ(CleanText("\xef\xbf\xbf").find("\xef\xbf\xbf"),
            std::string::npos);                                         // Not an XML character.
  EXPECT_EQ(CleanText("a\u202e<b").find("\u202e"), std::string::npos);  // Turns the rest around.
  EXPECT_EQ(CleanText("שלום \u200f"), "שלום \u200f");
  EXPECT_EQ(CleanText("cut \xe4\xb8"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ReportTextTest, EscapesWhatMarkupNeeds) {
  EXPECT_EQ(Escape("<a href=\"x\">&'</a>\n"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;&#10;");
}

TEST(ReportTextTest, ShortensByCharactersNotBytes) {
  EXPECT_EQ(Shorten("éééé", 4), "éééé");
  EXPECT_EQ(Shorten("ééééé", 4), "ééé…");
  EXPECT_EQ(Shorten("", 4), "");
  EXPECT_EQ(Label("<<<<<", 3), "&lt;&lt;…");
}

// GitHub makes links of addresses that nobody marked as such.
TEST(ReportTextTest, PlainTextHasNoLinks) {
  EXPECT_EQ(Plain("see https://a.example/b"), "see https:\u200b//a.example/b");
  EXPECT_EQ(Plain("WWW.a.example, www.b"), "WWW\u200b.a.example, www\u200b.b");
  EXPECT_EQ(Plain("a/b, 1.5: c//d ww.e"), "a/b, 1.5: c//d ww.e");
}

TEST(ReportTextTest, ABarIsEscapedInATableAlone) {
  EXPECT_EQ(Code("a|b"), "`a|b`");
  EXPECT_EQ(CodeCell("a|b"), "`a\\|b`");
}

TEST(ReportTextTest, FiguresReadWell) {
  EXPECT_EQ(FormatMetric(0.8934), "0.893");
  EXPECT_EQ(FormatMetric(std::nan("")), "–");
  EXPECT_EQ(FormatShare(0), "0 %");
  EXPECT_EQ(FormatShare(0.0001), "under 0.1 %");
  EXPECT_EQ(FormatShare(0.9999), "over 99.9 %");
  EXPECT_EQ(FormatShare(1), "100 %");
  EXPECT_EQ(FormatNumber(1204, true), "1,204");
  EXPECT_EQ(FormatNumber(18.25, false), "18.25");
  EXPECT_EQ(FormatNumber(0.01234, false), "0.0123");
  EXPECT_EQ(FormatNumber(123456.7, false), "123,457");
  EXPECT_EQ(FormatNumber(3.4e15, true), "3.4e+15");
  EXPECT_EQ(FormatNumber(0, false), "0");
  EXPECT_EQ(FormatDate(1709251200), "2024-03-01");
  EXPECT_EQ(FormatDate(1e300), "1e+300");
  EXPECT_EQ(FormatStepSeconds(0.0002), "under 1 ms");
  EXPECT_EQ(FormatStepSeconds(0.021), "21 ms");
}

TEST(ReportTextTest, TimesAreToldToTheMinute) {
  EXPECT_EQ(ReadableTime("2026-11-23T06:41:07.123Z"), "2026-11-23 06:41 UTC");
  EXPECT_EQ(ReadableTime("yesterday"), "yesterday");
}

TEST(ReportTextTest, ShellWordsAreSafe) {
  EXPECT_EQ(ShellWord("ml-classifier:3"), "ml-classifier:3");
  EXPECT_EQ(ShellWord("it's; rm"), "'it'\\''s; rm'");
  EXPECT_EQ(ShellWord(""), "''");
}

}  // namespace
}  // namespace slipway::report
