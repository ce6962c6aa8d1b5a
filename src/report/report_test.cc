#include "report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "report/sample_report.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/test_markup_internal.h"

namespace slipway::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportGoldenTest, Markdown) {
  ExpectGolden("passed.md", RenderMarkdown(SampleReport()));
  ExpectGolden("calibrated.md", RenderMarkdown(CalibratedReport()));
  ExpectGolden("failed_gates.md", RenderMarkdown(MulticlassReport()));
  ExpectGolden("estimates.md", RenderMarkdown(EstimatesReport()));
  ExpectGolden("failed_data.md", RenderMarkdown(FailedDataReport()));
}

TEST(ReportGoldenTest, JUnit) {
  ExpectGolden("passed.xml", RenderJUnit(SampleReport()));
  ExpectGolden("failed_gates.xml", RenderJUnit(MulticlassReport()));
  ExpectGolden("failed_data.xml", RenderJUnit(FailedDataReport()));
}

TEST(ReportGoldenTest, Json) {
  ExpectGolden("passed.json", PrettyJson(RenderJson(SampleReport())));
}

TEST(ReportHtmlTest, APassedRunHasEverySection) {
  const std::string html = RenderHtml(SampleReport());
  ExpectBalanced(html);
  for (const char* id :
       {"gates", "metrics", "pictures", "slices", "importances", "cross-validation", "data",
        "split", "columns", "timings", "lineage", "commands"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + id + "\""));
    EXPECT_THAT(html, HasSubstr(std::string("href=\"#") + id + "\""));
  }
  EXPECT_THAT(html, HasSubstr("All 7 gates passed. Registered as ml-classifier:3."));
  EXPECT_THAT(html, HasSubstr("95 %: 0.873 – 0.911"));
  EXPECT_THAT(html, HasSubstr("needs ≥ 0.850"));
  EXPECT_THAT(html, HasSubstr("slipway models promote ml-classifier:3 --to staging"));
  EXPECT_THAT(html, HasSubstr("<title>ROC curve</title>"));
  EXPECT_THAT(html, HasSubstr("No predicted as Yes: 44 (6.0 %)"));
  EXPECT_THAT(html, HasSubstr("1.0 % missing"));
}

TEST(ReportHtmlTest, ARegressionShowsEstimatesAndErrors) {
  const std::string html = RenderHtml(EstimatesReport());
  ExpectBalanced(html);
  for (const char* text :
       {"<title>Estimates</title>", "Estimates over true numbers from 9.2e+04 to 3.06e+05.",
        "40 rows of the test part; on the line the estimate is right.", "Errors of the estimates",
        "Share of weights times what their columns vary", "RMSE", "R²",
        "A line a trial over 2 steps of more rows; trial 6 is chosen.", "alpha is out of range",
        "9 trials judged by R²"}) {
    EXPECT_THAT(html, HasSubstr(text));
  }
  for (const char* text : {"ROC", "Confusion", "By class"}) EXPECT_THAT(html, Not(HasSubstr(text)));
}

TEST(ReportHtmlTest, ACalibratedModelShowsBothCurvesItsThresholdAndItsCard) {
  const std::string html = RenderHtml(CalibratedReport());
  ExpectBalanced(html);
  for (const char* text :
       {"<title>Reliability</title>", "before <b>0.094</b>", "calibrated <b>0.013</b>",
        "0.28 of 190 rows where scores are 0.31.", "<title>Decision threshold</title>",
        "Cost a row from 0.21 to 0.897 over thresholds; 0.21 at the chosen one, 0.312.",
        "The label is “Yes” where its probability is at least 0.3125",
        "A false positive costs 1, a false negative 5.", "<section id=\"intended-use\"",
        "<section id=\"limits\"", "Knows nothing of business customers.",
        "The folds’ models are scored without calibration"}) {
    EXPECT_THAT(html, HasSubstr(text));
  }
  const std::string plain = RenderHtml(SampleReport());
  for (const char* id : {"answers", "intended-use", "limits"})
    EXPECT_THAT(plain, Not(HasSubstr(std::string("#") + id + "\"")));
}

TEST(ReportJsonTest, HasCalibrationAndThreshold) {
  const Json json = RenderJson(CalibratedReport());
  EXPECT_EQ(json["calibration"]["after"]["calibration_error"], 0.013);
  EXPECT_EQ(json["calibration"]["before"]["bins"].size(), 4U);
  EXPECT_EQ(json["decision_threshold"]["threshold"], 0.3125);
  EXPECT_EQ(json["decision_threshold"]["cost"]["false_negative"], 5);
  EXPECT_TRUE(RenderJson(SampleReport())["calibration"].is_null());
}

TEST(ReportHtmlTest, NothingIsFetchedAndNothingIsRun) {
  for (const RunReport& report : {SampleReport(), CalibratedReport(), HostileReport(),
                                  FailedDataReport(), EstimatesReport()}) {
    const std::string html = RenderHtml(report);
    for (const char* forbidden :
         {"<script", "http://", "https://", "src=\"", "url(", "@import", "<link", "<img"}) {
      EXPECT_THAT(html, Not(HasSubstr(forbidden)));
    }
  }
}

TEST(ReportHtmlTest, TextFromTheDataStaysText) {
  const std::string html = RenderHtml(HostileReport());
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
  EXPECT_EQ(Count(html, "</style>"), 1U);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find('\xff'), std::string::npos);
  EXPECT_EQ(html.find('\0'), std::string::npos);
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(ReportHtmlTest, ARunThatFailedValidationShowsItsDataOnly) {
  const std::string html = RenderHtml(FailedDataReport());
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("The run ended at the step “data” with 3 errors."));
  EXPECT_THAT(html, HasSubstr("row 71 <code>twenty</code>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"columns\""));
  for (const char* id :
       {"gates", "metrics", "pictures", "importances", "cross-validation", "split"}) {
    EXPECT_THAT(html, Not(HasSubstr(std::string("#") + id + "\"")));
  }
  EXPECT_THAT(html, Not(HasSubstr("models promote")));
}

TEST(ReportHtmlTest, AFailedModelIsNotOfferedForPromotion) {
  const std::string html = RenderHtml(MulticlassReport());
  EXPECT_THAT(html, HasSubstr("2 of 8 gates failed: accuracy, single_latency"));
  EXPECT_THAT(html, Not(HasSubstr("models promote")));
  EXPECT_EQ(Count(html, "class=\"curve"), 4U);
}

TEST(ReportHtmlTest, FiveHundredColumnsStayUnderTwoMegabytes) {
  const std::string html = RenderHtml(WideReport(500));
  EXPECT_LT(html.size(), 2'000'000U);
  EXPECT_EQ(Count(html, "<article>"), 60U);
  EXPECT_THAT(html, HasSubstr("The other 440 columns"));
  EXPECT_THAT(html, HasSubstr("number 499"));
}

TEST(ReportHtmlTest, ManyClassesAreListedRatherThanDrawn) {
  RunReport report = MulticlassReport();
  report.classes.clear();
  for (int i = 0; i < 300; ++i) report.classes.push_back("class " + std::to_string(i));
  report.confusion.assign(90'000, 1);
  const std::string html = RenderHtml(report);
  EXPECT_THAT(html, HasSubstr("Most confused classes"));
  EXPECT_LT(html.size(), 2'000'000U);
  ExpectBalanced(html);
}

TEST(ReportMarkdownTest, FitsACommentWhateverTheTable) {
  EXPECT_LT(RenderMarkdown(WideReport(500)).size(), 60'000U);
  RunReport report = WideReport(500);
  for (int i = 0; i < 400; ++i) report.gates.push_back(report.gates[0]);
  for (gate::Verdict& verdict : report.gates) verdict.reason = std::string(5000, 'r');
  const std::string text = RenderMarkdown(report);
  EXPECT_LT(text.size(), 60'000U);
  EXPECT_THAT(text, HasSubstr("too long for a comment"));
}

TEST(ReportMarkdownTest, TextFromTheDataMakesNoMarkupAndMentionsNobody) {
  const std::string text = RenderMarkdown(HostileReport());
  EXPECT_THAT(text, HasSubstr("\\<script\\>"));
  EXPECT_THAT(text, Not(HasSubstr("@team")));
  EXPECT_THAT(text, Not(HasSubstr("\n# heading")));
  EXPECT_EQ(text.find('\0'), std::string::npos);
}

TEST(ReportJsonTest, IsValidWithFiguresThatAreNoNumbers) {
  const std::string text = PrettyJson(RenderJson(HostileReport()));
  const Result<Json> json = ParseJson(text, "report.json");
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE((*json)["metrics"]["auc"].is_null());
  EXPECT_TRUE((*json)["intervals"]["auc"][0].is_null());
  EXPECT_EQ((*json)["gates"].size(), 7U);
  EXPECT_EQ((*json)["confusion"][1][0], 63);
}

TEST(ReportJUnitTest, IsWellFormedWhateverTheTextAndCounts) {
  ExpectBalanced(RenderJUnit(HostileReport()));
  const std::string text = RenderJUnit(MulticlassReport());
  EXPECT_EQ(Count(text, "<failure"), 2U);
  EXPECT_EQ(Count(text, "<skipped"), 2U);
  EXPECT_THAT(text, HasSubstr("tests=\"10\" failures=\"2\" errors=\"0\" skipped=\"2\""));
}

TEST(ReportSummaryTest, FiguresByClassFollowTheConfusionMatrix) {
  RunReport report = SampleReport();
  report.confusion = {8, 2, 0, 0};
  const std::vector<ClassFigures> figures = FiguresByClass(report);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_DOUBLE_EQ(figures[0].precision, 1);
  EXPECT_DOUBLE_EQ(figures[0].recall, 0.8);
  EXPECT_DOUBLE_EQ(figures[1].precision, 0);
  EXPECT_TRUE(std::isnan(figures[1].recall));
}

TEST(ReportSummaryTest, AreaUnderTheDiagonalIsAHalf) {
  EXPECT_DOUBLE_EQ(AreaUnder({{0, 0}, {1, 1}}), 0.5);
  EXPECT_DOUBLE_EQ(AreaUnder({{0, 0}, {0, 1}, {1, 1}}), 1);
}

TEST(WriteReportsTest, WritesAllFour) {
  const std::string directory = testing::TempDir() + "slipway_report_test";
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(WriteReports(LocalFileSystem(), directory, SampleReport()).ok());
  const Result<std::vector<std::string>> names = LocalFileSystem().List(directory);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names,
            (std::vector<std::string>{"junit.xml", "report.html", "report.json", "report.md"}));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace slipway::report
