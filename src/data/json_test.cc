#include "core/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/profile.h"
#include "data/test_tables_internal.h"
#include "data/types.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

Issue HighMissingValues() {
  Issue issue;
  issue.kind = "high_missing_values";
  issue.column = "feature1";
  issue.value = 0.5;
  issue.limit = 0.1;
  issue.count = 500;
  issue.message = "m";
  issue.examples = {{.row = 3, .value = "", .missing = true},
                    {.row = 4, .value = "abc", .missing = false}};
  return issue;
}

TEST(IssueJsonTest, HasTheShapeOfTheContract) {
  EXPECT_EQ(
      CompactJson(ToJson(HighMissingValues())),
      R"({"kind":"high_missing_values","severity":"error","column":"feature1","value":0.5,"limit":0.1,)"
      R"("count":500,"message":"m","examples":[{"row":3,"value":null},{"row":4,"value":"abc"}]})");
}

TEST(IssueJsonTest, WritesWholeNumbersWithoutAFractionAndNonNumbersAsNull) {
  Issue issue;
  issue.value = 500;
  issue.limit = kMissingNumber;
  const Json json = ToJson(issue);
  EXPECT_EQ(json["value"].dump(), "500");
  EXPECT_EQ(json["limit"].dump(), "null");
}

TEST(ReportJsonTest, ReadsBackWhatItWrote) {
  const Table table = MakeTable({OracleColumn("x"), Texts("c", std::vector<std::string>(1000, "ü")),
                                 Numbers("tiny", std::vector<double>(1000, 5e-324)),
                                 Numbers("none", std::vector<double>(1000, kMissingNumber))});
  DatasetReport report;
  report.passed = false;
  report.rows = 1000;
  report.columns = 4;
  report.issues = {HighMissingValues()};
  report.profiles = ProfileTable(table, AllRows(table)).columns;
  const std::string text = CompactJson(ToJson(report));
  const auto parsed = ParseJson(text, "report.json");
  ASSERT_TRUE(parsed.ok());
  const auto read = DatasetReportFromJson(*parsed);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(CompactJson(ToJson(*read)), text);
  EXPECT_EQ(read->profiles[0].mean, report.profiles[0].mean);
  EXPECT_EQ(read->profiles[0].m2, report.profiles[0].m2);
  EXPECT_EQ(read->profiles[0].quantiles, report.profiles[0].quantiles);
  EXPECT_EQ(read->profiles[2].min, 5e-324);
  EXPECT_TRUE(read->issues[0].examples[0].missing);
  EXPECT_EQ(read->issues[0].examples[1].value, "abc");
}

TEST(ReportJsonTest, StartsWithTheKeysOfTheContract) {
  EXPECT_EQ(CompactJson(ToJson(DatasetReport{})),
            R"({"passed":true,"rows":0,"columns":0,"issues":[],"profiles":[]})");
}

TEST(ReportJsonTest, NamesWhatIsWrong) {
  const auto message = [](const Json& json) {
    const auto report = DatasetReportFromJson(json);
    return report.ok() ? std::string() : report.error().message();
  };
  Json good = ToJson(DatasetReport{});
  EXPECT_EQ(message(good), "");
  EXPECT_THAT(message(Json::array()), HasSubstr("not an object"));
  Json json = good;
  json.erase("rows");
  EXPECT_THAT(message(json), HasSubstr("'rows' is missing"));
  json = good;
  json["rows"] = "many";
  EXPECT_THAT(message(json), HasSubstr("'rows' is not a whole number"));
  json = good;
  json["issues"] = Json::array({1});
  EXPECT_THAT(message(json), HasSubstr("issue: is not an object"));
  json = good;
  json["profiles"] = Json::array({Json{{"name", "x"}, {"type", "colour"}}});
  EXPECT_THAT(message(json), HasSubstr("'colour'"));
  ColumnProfile profile;
  profile.name = "x";
  json = good;
  json["profiles"] = Json::array({ToJson(profile)});
  json["profiles"][0]["quantiles"] = Json::array({1, "two"});
  EXPECT_THAT(message(json), HasSubstr("'quantiles' is not a list of numbers"));
  json["profiles"][0] = ToJson(profile);
  json["profiles"][0]["histogram"]["counts"] = 3;
  EXPECT_THAT(message(json), HasSubstr("histogram: 'counts'"));
}

}  // namespace
}  // namespace slipway::data
