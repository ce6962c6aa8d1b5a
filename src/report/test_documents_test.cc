#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/test_report.h"

namespace slipway::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TestReport SampleReport() {
  TestReport report;
  report.project = "churn";
  report.environment = "development";
  report.model = "churn:3";
  TestResult passed;
  passed.group = "data";
  passed.name = "columns";
  passed.reason = "all there";
  TestResult failed;
  failed.group = "rows";
  failed.name = "<b>poor</b> & \"happy\"";
  failed.outcome = TestOutcome::kFailed;
  failed.reason = "label yes expected, got no";
  failed.details = {"city \x01|@everybody"};
  failed.at.file = "tests/t.yaml";
  failed.at.line = 2;
  failed.at.column = 5;
  TestResult skipped;
  skipped.group = "rows";
  skipped.name = "other";
  skipped.outcome = TestOutcome::kSkipped;
  skipped.reason = "nothing to ask";
  report.tests = {passed, failed, skipped};
  return report;
}

TEST(TestDocumentsTest, CountsWhatTheTestsSay) {
  const TestReport report = SampleReport();
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(CountsText(report), "1 passed, 1 failed, 1 skipped");
  const Json json = RenderTestJson(report);
  EXPECT_EQ(json["passed"], false);
  EXPECT_EQ(json["counts"]["skipped"], 1);
  EXPECT_EQ(json["tests"][1]["at"], "tests/t.yaml:2:5");
  EXPECT_EQ(json["tests"][0].contains("at"), false);
}

TEST(TestDocumentsTest, JUnitHasASuiteForEachGroup) {
  const std::string xml = RenderTestJUnit(SampleReport());
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="data" tests="1" failures="0")"));
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="rows" tests="2" failures="1")"));
  EXPECT_THAT(xml, HasSubstr(R"(skipped="1")"));
  EXPECT_THAT(xml, HasSubstr("&lt;b&gt;poor&lt;/b&gt; &amp;"));
  EXPECT_THAT(xml, HasSubstr("tests/t.yaml:2:5"));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
}

TEST(TestDocumentsTest, MarkdownMakesWordsHarmless) {
  const std::string text = RenderTestMarkdown(SampleReport());
  EXPECT_THAT(text, HasSubstr("### ✗ churn"));
  EXPECT_THAT(text, HasSubstr("\\<b\\>poor"));
  EXPECT_THAT(text, Not(HasSubstr("@everybody")));
}

}  // namespace
}  // namespace slipway::report
