#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/feature_fit_internal.h"
#include "data/preprocessing.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Steps = std::vector<config::PreprocessingStep>;

config::PreprocessingStep Select(Json options) {
  return {.name = "feature_selection", .options = std::move(options)};
}

std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

std::vector<std::string> Dropped(const Table& table, const Steps& steps,
                                 const Target* target = nullptr) {
  const auto plan = FitPreprocessing(table, NamesOf(table), steps, AllRows(table), target);
  if (!plan.ok()) return {plan.error().ToString()};
  std::vector<std::string> dropped;
  for (const DroppedFeature& feature : plan->dropped) {
    dropped.push_back(feature.name + ": " + feature.reason);
  }
  return dropped;
}

Target Classes(std::vector<std::string> labels, std::vector<int32_t> classes) {
  Target target;
  target.labels = std::move(labels);
  target.classes = std::move(classes);
  return target;
}

// k = np.arange(1000), x as in OracleColumn, missing values as its mean:
//   two = (k * 31 % 97 < 40) ^ ((x > 100) & (k % 3 == 0)), with x 0 where it is missing
//   three = k * k % 3; number = 0.01 * x + k * 131 % 89
struct Oracle {
  Table table = MakeTable({OracleColumn("x")});
  std::vector<int64_t> rows = AllRows(table);
  Target two, three, number;
};

Oracle MakeOracle() {
  Oracle oracle;
  oracle.two.labels = {"0", "1"};
  oracle.three.labels = {"0", "1", "2"};
  oracle.number.task = Task::kRegression;
  for (int k = 0; k < 1000; ++k) {
    const double raw = oracle.table.columns[0].numbers[static_cast<size_t>(k)];
    const double x = std::isnan(raw) ? 0 : raw;
    oracle.two.classes.push_back(static_cast<int>(k * 31 % 97 < 40) ^
                                 static_cast<int>(x > 100 && k % 3 == 0));
    oracle.three.classes.push_back(k * k % 3);
    oracle.number.values.push_back(0.01 * x + k * 131 % 89);
  }
  return oracle;
}

// sklearn.feature_selection.f_classif and f_regression after SimpleImputer().
TEST(FScoreTest, AgreesWithScikitLearn) {
  const Oracle oracle = MakeOracle();
  const auto fit = MeasureFeature(oracle.table.columns[0], oracle.rows);
  ASSERT_TRUE(fit.ok());
  EXPECT_NEAR(FScore(*fit, {oracle.rows, &oracle.two}), 0.8748061765247992, 1e-10);
  EXPECT_NEAR(FScore(*fit, {oracle.rows, &oracle.three}), 0.22393393372513506, 1e-10);
  EXPECT_NEAR(FScore(*fit, {oracle.rows, &oracle.number}), 6.758501728554735, 1e-9);
}

// In any unit, also one whose squares no double can hold.
TEST(FScoreTest, HasNoUnit) {
  const Oracle oracle = MakeOracle();
  for (const double unit : {1e-300, 1e-9, 1e12, 1e300}) {
    Column column = oracle.table.columns[0];
    for (double& value : column.numbers) value *= unit;
    const auto fit = MeasureFeature(column, oracle.rows);
    EXPECT_NEAR(FScore(*fit, {oracle.rows, &oracle.two}), 0.8748061765247992, 1e-9) << unit;
  }
}

TEST(FScoreTest, IsNoneForAConstantAndInfiniteForWhatTellsAll) {
  const Target target = Classes({"a", "b"}, {0, 0, 1, 1});
  const std::vector<int64_t> rows = {0, 1, 2, 3};
  const TrainingRows training{rows, &target};
  EXPECT_EQ(FScore(*MeasureFeature(Numbers("x", {5, 5, 5, 5}), rows), training), 0);
  EXPECT_EQ(FScore(*MeasureFeature(Numbers("x", {1, 1, 3, 3}), rows), training),
            std::numeric_limits<double>::infinity());
}

// sklearn.metrics.mutual_info_score of np.searchsorted(np.unique(np.quantile(x, np.arange(32) /
// 32)), x, side="right"), less (bins - 1) (bins of the target - 1) / 2 N.
TEST(MutualInformationTest, AgreesWithScikitLearn) {
  const Oracle oracle = MakeOracle();
  const auto fit = MeasureFeature(oracle.table.columns[0], oracle.rows);
  EXPECT_EQ(MutualInformation(*fit, {oracle.rows, &oracle.two}), 0);
  EXPECT_NEAR(MutualInformation(*fit, {oracle.rows, &oracle.number}), 0.7041916031973123, 1e-10);
}

TEST(MutualInformationTest, IsTheEntropyOfWhatIsTold) {
  std::vector<std::string> texts;
  std::vector<int32_t> classes;
  for (int i = 0; i < 1000; ++i) {
    texts.emplace_back(i % 4 == 0 ? "" : (i % 2 == 0 ? "b" : "c"));
    classes.push_back(i % 4 == 0 ? 0 : 1);
  }
  const Target target = Classes({"0", "1"}, classes);
  const Table table = MakeTable({Texts("t", texts)});
  const auto fit = MeasureFeature(table.columns[0], AllRows(table));
  const double entropy = -0.25 * std::log(0.25) - 0.75 * std::log(0.75);
  EXPECT_NEAR(MutualInformation(*fit, {AllRows(table), &target}), entropy - 2 / 2000.0, 1e-12);
}

// A name for every row seems to tell everything, and tells nothing.
TEST(MutualInformationTest, TakesOffWhatChanceShows) {
  std::vector<std::string> names;
  std::vector<double> hint;
  std::vector<int32_t> classes;
  for (int i = 0; i < 600; ++i) {
    names.push_back("row" + std::to_string(i));
    classes.push_back(i * 7 % 2);
    hint.push_back(i % 10 == 0 ? 0.5 : classes.back());
  }
  const Target target = Classes({"0", "1"}, classes);
  const Table table = MakeTable({Texts("name", names), Numbers("hint", hint)});
  const Json options = {{"method", "mutual_information"}, {"k", 1}};
  EXPECT_THAT(Dropped(table, {Select(options)}, &target),
              ElementsAre(HasSubstr("name: mutual information")));
}

TEST(CorrelationTest, DropsTheLaterOfTwoThatGoTogether) {
  std::vector<double> a = OracleColumn("a").numbers;
  std::vector<double> b;
  std::vector<double> c;
  for (size_t k = 0; k < a.size(); ++k) {
    // Missing values count as the mean, 307.7…: pandas' fillna(mean).corr() has the figures.
    const double x = a[k];
    b.push_back(static_cast<double>(k * k % 7) + 0.001 * (std::isnan(x) ? 308.7 : x));
    c.push_back(5.0 * static_cast<double>(k % 11) - x);
  }
  const Table table = MakeTable({Numbers("a", a), Numbers("b", b), Numbers("c", c),
                                 Texts("t", std::vector<std::string>(a.size(), "x"))});
  const Steps steps = {Select({{"method", "correlation"}})};
  EXPECT_THAT(Dropped(table, steps), ElementsAre(HasSubstr("c: correlation -0.998")));
  EXPECT_THAT(Dropped(table, steps)[0], HasSubstr("with 'a' is below -0.95"));
  EXPECT_THAT(Dropped(table, {Select({{"method", "correlation"}, {"max_correlation", 0.999}})}),
              IsEmpty());
  EXPECT_THAT(Dropped(table, {Select({{"method", "correlation"}, {"max_correlation", 0.1}})}),
              ElementsAre(HasSubstr("b: correlation 0.19"), HasSubstr("c: correlation")));
}

TEST(CorrelationTest, OfManyFeaturesIsThatOfEachPair) {
  // Three families of features, each but noise of one column; more rows and columns than a block.
  std::vector<Column> columns;
  for (int f = 0; f < 40; ++f) {
    std::vector<double> values;
    for (int64_t row = 0; row < 1300; ++row) {
      const int64_t noise = (row * 7919 + f * 104'729) % 1009;
      values.push_back(static_cast<double>(row * row * (f % 3 + 1) % 997) +
                       0.001 * static_cast<double>(noise));
    }
    columns.push_back(Numbers("f" + std::to_string(f), values));
  }
  const Table table = MakeTable(columns);
  const std::vector<std::string> names = NamesOf(table);
  const Steps steps = {Select({{"method", "correlation"}})};
  const auto one = FitPreprocessing(table, names, steps, AllRows(table), nullptr, 1);
  const auto four = FitPreprocessing(table, names, steps, AllRows(table), nullptr, 4);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(CompactJson(ToJson(*one)), CompactJson(ToJson(*four)));
  std::vector<std::string> kept;
  for (const FeaturePlan& feature : one->features) kept.push_back(feature.name);
  EXPECT_THAT(kept, ElementsAre("f0", "f1", "f2"));
  EXPECT_THAT(one->dropped[36].reason, HasSubstr("with 'f0' is above 0.95"));
}

TEST(FeatureSelectionTest, MethodsActInTheirOrderOnWhatIsLeft) {
  const Target target = Classes({"0", "1"}, {0, 0, 0, 0, 1, 1, 1, 1});
  const Table table = MakeTable(
      {Numbers("weak", {1, 2, 3, 5, 2, 1, 4, 4}), Numbers("flat", {7, 7, 7, 7, 7, 7, 7, 7}),
       Numbers("strong", {1, 2, 1, 2, 8, 9, 8, 9}), Numbers("twin", {2, 4, 2, 4, 16, 18, 16, 19}),
       Texts("t", {"a", "b", "a", "b", "a", "b", "a", "b"})});
  const Json options = {
      {"methods", {"variance", "correlation", "f_test"}}, {"min_variance", 0.5}, {"min_score", 4}};
  EXPECT_THAT(
      Dropped(table, {Select(options)}, &target),
      ElementsAre("weak: F 0 is below 4", "flat: constant", HasSubstr("twin: correlation 0.999")));
  EXPECT_THAT(Dropped(table, {Select({{"method", "f_test"}, {"k", 1}})}, &target),
              ElementsAre("weak: F 0 is not among the 1 best", "flat: F 0 is not among the 1 best",
                          "twin: F 226.674 is not among the 1 best"));
}

TEST(FeatureSelectionTest, LooksAtTrainingRowsOnly) {
  const Target target = Classes({"0", "1"}, {0, 0, 1, 1, 0, 1});
  const Table table =
      MakeTable({Numbers("x", {1, 2, 8, 9, 9, 1}), Numbers("y", {5, 5.5, 5.5, 5, 0, 100})});
  const std::vector<int64_t> rows = {0, 1, 2, 3};
  const auto plan = FitPreprocessing(
      table, {"x", "y"}, {Select({{"method", "f_test"}, {"min_score", 1}})}, rows, &target);
  ASSERT_EQ(plan->dropped.size(), 1U);
  EXPECT_EQ(plan->dropped[0].reason, "F 0 is below 1");
}

TEST(FeatureSelectionTest, SaysWhichOptionsDoNotFit) {
  const Table table = MakeTable({Numbers("x", {1, 2})});
  const auto error = [&](Json options) { return Dropped(table, {Select(std::move(options))})[0]; };
  EXPECT_THAT(error({{"method", "f_test"}}), HasSubstr("f_test has no limit"));
  EXPECT_THAT(error({{"method", "f_test"}, {"k", 1}}), HasSubstr("needs the target"));
  EXPECT_THAT(error({{"k", 1}}), HasSubstr("no method that is listed has a k"));
  EXPECT_THAT(error({{"method", "correlation"}, {"min_variance", 1}}),
              HasSubstr("no method that is listed has a min_variance"));
  EXPECT_THAT(error({{"methods", {"f_test", "mutual_information"}}, {"k", 1}}),
              HasSubstr("would share k and min_score"));
  EXPECT_THAT(error({{"method", "variance"}, {"methods", {"correlation"}}}),
              HasSubstr("both method and methods"));
  EXPECT_THAT(error({{"methods", {"corelation"}}}), HasSubstr("try 'correlation'"));
  EXPECT_THAT(error({{"methods", {"variance", "variance"}}}), HasSubstr("listed twice"));
  EXPECT_THAT(error({{"methods", "variance"}}), HasSubstr("not a list"));
  EXPECT_THAT(error({{"method", "f_test"}, {"k", 0}}), HasSubstr("at least 1"));
}

}  // namespace
}  // namespace slipway::data
