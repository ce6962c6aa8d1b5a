#include "report/data_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/sample_data_report.h"
#include "report/test_markup_internal.h"

namespace slipway::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DataReportGoldenTest, Markdown) {
  ExpectGolden("data_profile.md", RenderDataMarkdown(ProfiledTable()));
  ExpectGolden("data_validate.md", RenderDataMarkdown(JudgedTable()));
}

TEST(DataReportGoldenTest, JUnit) {
  ExpectGolden("data_profile.xml", RenderDataJUnit(ProfiledTable()));
  ExpectGolden("data_validate.xml", RenderDataJUnit(JudgedTable()));
}

TEST(DataHtmlTest, ATableThatWasLookedAtHasNoVerdict) {
  const std::string html = RenderDataHtml(ProfiledTable());
  ExpectBalanced(html);
  EXPECT_THAT(html, Not(HasSubstr("class=\"verdict")));
  EXPECT_THAT(html, Not(HasSubstr("<section id=\"data\"")));
  EXPECT_THAT(html, HasSubstr("10,000 rows × 6 columns: 2 numeric, 3 categories, 1 timestamp."));
  EXPECT_THAT(html, HasSubstr("<dt>Repeated rows</dt><dd>≈ 1,203 ± 2.1 %</dd>"));
  EXPECT_THAT(html, HasSubstr("<dt>distinct</dt><dd>≈ 7,890 ± 1.6 %</dd>"));
  EXPECT_THAT(html, HasSubstr("ranks ± 0.53 %"));
  EXPECT_THAT(html, HasSubstr("shares up to 1.0 % too low"));
  EXPECT_THAT(html, HasSubstr("<dt>length</dt><dd>4 – 22, mean 8.25</dd>"));
  EXPECT_THAT(html, HasSubstr("<dt>infinite</dt><dd>3</dd>"));
  EXPECT_EQ(Count(html, "tells of the target"), 5U);
}

TEST(DataHtmlTest, AJudgedTableShowsItsIssuesFirst) {
  const std::string html = RenderDataHtml(JudgedTable());
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("<p class=\"verdict fail\">Failed</p>"));
  EXPECT_THAT(html, HasSubstr("812 rows × 6 columns: 3 errors, 2 warnings."));
  EXPECT_THAT(html, HasSubstr("row 71 <code>twenty</code>"));
  EXPECT_LT(html.find("<section id=\"data\""), html.find("<section id=\"overview\""));
  EXPECT_LT(html.find("<section id=\"overview\""), html.find("<section id=\"columns\""));
}

TEST(DataHtmlTest, TextFromTheDataStaysText) {
  const std::string html = RenderDataHtml(HostileTable());
  ExpectBalanced(html);
  for (const char* forbidden : {"<script", "<img", "<b><", "http://", "https://", "src=\"", "url(",
                                "\x1b", "\xff", "\x01", "\u202e", "nan"}) {
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
  }
  EXPECT_EQ(html.find('\0'), std::string::npos);
  EXPECT_EQ(Count(html, "</style>"), 1U);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("\u05e9\u05dc\u05d5\u05dd"));
}

TEST(DataHtmlTest, FiveHundredColumnsHaveTheirPicturesInTwoMegabytes) {
  DataReport report = WideTable(500);
  for (data::ColumnProfile& column : report.dataset.profiles) column.name.resize(60);
  const std::string html = RenderDataHtml(report);
  ExpectBalanced(html);
  EXPECT_LT(html.size(), 2'000'000U);
  EXPECT_EQ(Count(html, "<article>"), 500U);
}

TEST(DataHtmlTest, NoTableMakesALargerPage) {
  for (const int columns : {500, 2000, 5000}) {
    const std::string html = RenderDataHtml(WideTable(columns));
    ExpectBalanced(html);
    EXPECT_LT(html.size(), 2'000'000U) << columns;
    EXPECT_GT(Count(html, "<article>"), 100U);
    EXPECT_THAT(html, HasSubstr("more in the JSON report."));
  }
}

TEST(DataMarkdownTest, FitsACommentWhateverTheTable) {
  const std::string text = RenderDataMarkdown(WideTable(2000));
  EXPECT_LT(text.size(), 60'000U);
  EXPECT_THAT(text, HasSubstr("1,980 more in"));
}

TEST(DataMarkdownTest, TextFromTheDataMakesNoMarkupAndMentionsNobody) {
  const std::string text = RenderDataMarkdown(HostileTable());
  EXPECT_THAT(text, HasSubstr("\\<script\\>"));
  for (const char* forbidden : {"@team", "\n# heading", "\x1b", "\u202e"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
}

TEST(DataJUnitTest, ErrorsFailOnlyWhereTheTableWasJudged) {
  DataReport report = JudgedTable();
  const std::string judged = RenderDataJUnit(report);
  // Two kinds of issue in one column each, one of the whole table, one more, and a sound column.
  EXPECT_THAT(judged, HasSubstr("tests=\"5\" failures=\"3\" errors=\"0\" skipped=\"0\""));
  EXPECT_EQ(Count(judged, "name=\"high_missing_values: tenure\""), 1U);
  EXPECT_THAT(judged, HasSubstr("&#10;warning: tenure: missing more often than last week"));
  EXPECT_THAT(judged, HasSubstr("name=\"column: sound\"/>"));
  report.judged = false;
  EXPECT_THAT(RenderDataJUnit(report), HasSubstr("tests=\"5\" failures=\"0\""));
}

TEST(DataJUnitTest, IsWellFormedWhateverTheText) {
  const std::string text = RenderDataJUnit(HostileTable());
  ExpectBalanced(text);
  for (const char* forbidden : {"<script", "<b>", "\x1b", "\xff", "\x01", "\u202e", "]]>"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
  EXPECT_LT(RenderDataJUnit(WideTable(2000)).size(), 10'000'000U);
}

TEST(DataJsonTest, IsWhatTheCommandsPrint) {
  const Json profile = RenderDataJson(ProfiledTable());
  EXPECT_EQ(profile["columns"].size(), 6U);
  EXPECT_EQ(profile["repeated_rows"]["count"], 1203);
  const Json judged = RenderDataJson(JudgedTable());
  EXPECT_EQ(judged["columns"], 6);
  EXPECT_EQ(judged["passed"], false);
  EXPECT_EQ(judged["issues"].size(), 5U);
  EXPECT_EQ(judged["profiles"].size(), 3U);
}

}  // namespace
}  // namespace slipway::report
