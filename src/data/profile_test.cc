#include "data/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProfileTest, AgreesWithNumpy) {
  const Table table = MakeTable({OracleColumn("x")});
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).front();
  // np.quantile, .mean(), sum of squares about it, np.unique and np.histogram(bins=20) of the
  // present values.
  const std::vector<double> quantiles = {-29.999,  -29.86844,          -27.2855,
                                         36.8225,  230.10000000000002, 545.3225,
                                         889.4893, 967.56166,          986.064};
  ASSERT_EQ(profile.quantiles.size(), quantiles.size());
  for (size_t i = 0; i < quantiles.size(); ++i) {
    EXPECT_DOUBLE_EQ(profile.quantiles[i], quantiles[i]);
  }
  EXPECT_EQ(profile.count, 1000);
  EXPECT_EQ(profile.missing, 77);
  EXPECT_EQ(profile.distinct, 923);
  EXPECT_DOUBLE_EQ(profile.min, -29.999);
  EXPECT_DOUBLE_EQ(profile.max, 986.064);
  EXPECT_NEAR(profile.mean, 312.6558472372697, 1e-11);
  EXPECT_NEAR(profile.m2, 84976326.30410546, 1e-5);
  EXPECT_DOUBLE_EQ(profile.histogram.low, -29.999);
  EXPECT_DOUBLE_EQ(profile.histogram.high, 986.064);
  EXPECT_THAT(profile.histogram.counts, ElementsAre(200, 86, 65, 56, 49, 45, 41, 38, 35, 34, 33, 30,
                                                    29, 29, 27, 27, 25, 26, 24, 24));
}

TEST(ProfileTest, LooksAtTheGivenRowsOnly) {
  const Table table = MakeTable({Numbers("x", {1, 100, 3, 200}), Texts("c", {"a", "b", "a", "c"})});
  const std::vector<int64_t> rows = {0, 2};
  const auto profiles = ProfileTable(table, rows);
  EXPECT_EQ(profiles[0].max, 3);
  EXPECT_EQ(profiles[0].mean, 2);
  EXPECT_EQ(profiles[0].m2, 2);
  EXPECT_TRUE(profiles[0].integral);
  EXPECT_EQ(profiles[1].distinct, 1);
  ASSERT_EQ(profiles[1].top.size(), 1U);
  EXPECT_EQ(profiles[1].top[0].count, 2);
}

TEST(ProfileTest, OrdersCategoriesByCountAndThenByBytes) {
  const Table table = MakeTable({Texts("c", {"b", "a", "c", "c", "", "B"})});
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).front();
  EXPECT_EQ(profile.missing, 1);
  EXPECT_EQ(profile.distinct, 4);
  std::vector<std::string> values;
  for (const CategoryCount& item : profile.top) values.push_back(item.value);
  EXPECT_THAT(values, ElementsAre("c", "B", "a", "b"));
}

TEST(ProfileTest, KeepsTheHundredMostFrequentCategories) {
  std::vector<std::string> values;
  for (int i = 0; i < 150; ++i)
    values.insert(values.end(), static_cast<size_t>(1 + i % 3), std::to_string(1000 + i));
  const Table table = MakeTable({Texts("c", values)});
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).front();
  EXPECT_EQ(profile.distinct, 150);
  ASSERT_EQ(profile.top.size(), 100U);
  EXPECT_EQ(profile.top[49].count, 3);
  EXPECT_EQ(profile.top[50].count, 2);
  EXPECT_EQ(profile.top[50].value, "1001");
}

TEST(ProfileTest, SurvivesColumnsWithoutValuesWithOneAndWithInfiniteOnes) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Table table =
      MakeTable({Numbers("none", {kMissingNumber, kMissingNumber}), Numbers("one", {5, 5}),
                 Numbers("infinite", {infinity, 2}), Texts("empty", {"", ""})});
  const auto profiles = ProfileTable(table, AllRows(table));
  EXPECT_EQ(profiles[0].missing, 2);
  EXPECT_THAT(profiles[0].quantiles, IsEmpty());
  EXPECT_THAT(profiles[0].histogram.counts, IsEmpty());
  EXPECT_THAT(profiles[1].histogram.counts, ElementsAre(2));
  EXPECT_EQ(profiles[1].m2, 0);
  EXPECT_EQ(profiles[2].distinct, 2);
  EXPECT_EQ(profiles[2].max, 2);
  EXPECT_EQ(profiles[2].mean, 2);
  EXPECT_THAT(profiles[3].top, IsEmpty());
  const std::vector<int64_t> no_rows;
  EXPECT_EQ(ProfileTable(table, no_rows)[1].count, 0);
}

TEST(ProfileTest, IsTheSameOnAnyNumberOfThreads) {
  Table table = MakeTable(
      {OracleColumn("a"), Texts("c", std::vector<std::string>(1000, "x")), OracleColumn("b")});
  const auto rows = AllRows(table);
  const auto one = ProfileTable(table, rows, 1);
  const auto four = ProfileTable(table, rows, 4);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(ToJson(one[i]), ToJson(four[i]));
}

}  // namespace
}  // namespace slipway::data
