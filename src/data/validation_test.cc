#include "data/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/test_tables_internal.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kRows = 200;
constexpr double kNow = 1'700'000'000;

// 200 rows without a fault: age, city and the target y.
Table CleanTable() {
  std::vector<double> age;
  std::vector<std::string> city;
  std::vector<std::string> y;
  for (size_t i = 0; i < kRows; ++i) {
    age.push_back(static_cast<double>(i));
    city.emplace_back(i % 3 == 0 ? "Paris" : "Rome");
    y.emplace_back(i % 4 == 0 ? "Yes" : "No");
  }
  return MakeTable({Numbers("age", age), Texts("city", city), Texts("y", y)});
}

config::DataConfig CleanConfig() {
  config::DataConfig config;
  config.target_column = "y";
  return config;
}

DatasetReport Check(const Table& table, const config::DataConfig& config = CleanConfig()) {
  return Validate(ProfileTable(table, ProfileOptionsFor(config)), {}, config, kNow);
}

std::vector<std::string> Kinds(const DatasetReport& report) {
  std::vector<std::string> kinds;
  for (const Issue& issue : report.issues) kinds.push_back(issue.kind);
  return kinds;
}

TEST(ValidationTest, CleanDataPasses) {
  const DatasetReport report = Check(CleanTable());
  EXPECT_TRUE(report.passed);
  EXPECT_THAT(report.issues, IsEmpty());
  EXPECT_EQ(report.rows, 200);
  EXPECT_EQ(report.columns, 3);
}

TEST(ValidationTest, TooFewRows) {
  config::DataConfig config = CleanConfig();
  config.validation_rules.min_rows = 1000;
  const DatasetReport report = Check(CleanTable(), config);
  EXPECT_FALSE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("too_few_rows"));
  EXPECT_EQ(report.issues[0].message, "200 rows, at least 1,000 expected");
  EXPECT_EQ(report.issues[0].value, 200);
  EXPECT_EQ(report.issues[0].limit, 1000);
}

TEST(ValidationTest, ATableWithoutRowsFailsWithoutARule) {
  const DatasetReport report = Check(MakeTable({Numbers("age", {}), Texts("y", {})}));
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.issues[0].message, "no rows, at least 1 expected");
}

TEST(ValidationTest, MissingValuesAgainstTheLimit) {
  Table table = CleanTable();
  table.columns[0].numbers[3] = table.columns[0].numbers[10] = kMissingNumber;
  config::DataConfig config = CleanConfig();
  config.validation_rules.max_missing_ratio = 0.005;
  DatasetReport report = Check(table, config);
  EXPECT_FALSE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("high_missing_values"));
  const Issue& issue = report.issues[0];
  EXPECT_EQ(issue.message, "age: 1.0 % missing, above the limit of 0.5 %");
  EXPECT_EQ(issue.column, "age");
  EXPECT_DOUBLE_EQ(issue.value, 0.01);
  EXPECT_EQ(issue.limit, 0.005);
  EXPECT_EQ(issue.count, 2);
  ASSERT_EQ(issue.examples.size(), 2U);
  EXPECT_EQ(issue.examples[0].row, 4);
  EXPECT_TRUE(issue.examples[0].missing);

  // At the limit is within it, and worth a word.
  config.validation_rules.max_missing_ratio = 0.01;
  report = Check(table, config);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("missing_values"));
  EXPECT_EQ(report.issues[0].severity, Severity::kWarning);
  EXPECT_EQ(report.issues[0].message, "age: 1.0 % missing");

  config.exclude_columns = {"age"};
  EXPECT_THAT(Check(table, config).issues, IsEmpty());
}

TEST(ValidationTest, TheLimitHoldsForColumnsThatAreNoFeatures) {
  Table table = CleanTable();
  std::ranges::fill(table.columns[1].codes, kMissingCode);
  config::DataConfig config = CleanConfig();
  config.feature_columns = {"age"};
  EXPECT_TRUE(Check(table, config).passed);
  config.validation_rules.max_missing_ratio = 0.1;
  EXPECT_THAT(Kinds(Check(table, config)), ElementsAre("high_missing_values"));
}

TEST(ValidationTest, MissingColumnsAreNamedOnceWithTheNearestName) {
  config::DataConfig config = CleanConfig();
  config.target_column = "Y_label";
  config.feature_columns = {"age", "ctiy"};
  config.validation_rules.required_columns = {"age", "ctiy", "income"};
  config.id_columns = {"customer"};
  const DatasetReport report = Check(CleanTable(), config);
  EXPECT_FALSE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("missing_columns", "missing_columns", "missing_columns",
                                         "unknown_columns"));
  EXPECT_EQ(report.issues[0].message, "Y_label: the target column is missing");
  EXPECT_EQ(report.issues[1].message, "ctiy: the feature column is missing; did you mean 'city'?");
  EXPECT_EQ(report.issues[2].message, "income: the required column is missing");
  EXPECT_EQ(report.issues[2].column, "income");
  EXPECT_EQ(report.issues[3].severity, Severity::kWarning);
}

TEST(ValidationTest, MissingLabels) {
  Table table = CleanTable();
  table.columns[2].codes[6] = kMissingCode;
  const DatasetReport report = Check(table);
  EXPECT_FALSE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("missing_labels"));
  EXPECT_EQ(report.issues[0].message, "y: 1 row has no label");
  EXPECT_EQ(report.issues[0].examples[0].row, 7);
}

TEST(ValidationTest, LabelsThatDifferByCaseAreAWarning) {
  Table table = CleanTable();
  std::vector<std::string> labels(kRows, "No");
  for (size_t row = 0; row < labels.size(); row += 2) labels[row] = row % 4 == 0 ? "YES" : "yes";
  table.columns[2] = Texts("y", labels);
  const DatasetReport report = Check(table);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("labels_differ_by_case"));
  EXPECT_EQ(report.issues[0].message,
            "y: classes that differ only by case: 'YES', 'yes'; try one spelling");
  EXPECT_EQ(report.issues[0].count, 2);
}

TEST(ValidationTest, SingleClassAndRareClass) {
  Table table = CleanTable();
  table.columns[2] = Texts("y", std::vector<std::string>(kRows, "No"));
  EXPECT_THAT(Kinds(Check(table)), ElementsAre("single_class_target"));
  EXPECT_FALSE(Check(table).passed);

  std::vector<std::string> labels(kRows, "No");
  labels[17] = "Yes";
  table.columns[2] = Texts("y", labels);
  const DatasetReport report = Check(table);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("class_imbalance"));
  EXPECT_EQ(report.issues[0].message, "y: class 'Yes' has 1 row (0.5 %)");
}

TEST(ValidationTest, ConstantFeatures) {
  Table table = CleanTable();
  table.columns[0] = Numbers("age", std::vector<double>(kRows, 7));
  table.columns[0].numbers[5] = kMissingNumber;
  table.columns.push_back(Texts("flag", std::vector<std::string>(kRows, "on")));
  table.columns.push_back(Numbers("none", std::vector<double>(kRows, kMissingNumber)));
  table.columns.push_back(Numbers("x", table.columns[0].numbers));
  for (size_t i = 0; i < kRows; ++i) table.columns.back().numbers[i] = static_cast<double>(i);
  config::DataConfig config = CleanConfig();
  config.exclude_columns = {};
  const DatasetReport report = Check(table, config);
  EXPECT_TRUE(report.passed);
  std::vector<std::string> constant;
  for (const Issue& issue : report.issues) {
    if (issue.kind == "constant_column") constant.push_back(issue.message);
  }
  EXPECT_THAT(constant,
              ElementsAre("age: the same value in every row", "flag: the same value in every row",
                          "none: no row has a value"));
}

TEST(ValidationTest, InfiniteValues) {
  Table table = CleanTable();
  table.columns[0].numbers[2] = -std::numeric_limits<double>::infinity();
  const DatasetReport report = Check(table);
  EXPECT_FALSE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("infinite_values"));
  EXPECT_EQ(report.issues[0].examples[0].row, 3);
  EXPECT_EQ(report.issues[0].message, "age: 1 infinite value");
}

TEST(ValidationTest, DuplicateRows) {
  Table table = CleanTable();
  table.columns[0].numbers[12] = 0;  // Row 13 is row 1 now: both Paris, Yes.
  const DatasetReport report = Check(table);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("duplicate_rows"));
  EXPECT_EQ(report.issues[0].message, "1 row repeats an earlier row (0.5 %)");
  EXPECT_EQ(report.issues[0].count, 1);
  EXPECT_EQ(report.issues[0].examples[0].row, 13);
  EXPECT_EQ(report.issues[0].examples[0].value, "row 1");
}

TEST(ValidationTest, TakesTheReadersIssuesOverAndPutsErrorsFirst) {
  Table table = CleanTable();
  table.columns[0].numbers[12] = 0;
  Issue unreadable;
  unreadable.kind = "unreadable_value";
  Issue encoding;
  encoding.kind = "invalid_utf8";
  encoding.severity = Severity::kWarning;
  const DatasetReport report =
      Validate(ProfileTable(table), {encoding, unreadable}, CleanConfig(), kNow);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(Kinds(report), ElementsAre("unreadable_value", "invalid_utf8", "duplicate_rows"));
}

TEST(ValidationTest, AFeatureThatGivesTheTargetAway) {
  Table table = CleanTable();
  std::vector<double> copy;
  for (size_t i = 0; i < kRows; ++i) copy.push_back(i % 4 == 0 ? 1 : 0);
  table.columns.push_back(Numbers("copy", copy));
  config::DataConfig config = CleanConfig();
  DatasetReport report = Check(table, config);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("target_leakage"));
  EXPECT_GT(report.issues[0].value, 0.95);
  EXPECT_THAT(report.issues[0].message, HasSubstr("of what is unknown of 'y' by itself"));
  config.validation_rules.max_association = 0.9;
  EXPECT_FALSE(Check(table, config).passed);
  config.exclude_columns = {"copy"};
  EXPECT_THAT(Check(table, config).issues, IsEmpty());
}

TEST(ValidationTest, IsolatedOutliersAreTold) {
  std::vector<double> values;
  std::vector<std::string> labels;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(i % 100);
    labels.emplace_back(i % 7 < 3 ? "a" : "b");
  }
  values[17] = 1e6;
  const Table table = MakeTable({Numbers("age", values), Texts("y", labels)});
  config::DataConfig config = CleanConfig();
  config.validation_rules.max_duplicate_ratio = 1;
  DatasetReport report = Check(table, config);
  EXPECT_TRUE(report.passed);
  ASSERT_THAT(Kinds(report), ElementsAre("outliers", "duplicate_rows"));
  EXPECT_EQ(report.issues[0].count, 1);
  EXPECT_THAT(report.issues[0].message, HasSubstr("isolated, as mistakes are"));
  config.validation_rules.max_outlier_ratio = 0;
  EXPECT_FALSE(Check(table, config).passed);
  config.validation_rules = {};
  config.validation_rules.max_duplicate_ratio = 0.5;
  EXPECT_THAT(Kinds(Check(table, config)), ElementsAre("duplicate_rows", "outliers"));
}

TEST(ValidationTest, Freshness) {
  Table table = CleanTable();
  std::vector<double> times;
  for (size_t i = 0; i < kRows; ++i) times.push_back(kNow - 86'400.0 * static_cast<double>(i + 3));
  table.columns.push_back(Numbers("seen", times));
  table.columns.back().type = ColumnType::kTimestamp;
  config::DataConfig config = CleanConfig();
  config.timestamp_column = "seen";
  EXPECT_THAT(Check(table, config).issues, IsEmpty());
  config.validation_rules.max_age_days = 2;
  const DatasetReport report = Check(table, config);
  ASSERT_THAT(Kinds(report), ElementsAre("stale_data"));
  EXPECT_EQ(report.issues[0].message,
            "seen: the newest value is 3.0 days old, more than the 2 days that are allowed");
  table.columns.back().numbers[0] = kNow + 86'400.0 * 5;
  EXPECT_THAT(Kinds(Check(table, config)), ElementsAre("future_timestamps"));
}

TEST(FormatPercentTest, ShowsEnoughDigitsToTellTwoApart) {
  EXPECT_EQ(FormatPercent(0.01), "1.0 %");
  EXPECT_EQ(FormatPercent(0.00003), "0.003 %");
  EXPECT_EQ(FormatPercent(0.1004, 0.1), "10.04 %");
  EXPECT_EQ(FormatPercent(0.1, 0.1004), "10.00 %");
  EXPECT_EQ(FormatPercent(0), "0.0 %");
}

Table TableWithIdentifiers() {
  Table table = CleanTable();
  std::vector<std::string> customer;
  std::vector<std::string> nearly;
  for (size_t i = 0; i < kRows; ++i) {
    customer.push_back("c" + std::to_string(i));
    nearly.push_back("n" + std::to_string(i < 195 ? i : 0));
  }
  table.columns.push_back(Texts("customerID", customer));
  table.columns.push_back(Texts("nearly", nearly));
  return table;
}

TEST(SelectFeaturesTest, LeavesIdentifiersOutUnasked) {
  const std::vector<Issue> issues = Check(TableWithIdentifiers()).issues;
  const auto features = SelectFeatures(TableWithIdentifiers(), CleanConfig(), issues);
  ASSERT_TRUE(features.ok());
  EXPECT_THAT(*features, ElementsAre("age", "city"));
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_EQ(issues[0].kind, "identifier_column");
  EXPECT_EQ(
      issues[0].message,
      "customerID: no value repeats; it is taken for an identifier and left out of the features");
  EXPECT_EQ(issues[1].message,
            "nearly: 97.5 % of the values are distinct; it is taken for an identifier and left out "
            "of the features");
  const DatasetReport report = Check(TableWithIdentifiers());
  EXPECT_TRUE(report.passed);
  EXPECT_THAT(Kinds(report), ElementsAre("identifier_column", "identifier_column"));
}

TEST(SelectFeaturesTest, TakesWhatIsListedInItsOrder) {
  config::DataConfig config = CleanConfig();
  config.feature_columns = {"customerID", "age"};
  EXPECT_THAT(
      *SelectFeatures(TableWithIdentifiers(), config, Check(TableWithIdentifiers(), config).issues),
      ElementsAre("customerID", "age"));
  EXPECT_EQ(Check(TableWithIdentifiers(), config).issues[0].message,
            "customerID: no value repeats; as a feature it says nothing of new rows");
}

TEST(SelectFeaturesTest, LeavesOutIdsExcludedOnesAndTheSplitsGroup) {
  config::DataConfig config = CleanConfig();
  config.id_columns = {"customerID"};
  config.exclude_columns = {"nearly"};
  config.split.group = "city";
  EXPECT_THAT(
      *SelectFeatures(TableWithIdentifiers(), config, Check(TableWithIdentifiers(), config).issues),
      ElementsAre("age"));
}

TEST(SelectFeaturesTest, TellsAllMistakesAtOnce) {
  config::DataConfig config = CleanConfig();
  config.feature_columns = {"agee", "y", "city"};
  config.exclude_columns = {"city"};
  const auto features = SelectFeatures(CleanTable(), config, {});
  ASSERT_FALSE(features.ok());
  EXPECT_THAT(features.error().ToString(), HasSubstr("no feature column 'agee'"));
  ASSERT_EQ(features.error().others().size(), 2U);
  EXPECT_THAT(features.error().others()[0].ToString(), HasSubstr("'y' is the target as well"));
  EXPECT_THAT(features.error().others()[1].ToString(),
              HasSubstr("'city' is among exclude_columns"));
}

TEST(SelectFeaturesTest, SaysWhenNoFeatureIsLeft) {
  config::DataConfig config = CleanConfig();
  config.exclude_columns = {"age", "city"};
  const auto features = SelectFeatures(CleanTable(), config, {});
  ASSERT_FALSE(features.ok());
  EXPECT_THAT(features.error().ToString(), HasSubstr("no column is left"));
}

}  // namespace
}  // namespace slipway::data
