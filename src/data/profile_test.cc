#include "data/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/random.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProfileTest, AgreesWithNumpy) {
  const Table table = MakeTable({OracleColumn("x")});
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).columns.front();
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
  const auto profiles = ProfileTable(table, rows).columns;
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
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).columns.front();
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
  const ColumnProfile profile = ProfileTable(table, AllRows(table)).columns.front();
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
  const auto profiles = ProfileTable(table, AllRows(table)).columns;
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
  EXPECT_EQ(ProfileTable(table, no_rows).columns[1].count, 0);
}

// Several blocks of rows: numbers of three kinds, categories, and rows that repeat.
Table LargeTable(int64_t rows, uint64_t seed) {
  Random random(seed);
  std::vector<double> plain, whole, gaps;
  std::vector<std::string> texts;
  for (int64_t i = 0; i < rows; ++i) {
    plain.push_back(random.Uniform() * 100);
    whole.push_back(static_cast<double>(random.Below(50)));
    gaps.push_back(random.Below(10) == 0 ? kMissingNumber : plain.back() / 3);
    texts.push_back(random.Below(20) == 0 ? "" : "c" + std::to_string(random.Below(300)));
  }
  return MakeTable({Numbers("plain", plain), Numbers("whole", whole), Numbers("gaps", gaps),
                    Texts("texts", texts)});
}

TEST(ProfileTest, IsTheSameOnAnyNumberOfThreads) {
  const Table table = LargeTable(150'000, 1);
  const TableProfile one = ProfileTable(table, {}, 1), four = ProfileTable(table, {}, 4);
  EXPECT_EQ(ToStoredJson(one), ToStoredJson(four));
  EXPECT_EQ(one.sample.columns[0].numbers, four.sample.columns[0].numbers);
  EXPECT_EQ(one.sample.columns[3].codes, four.sample.columns[3].codes);
}

// What the sketches say of a table too large to be exact, held to the error that they state.
TEST(ProfileTest, SketchesKeepTheirPromises) {
  const Table table = LargeTable(300'000, 2);
  const TableProfile profile = ProfileTable(table);
  for (const size_t i : {0U, 2U}) {
    const ColumnProfile& column = profile.columns[i];
    EXPECT_GT(column.rank_error, 0);
    EXPECT_LT(column.rank_error, 0.01);
    std::vector<double> sorted;
    for (const double value : table.columns[i].numbers) {
      if (!std::isnan(value)) sorted.push_back(value);
    }
    std::ranges::sort(sorted);
    for (size_t q = 0; q < column.quantiles.size(); ++q) {
      const auto below = std::ranges::upper_bound(sorted, column.quantiles[q]) - sorted.begin();
      EXPECT_NEAR(static_cast<double>(below) / static_cast<double>(sorted.size()),
                  kQuantileProbabilities[q], column.rank_error);
    }
    EXPECT_EQ(column.min, sorted.front());
    EXPECT_EQ(column.max, sorted.back());
    const auto distinct = static_cast<double>(std::ranges::unique(sorted).begin() - sorted.begin());
    EXPECT_NEAR(static_cast<double>(column.distinct), distinct,
                4 * column.distinct_error * distinct);
    EXPECT_EQ(std::accumulate(column.histogram.counts.begin(), column.histogram.counts.end(), 0L),
              column.count - column.missing);
  }
  EXPECT_EQ(profile.columns[1].distinct, 50);
  EXPECT_EQ(profile.columns[1].top.size(), 50U);
  EXPECT_EQ(profile.columns[3].distinct, 300);
  EXPECT_EQ(profile.columns[3].distinct_error, 0);
}

TEST(ProfileTest, PartsMergeIntoTheWhole) {
  const Table table = LargeTable(300'000, 3);
  std::vector<int64_t> rows = AllRows(table);
  const std::span all(rows);
  auto merged = MergeProfiles(ProfileTable(table, all.first(100'000)),
                              ProfileTable(table, all.subspan(100'000, 50'000)));
  ASSERT_TRUE(merged.ok());
  // Stored and read in between, as parts of other days are.
  auto read = ReadStoredProfile(CompactJson(ToStoredJson(*merged)), "stored.json");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(ToStoredJson(*read), ToStoredJson(*TableProfileFromJson(ToStoredJson(*merged))));
  merged = MergeProfiles(*read, ProfileTable(table, all.subspan(150'000)));
  ASSERT_TRUE(merged.ok());
  const TableProfile whole = ProfileTable(table);
  EXPECT_EQ(merged->rows, whole.rows);
  for (size_t i = 0; i < whole.columns.size(); ++i) {
    const ColumnProfile& one = whole.columns[i];
    const ColumnProfile& parts = merged->columns[i];
    EXPECT_EQ(parts.count, one.count);
    EXPECT_EQ(parts.missing, one.missing);
    EXPECT_EQ(parts.distinct, one.distinct);
    EXPECT_EQ(parts.min, one.min);
    EXPECT_EQ(parts.max, one.max);
    EXPECT_NEAR(parts.mean, one.mean, 1e-9);
    EXPECT_NEAR(parts.m2, one.m2, 1e-9 * one.m2);
    EXPECT_EQ(parts.top, one.top);
    EXPECT_NEAR(parts.lengths.mean, one.lengths.mean, 1e-9);
    for (size_t q = 0; q < one.quantiles.size(); ++q) {
      EXPECT_NEAR(parts.sketches->values.Rank(one.quantiles[q]),
                  one.sketches->values.Rank(one.quantiles[q]), parts.rank_error + one.rank_error);
    }
  }
}

TEST(ProfileTest, PartsWithDifferentColumns) {
  const TableProfile left = ProfileTable(MakeTable({Numbers("x", {1, 2}), Texts("c", {"a", "b"})}));
  const TableProfile right = ProfileTable(MakeTable({Numbers("x", {3}), Numbers("new", {7})}));
  const auto merged = MergeProfiles(left, right);
  ASSERT_TRUE(merged.ok());
  ASSERT_EQ(merged->columns.size(), 3U);
  EXPECT_EQ(merged->columns[0].mean, 2);
  EXPECT_EQ(merged->columns[1].missing, 1);
  EXPECT_EQ(merged->columns[2].missing, 2);
  EXPECT_EQ(merged->columns[2].max, 7);
  const auto clash = MergeProfiles(left, ProfileTable(MakeTable({Texts("x", {"a"})})));
  ASSERT_FALSE(clash.ok());
  EXPECT_THAT(clash.error().ToString(), HasSubstr("'x' is numeric in one profile and category"));
}

ProfileOptions SampleOf(int64_t rows) {
  ProfileOptions options;
  options.sample_rows = rows;
  return options;
}

ProfileOptions TellingOf(const std::string& target) {
  ProfileOptions options;
  options.target = target;
  return options;
}

TEST(ProfileTest, TheSampleIsUniform) {
  const Table table = LargeTable(200'000, 4);
  const TableProfile profile = ProfileTable(table, SampleOf(5000));
  const Table& sample = profile.sample;
  ASSERT_EQ(sample.rows, 5000);
  EXPECT_FALSE(sample.columns[0].integral);
  EXPECT_TRUE(sample.columns[1].integral);
  // Standard errors of a mean of 5,000, of numbers uniform in [0, 100) and of a share.
  const double mean =
      std::accumulate(sample.columns[0].numbers.begin(), sample.columns[0].numbers.end(), 0.0) /
      5000;
  EXPECT_NEAR(mean, 50, 4 * 28.9 / std::sqrt(5000));
  EXPECT_NEAR(static_cast<double>(sample.columns[2].CountMissing()) / 5000, 0.1,
              4 * std::sqrt(0.09 / 5000));
  // Every row of the sample is one of the table.
  std::set<double> known(table.columns[0].numbers.begin(), table.columns[0].numbers.end());
  for (const double value : sample.columns[0].numbers) EXPECT_TRUE(known.contains(value));
}

TEST(ProfileTest, AssociationTellsWhatAColumnGivesAway) {
  Random random(5);
  std::vector<double> noise, copy, part;
  std::vector<std::string> id, label;
  for (int i = 0; i < 20'000; ++i) {
    const bool yes = random.Below(2) == 0;
    label.push_back(yes ? "yes" : "no");
    noise.push_back(random.Uniform());
    copy.push_back(yes ? 7 + random.Uniform() : random.Uniform());
    part.push_back(yes ? random.Uniform() + 0.5 : random.Uniform());
    id.push_back("row" + std::to_string(i));
  }
  const Table table = MakeTable({Numbers("noise", noise), Numbers("copy", copy),
                                 Numbers("part", part), Texts("id", id), Texts("label", label)});
  const TableProfile profile = ProfileTable(table, TellingOf("label"));
  EXPECT_LT(profile.columns[0].association, 0.01);
  EXPECT_GT(profile.columns[1].association, 0.95);
  // Half of the rows are certain, the others even: half of one bit is told.
  EXPECT_NEAR(profile.columns[2].association, 0.5, 0.05);
  EXPECT_LT(profile.columns[3].association, 0.01);
  EXPECT_TRUE(std::isnan(profile.columns[4].association));
}

TEST(ProfileTest, StoredProfilesThatAreDamagedAreErrors) {
  const Json stored = ToStoredJson(ProfileTable(MakeTable({Numbers("x", {1, 2, 3})})));
  ASSERT_TRUE(TableProfileFromJson(stored).ok());
  for (const char* key : {"values", "distinct", "frequent"}) {
    Json damaged = stored;
    damaged["columns"][0]["sketches"][key] = "AAAA";
    EXPECT_FALSE(TableProfileFromJson(damaged).ok()) << key;
  }
  EXPECT_FALSE(ReadStoredProfile("{\"rows\": 1, \"columns\": [{\"name\": \"#0\"}]}", "p").ok());
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, Json>>{
           {"count", 2},
           {"missing", 4},
           {"missing", -1},
           {"distinct", -1},
           {"infinite", INT64_MAX},
           {"quantiles", {1, 2}},
           {"histogram", {{"low", 1}, {"high", 3}, {"counts", {3, 4}}}}}) {
    Json damaged = stored;
    damaged["columns"][0][key] = value;
    EXPECT_FALSE(TableProfileFromJson(damaged).ok()) << key;
  }
  for (const Json& rows : {Json(-3), Json(INT64_MAX), Json(4)}) {
    Json damaged = stored;
    damaged["rows"] = rows;
    EXPECT_FALSE(TableProfileFromJson(damaged).ok()) << rows;
  }
  EXPECT_FALSE(TableProfileFromJson(Json::array()).ok());
  EXPECT_FALSE(TableProfileFromJson(Json::object()).ok());
}

TEST(ProfileTest, ProfilesWithoutSketchesDoNotMerge) {
  TableProfile profile = ProfileTable(MakeTable({Numbers("x", {1, 2, 3})}));
  profile.columns[0].sketches = nullptr;
  const auto merged = MergeProfiles(profile, profile);
  ASSERT_FALSE(merged.ok());
  EXPECT_EQ(merged.error().message(), "the profile of 'x' has no sketches to compare by");
}

}  // namespace
}  // namespace slipway::data
