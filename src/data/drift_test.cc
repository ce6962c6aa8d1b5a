#include "data/drift.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "data/distribution.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

double Normal(Random* random) {
  // Box and Muller.
  const double radius = std::sqrt(-2 * std::log(1 - random->Uniform()));
  return radius * std::cos(2 * M_PI * random->Uniform());
}

Column Numbers(const std::string& name, int64_t rows, double mean, Random* random) {
  Column column;
  column.name = name;
  for (int64_t i = 0; i < rows; ++i) column.numbers.push_back(mean + Normal(random));
  return column;
}

// Categories "0", "1", … in byte order, by these shares.
Column Categories(const std::string& name, int64_t rows, const std::vector<double>& shares,
                  Random* random) {
  Column column;
  column.name = name;
  column.type = ColumnType::kCategory;
  for (size_t i = 0; i < shares.size(); ++i) column.categories.push_back(fmt::format("{:03}", i));
  for (int64_t i = 0; i < rows; ++i) {
    double left = random->Uniform();
    int32_t code = 0;
    while (left >= shares[static_cast<size_t>(code)] &&
           static_cast<size_t>(code) + 1 < shares.size()) {
      left -= shares[static_cast<size_t>(code++)];
    }
    column.codes.push_back(code);
  }
  return column;
}

// 20 columns of numbers and one of 100 categories, as the false alarms are counted with.
Table WithoutDrift(int64_t rows, Random* random) {
  Table table;
  table.rows = rows;
  for (int i = 0; i < 20; ++i)
    table.columns.push_back(Numbers(fmt::format("n{}", i), rows, 0, random));
  table.columns.push_back(Categories("c", rows, std::vector<double>(100, 0.01), random));
  return table;
}

DriftReport Found(const Table& reference, const Table& current, const DriftOptions& options = {}) {
  auto report = FindDrift(ProfileTable(reference), ProfileTable(current), options);
  EXPECT_TRUE(report.ok());
  return report.ok() ? *std::move(report) : DriftReport{};
}

// By the level of 5 % some 10 of 200 might alarm by significance alone; the effect forbids most.
TEST(Drift, NoMoreFalseAlarmsThanPromised) {
  Random random(11);
  int alarms = 0;
  for (int i = 0; i < 200; ++i)
    alarms +=
        Found(WithoutDrift(1000, &random), WithoutDrift(1000, &random)).drift_detected ? 1 : 0;
  EXPECT_LE(alarms, 10);
}

TEST(Drift, FindsWhatMatters) {
  constexpr int64_t kRows = 10'000;
  Random random(12);
  int shifts = 0, shares = 0;
  for (int i = 0; i < 30; ++i) {
    const Table reference{{Numbers("x", kRows, 0, &random), Numbers("y", kRows, 0, &random),
                           Categories("c", kRows, {0.3, 0.3, 0.4}, &random)},
                          kRows};
    const Table current{{Numbers("x", kRows, 0.25, &random), Numbers("y", kRows, 0, &random),
                         Categories("c", kRows, {0.35, 0.3, 0.35}, &random)},
                        kRows};
    const DriftReport report = Found(reference, current);
    shifts += report.columns[0].drifted ? 1 : 0;
    shares += report.columns[2].drifted ? 1 : 0;
  }
  EXPECT_EQ(shifts, 30);
  EXPECT_EQ(shares, 30);
}

TEST(Drift, SignificantAndOfNoConsequenceIsNone) {
  Random random(13);
  const Table reference{{Numbers("x", 100'000, 0, &random)}, 100'000};
  const Table current{{Numbers("x", 100'000, 0.04, &random)}, 100'000};
  const DriftReport report = Found(reference, current);
  EXPECT_FALSE(report.drift_detected);
  EXPECT_LT(report.columns[0].q_value, 1e-6);
  EXPECT_THAT(report.columns[0].reason, HasSubstr("significant, and too small to matter"));
}

TEST(Drift, MissingnessCounts) {
  Random random(14);
  const Table reference{{Numbers("x", 2000, 0, &random)}, 2000};
  Table current{{Numbers("x", 2000, 0, &random)}, 2000};
  for (size_t i = 0; i < 300; ++i) current.columns[0].numbers[i] = kMissingNumber;
  const DriftReport report = Found(reference, current);
  EXPECT_THAT(report.DriftedFeatures(), ElementsAre("x"));
  EXPECT_THAT(report.columns[0].reason, HasSubstr("missing 0.0 % → 15.0 %"));
}

TEST(Drift, ColumnsThatComeGoAndChange) {
  Random random(15);
  Table reference{{Numbers("gone", 100, 0, &random), Numbers("kind", 100, 0, &random)}, 100};
  Table current{{Categories("kind", 100, {0.5, 0.5}, &random), Numbers("new", 100, 0, &random)},
                100};
  const DriftReport report = Found(reference, current);
  EXPECT_THAT(report.DriftedFeatures(), ElementsAre("gone", "kind", "new"));
  EXPECT_THAT(report.columns[0].reason, HasSubstr("gone"));
  EXPECT_EQ(report.columns[1].reason, "was numeric, is category");
  EXPECT_EQ(report.columns[2].reason, "not in the reference");
}

Table TableOfNumbers(std::vector<double> numbers) {
  Column column;
  column.name = "x";
  column.numbers = std::move(numbers);
  Table table;
  table.rows = column.size();
  table.columns.push_back(std::move(column));
  return table;
}

TEST(Drift, ARareCategoryThatBecomesFrequentIsFoundWhateverTheOthersAre) {
  const auto column = [](int64_t rare, int64_t rows) {
    Column classes;
    classes.name = "class";
    classes.type = ColumnType::kCategory;
    classes.categories = {"fraud", "ok"};
    classes.codes.assign(static_cast<size_t>(rows), 1);
    std::fill_n(classes.codes.begin(), rare, 0);
    Table table;
    table.rows = rows;
    table.columns.push_back(std::move(classes));
    return table;
  };
  const DriftReport found = Found(column(10, 5'000), column(100, 5'000));
  EXPECT_TRUE(found.drift_detected);
  EXPECT_LT(found.columns[0].effect_value, found.columns[0].effect_limit);
  EXPECT_THAT(found.columns[0].reason, HasSubstr("'fraud' 0.2 % → 2.0 %, 10 times as often"));
  // Less than 1 % of the rows, less than twice, and what chance does to few rows.
  EXPECT_FALSE(Found(column(10, 5'000), column(50, 5'000)).drift_detected);
  EXPECT_FALSE(Found(column(150, 5'000), column(220, 5'000)).drift_detected);
  EXPECT_FALSE(Found(column(1, 100), column(5, 100)).drift_detected);
}

TEST(Drift, ValuesOutsideTheReferencesRangeAreFoundWhateverTheOthersAre) {
  std::vector<double> before(5'000), after(5'000);
  for (size_t i = 0; i < before.size(); ++i)
    before[i] = after[i] = 100.0 + static_cast<double>(i % 50);
  std::fill_n(after.begin(), 40, -1.0);
  EXPECT_FALSE(Found(TableOfNumbers(before), TableOfNumbers(after)).drift_detected);
  std::fill_n(after.begin(), 60, -1.0);
  const DriftReport found = Found(TableOfNumbers(before), TableOfNumbers(after));
  EXPECT_TRUE(found.drift_detected);
  EXPECT_THAT(found.columns[0].reason,
              HasSubstr("1.2 % of the values outside the reference's 100 … 149"));
  // Of many rows some always lie beyond a few others.
  const std::vector<double> few(before.begin() + 10, before.begin() + 30);
  std::vector<double> many(1'000);
  for (size_t i = 0; i < many.size(); ++i) many[i] = 108.0 + static_cast<double>(i % 23);
  EXPECT_THAT(Found(TableOfNumbers(few), TableOfNumbers(many)).columns[0].reason,
              Not(HasSubstr("outside")));
}

TEST(Drift, AValueOrTwoSayNothing) {
  const DriftReport found =
      Found(TableOfNumbers({1}), TableOfNumbers(std::vector<double>(500, 600)));
  EXPECT_FALSE(found.drift_detected);
  EXPECT_EQ(found.columns[0].reason, "not compared: fewer than 5 values");
}

TEST(Drift, NewAndVanishedCategoriesAreNamed) {
  Random random(16);
  const Table reference{{Categories("c", 1000, {0.5, 0.4, 0.1}, &random)}, 1000};
  Table current{{Categories("c", 1000, {0.5, 0.4, 0.1}, &random)}, 1000};
  current.columns[0].categories[2] = "zzz";
  const DriftReport report = Found(reference, current);
  EXPECT_TRUE(report.columns[0].drifted);
  EXPECT_THAT(report.columns[0].new_categories, ElementsAre("zzz"));
  EXPECT_THAT(report.columns[0].vanished_categories, ElementsAre("002"));
  EXPECT_THAT(report.columns[0].reason, HasSubstr("new: zzz"));
}

TEST(Drift, WhatCannotBeComparedIsSaid) {
  Random random(17);
  Column time = Numbers("t", 100, 0, &random), empty = Numbers("e", 100, 0, &random);
  time.type = ColumnType::kTimestamp;
  std::ranges::fill(empty.numbers, kMissingNumber);
  const Table table{{time, empty, Categories("id", 100, std::vector<double>(100, 0.01), &random)},
                    100};
  const DriftReport report = Found(table, table);
  EXPECT_THAT(report.DriftedFeatures(), IsEmpty());
  EXPECT_THAT(report.columns[0].reason, HasSubstr("time moves on"));
  EXPECT_EQ(report.columns[1].reason, "no values to compare");
  EXPECT_THAT(report.columns[2].reason, HasSubstr("hardly any value repeats"));
}

TEST(Drift, IsTheSameOnAnyNumberOfThreads) {
  Random random(18);
  const Table reference = WithoutDrift(500, &random), current = WithoutDrift(700, &random);
  DriftOptions one, four;
  one.threads = 1;
  four.threads = 4;
  EXPECT_EQ(ToJson(Found(reference, current, one)), ToJson(Found(reference, current, four)));
}

TEST(Drift, AnUnknownColumnIsAnError) {
  Random random(19);
  const Table table{{Numbers("age", 10, 0, &random)}, 10};
  DriftOptions options;
  options.columns = {"agee"};
  const TableProfile profile = ProfileTable(table);
  const auto report = FindDrift(profile, profile, options);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().ToString(), HasSubstr("neither table has a column 'agee'; try age"));
}

const ColumnDrift& Only(const DriftReport& report) { return report.columns.front(); }

double MeasureOf(const ColumnDrift& column, const std::string& name) {
  for (const auto& [known, value] : column.measures) {
    if (known == name) return value;
  }
  return NAN;
}

// A table too large to be kept exactly, and the same stored and read.
TEST(Drift, FromSketchesWithinTheirError) {
  Random random(20);
  const Table reference{{Numbers("x", 150'000, 0, &random)}, 150'000};
  const Table current{{Numbers("x", 150'000, 0.3, &random)}, 150'000};
  std::vector<double> left = reference.columns[0].numbers, right = current.columns[0].numbers;
  std::ranges::sort(left);
  std::ranges::sort(right);
  const NumberDistances exact = Compare(DistributionOf(left), DistributionOf(right));
  const auto stored = TableProfileFromJson(ToStoredJson(ProfileTable(reference)));
  ASSERT_TRUE(stored.ok());
  const auto report = FindDrift(*stored, ProfileTable(current), {});
  ASSERT_TRUE(report.ok());
  const ColumnDrift& column = Only(*report);
  EXPECT_TRUE(column.drifted);
  EXPECT_GT(column.rank_error, 0);
  EXPECT_NEAR(MeasureOf(column, "ks"), exact.largest / (150'000.0 * 150'000.0),
              2 * column.rank_error);
  // Each distribution function is off by the rank error at most, over a range of some ten
  // deviations.
  EXPECT_NEAR(MeasureOf(column, "wasserstein"), exact.normed_wasserstein, 20 * column.rank_error);
}

TEST(Drift, AnotherMeasureDecidesWhereAskedFor) {
  Random random(21);
  const Table reference{
      {Numbers("x", 5000, 0, &random), Categories("c", 5000, {0.5, 0.5}, &random)}, 5000};
  const Table current{
      {Numbers("x", 5000, 0.4, &random), Categories("c", 5000, {0.9, 0.1}, &random)}, 5000};
  for (const char* effect : {"jensen_shannon", "hellinger", "psi"}) {
    DriftOptions options;
    options.effect = effect;
    const DriftReport report = Found(reference, current, options);
    for (const ColumnDrift& column : report.columns) {
      EXPECT_TRUE(column.drifted) << effect;
      EXPECT_EQ(column.effect, effect);
      EXPECT_EQ(column.effect_value, MeasureOf(column, effect));
      EXPECT_GT(column.effect_limit, 0.1);
      EXPECT_LT(column.effect_limit, 0.12);
    }
  }
}

// Noise alone must not reach the limit of any measure, however many categories there are.
TEST(Drift, MeasuresAreCalibratedToSampleSizeAndCategoryCount) {
  Random random(22);
  for (const char* effect : {"jensen_shannon", "hellinger", "psi"}) {
    DriftOptions options;
    options.effect = effect;
    options.alpha = 1;  // The effect alone decides.
    int above = 0;
    for (int i = 0; i < 20; ++i) {
      const std::vector<double> shares(100, 0.01);
      const Table reference{{Categories("c", 1000, shares, &random)}, 1000};
      const Table current{{Categories("c", 1000, shares, &random)}, 1000};
      above += Only(Found(reference, current, options)).drifted ? 1 : 0;
    }
    EXPECT_LE(above, 1) << effect;
  }
}

}  // namespace
}  // namespace slipway::data
