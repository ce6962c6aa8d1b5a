#include "report/drift_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "report/sample_data_report.h"
#include "report/svg_internal.h"
#include "report/test_markup_internal.h"

namespace slipway::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

data::Table OneColumn(std::vector<double> values) {
  data::Table table;
  table.rows = std::ssize(values);
  table.columns.emplace_back();
  table.columns[0].name = "x";
  table.columns[0].numbers = std::move(values);
  return table;
}

DistributionPair PairOf(std::vector<double> before, std::vector<double> after) {
  data::Table left = OneColumn(std::move(before)), right = OneColumn(std::move(after));
  for (data::Table* table : {&left, &right}) {
    table->columns[0].integral =
        std::ranges::all_of(table->columns[0].numbers, data::IsWholeNumber);
  }
  const data::TableProfile reference = data::ProfileTable(left),
                           current = data::ProfileTable(right);
  const data::DriftReport drift = *data::FindDrift(reference, current, {});
  return DistributionPairs(reference, current, drift).at(0);
}

TEST(DriftReportGoldenTest, MarkdownAndJUnit) {
  const DriftFindings findings = SampleDrift();
  ExpectGolden("data_drift.md", RenderDriftMarkdown(findings));
  ExpectGolden("data_drift.xml", RenderDriftJUnit(findings));
}

TEST(DistributionPairsTest, FewWholeNumbersHaveABinEach) {
  const DistributionPair pair = PairOf({0, 0, 1, 3}, {3, 3, 3, 4});
  EXPECT_THAT(pair.reference, ElementsAre(2, 1, 0, 1, 0));
  EXPECT_THAT(pair.current, ElementsAre(0, 0, 0, 3, 1));
  EXPECT_EQ(pair.low, 0);
  EXPECT_EQ(pair.high, 4);
}

TEST(DistributionPairsTest, EveryRowIsInABinOrBeyond) {
  std::vector<double> before, after;
  for (int i = 0; i < 1000; ++i) {
    before.push_back(i * 0.37);
    after.push_back(i * 0.11 + 5);
  }
  after.back() = 1e9;
  after.front() = -1e9;
  const DistributionPair pair = PairOf(before, after);
  const auto sum = [](const std::vector<int64_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), int64_t{0});
  };
  // What two rows lie far beyond would leave the others in one bin.
  EXPECT_GT(pair.low, -1);
  EXPECT_LT(pair.high, 370);
  EXPECT_EQ(sum(pair.reference) + pair.reference_beyond, 1000);
  EXPECT_EQ(sum(pair.current) + pair.current_beyond, 1000);
  EXPECT_GE(pair.current_beyond, 2);
  EXPECT_EQ(pair.reference.size(), pair.current.size());
}

TEST(DistributionPairsTest, AConstantIsOneBin) {
  const DistributionPair pair = PairOf({0.5, 0.5}, {0.5});
  EXPECT_THAT(pair.reference, ElementsAre(2));
  EXPECT_THAT(pair.current, ElementsAre(1));
}

TEST(DistributionPairsTest, DriftedOnesComeFirstAndCategoriesThatMovedMost) {
  const DriftFindings findings = SampleDrift();
  std::vector<std::string> names;
  for (const DistributionPair& pair : findings.pairs) names.push_back(pair.column);
  EXPECT_THAT(names, ElementsAre("moved", "city", "gaps", "gone", "new", "still", "signed_up"));
  const DistributionPair& city = findings.pairs[1];
  ASSERT_EQ(city.categories.size(), 4U);
  EXPECT_THAT((std::vector<std::string>{city.categories[0], city.categories[1]}),
              testing::UnorderedElementsAre("Aachen", "Berlin"));
  EXPECT_EQ(city.reference_rows, 3000);
  EXPECT_EQ(city.current_rows, 2000);
  EXPECT_EQ(findings.pairs[3].current_rows, 0);
  EXPECT_EQ(findings.pairs[4].reference_rows, 0);
}

TEST(PairHistogramSvgTest, BothAreSharesOfTheirOwnRows) {
  const std::string svg = PairHistogramSvg({10, 10}, 20, {1, 3}, 4, "title", "");
  // 50 %, 50 % and 25 %, 75 %; the largest share is as high as the box.
  EXPECT_THAT(svg, HasSubstr("d=\"M0 100v-66.67h1v66.67zM1 100v-66.67h1v66.67z\""));
  EXPECT_THAT(svg, HasSubstr("d=\"M0 100V66.67H1V0H2V100\""));
}

TEST(LimitBarSvgTest, TheLimitIsInTheMiddle) {
  EXPECT_THAT(LimitBarSvg(0.1, 0.1), HasSubstr("class=\"mark\" width=\"50%\""));
  EXPECT_THAT(LimitBarSvg(7, 0.1), HasSubstr("class=\"mark\" width=\"100%\""));
  EXPECT_THAT(LimitBarSvg(0.1, 0), HasSubstr("class=\"mark\" width=\"0%\""));
}

TEST(DriftHtmlTest, ShowsEachColumnWithItsPictureAndReason) {
  const std::string html = RenderDriftHtml(SampleDrift());
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("<p class=\"verdict fail\">Drift</p>"));
  EXPECT_THAT(html, HasSubstr("5 of 7 columns drifted: moved, city, gaps, gone, new."));
  EXPECT_EQ(Count(html, "<article>"), 7U);
  EXPECT_EQ(Count(html, "class=\"hist pair\""), 6U);
  EXPECT_EQ(Count(html, "class=\"bar pair\""), 4U);
  EXPECT_EQ(Count(html, "class=\"bar limited\""), 4U);
  EXPECT_THAT(html, HasSubstr("gone: the current data lacks it"));
  EXPECT_THAT(html, HasSubstr("reference only"));
  EXPECT_THAT(html, HasSubstr("Kolmogorov-Smirnov<br/>q under 0.0001"));
}

TEST(DriftReportTest, AllColumnsTogetherAreOneVerdictMore) {
  DriftFindings findings = SampleDrift();
  std::erase_if(findings.drift.columns, [](const auto& column) { return column.drifted; });
  findings.drift.multivariate =
      data::MultivariateDrift{true, 1000, 0.712, 1e-30, 0.528, {{"still", 0.6}, {"<script>", 0.4}}};
  const std::string html = RenderDriftHtml(findings);
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("None of 2 columns drifted. All columns together have drifted."));
  EXPECT_THAT(html, HasSubstr("AUC 0.712 (limit 0.528, p under 0.0001), judged on 1,000 rows."));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(RenderDriftMarkdown(findings),
              HasSubstr("It goes by still 60.0 %, \\<script\\> 40.0 %."));
  EXPECT_THAT(RenderDriftJUnit(findings),
              HasSubstr("name=\"(all columns together)\">\n      <failure"));
  findings.drift.multivariate->drifted = false;
  EXPECT_THAT(RenderDriftJUnit(findings), HasSubstr("failures=\"0\""));
}

TEST(DriftHtmlTest, TextFromTheDataStaysText) {
  const std::string html = RenderDriftHtml(HostileDrift());
  ExpectBalanced(html);
  for (const char* forbidden :
       {"<script", "http://", "https://", "src=\"", "url(", "\x1b", "\x01", "\u202e", "nan"}) {
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
  }
  EXPECT_EQ(Count(html, "<article>"), 2U);
}

TEST(DriftHtmlTest, NoTableMakesAPageOverTwoMegabytes) {
  for (const int columns : {500, 2000}) {
    const std::string html = RenderDriftHtml(WideDrift(columns));
    ExpectBalanced(html);
    EXPECT_LT(html.size(), 2'000'000U) << columns;
    EXPECT_EQ(Count(html, "<article>"), 100U);
  }
}

TEST(DriftMarkdownTest, FitsACommentAndMakesNoMarkup) {
  EXPECT_LT(RenderDriftMarkdown(WideDrift(500)).size(), 60'000U);
  const std::string text = RenderDriftMarkdown(HostileDrift());
  for (const char* forbidden : {"\\@team", " @team", "\x1b", "\u202e"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
}

TEST(DriftJUnitTest, IsWellFormedWhateverTheText) {
  const std::string text = RenderDriftJUnit(HostileDrift());
  ExpectBalanced(text);
  for (const char* forbidden : {"<script", "\x1b", "\x01", "\u202e", "]]>"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
}

TEST(DriftJUnitTest, ADriftedColumnFailsAndWhatIsNotComparedIsSkipped) {
  const std::string text = RenderDriftJUnit(SampleDrift());
  EXPECT_THAT(text, HasSubstr("tests=\"7\" failures=\"5\" errors=\"0\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"not compared: time moves on\"/>"));
}

}  // namespace
}  // namespace slipway::report
