#include "train/halving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <set>

namespace slipway::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int> TrialsOf(const std::vector<Rung>& rungs) {
  std::vector<int> trials;
  for (const Rung& rung : rungs) trials.push_back(rung.trials);
  return trials;
}

TEST(PlanHalving, AThirdGoesOnToThreeTimesTheRows) {
  const auto rungs = PlanHalving(30, 32'000);
  EXPECT_THAT(TrialsOf(rungs), ElementsAre(30, 10, 4, 2));
  EXPECT_DOUBLE_EQ(rungs.front().share, 1.0 / 27);
  EXPECT_EQ(rungs.back().share, 1);
}

TEST(PlanHalving, FewRowsAreNotCutUp) {
  EXPECT_THAT(TrialsOf(PlanHalving(30, 1'499)), ElementsAre(30));
  EXPECT_THAT(TrialsOf(PlanHalving(30, 1'500)), ElementsAre(30, 10));
  EXPECT_THAT(TrialsOf(PlanHalving(1, 1'000'000)), ElementsAre(1));
}

// Trials whose score is their number, less with fewer rows.
struct Fake {
  Search search;
  SearchCalls calls;
  std::mutex mutex;
  std::vector<std::pair<int, double>> asked;  // Trial and share.

  explicit Fake(int trials, const char* metric = "auc") {
    for (int i = 0; i < trials; ++i) search.candidates.push_back({{"x", i}});
    search.metric = metric;
    search.folds = 2;
    search.rows = search.least_rows = 50'000;
    search.threads = 2;
    calls.score = [this](int trial, double share, int /*fold*/, int /*threads*/) -> Result<double> {
      const std::lock_guard lock(mutex);
      asked.emplace_back(trial, share);
      return trial / 100.0 + share / 1000;
    };
    calls.out_of_time = [] { return false; };
    calls.progress = [](int64_t /*done*/, int64_t /*total*/) {};
  }
};

TEST(SearchByHalving, TheBestOnesGetTheRows) {
  Fake fake(30);
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
  EXPECT_EQ(outcome->chosen().number, 30);
  EXPECT_EQ(outcome->chosen().hyperparameters, Json({{"x", 29}}));
  EXPECT_EQ(outcome->chosen().rungs.size(), 4);
  EXPECT_EQ(outcome->chosen().rungs.back().rows, 50'000);
  EXPECT_EQ(outcome->trials[19].rungs.size(), 1);
  EXPECT_EQ(outcome->trials[20].rungs.size(), 2);
  EXPECT_EQ(fake.asked.size(), 2 * (30 + 10 + 4 + 2));
}

// Folds that go forward in time learn from few rows first.
TEST(SearchByHalving, TheSmallestFoldDecidesTheFirstShare) {
  Fake fake(30);
  fake.search.least_rows = 4'600;
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
  EXPECT_DOUBLE_EQ(std::ranges::min(fake.asked, {}, &std::pair<int, double>::second).second,
                   1.0 / 9);
  EXPECT_EQ(outcome->chosen().rungs.back().rows, 50'000) << "in the mean";
}

TEST(SearchByHalving, OfAnErrorTheLowestIsBest) {
  Fake fake(9, "log_loss");
  EXPECT_EQ(SearchByHalving(fake.search, fake.calls)->chosen().number, 1);
}

TEST(SearchByHalving, OfEqualTrialsTheFirstIsTaken) {
  Fake fake(9);
  fake.calls.score = [](int, double, int, int) -> Result<double> { return 0.5; };
  EXPECT_EQ(SearchByHalving(fake.search, fake.calls)->chosen().number, 1);
}

TEST(SearchByHalving, WhatCanNotBeFittedDropsOutAndSaysWhy) {
  Fake fake(9);
  fake.calls.score = [](int trial, double, int, int) -> Result<double> {
    if (trial == 8) return Error(ErrorCode::kInvalidInput, "too deep");
    if (trial == 7) return std::nan("");
    return trial;
  };
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->chosen().number, 7);
  EXPECT_EQ(outcome->trials[8].failure, "too deep");
  EXPECT_EQ(outcome->trials[7].failure, "auc is not defined in any fold");
}

TEST(SearchByHalving, AProgramThatTakesTooLongLosesItsTrialOnly) {
  Fake fake(9);
  fake.calls.score = [](int trial, double, int, int) -> Result<double> {
    if (trial == 8) return Error(ErrorCode::kTimeout, "the program did not end within 5.0 s");
    return trial;
  };
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
  EXPECT_EQ(outcome->chosen().number, 8);
  EXPECT_EQ(outcome->trials[8].failure, "the program did not end within 5.0 s");
}

TEST(SearchByHalving, AMetricThatNoFoldHasIsToldWithoutAPlace) {
  Fake fake(3);
  fake.calls.score = [](int, double, int, int) -> Result<double> { return std::nan(""); };
  EXPECT_THAT(SearchByHalving(fake.search, fake.calls).error().ToString(),
              testing::StartsWith("auc is not defined in any fold; try "));
}

TEST(SearchByHalving, AFailureOfTheMachineEndsIt) {
  Fake fake(9);
  fake.calls.score = [](int trial, double, int, int) -> Result<double> {
    if (trial == 3) return Error(ErrorCode::kUnavailable, "no memory");
    return trial;
  };
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().ToString(), HasSubstr("no memory"));
}

TEST(SearchByHalving, WithoutOneGoodTrialItSaysWhatTheFirstSaid) {
  Fake fake(3);
  fake.calls.score = [](int trial, double, int, int) -> Result<double> {
    return Error(ErrorCode::kInvalidInput, "trial " + std::to_string(trial));
  };
  EXPECT_THAT(SearchByHalving(fake.search, fake.calls).error().ToString(), HasSubstr("trial 0"));
}

TEST(SearchByHalving, OutOfTimeTheBestThatGotFurthestIsTaken) {
  Fake fake(30);
  // Enough for the first rung and two trials of the second.
  fake.search.threads = 1;
  std::atomic<int> left{2 * 30 + 4};
  fake.calls.out_of_time = [&] { return left-- <= 0; };
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->out_of_time);
  EXPECT_EQ(outcome->chosen().number, 30);
  EXPECT_EQ(outcome->chosen().rungs.size(), 2);
  left = 0;
  EXPECT_THAT(SearchByHalving(fake.search, fake.calls).error().ToString(),
              HasSubstr("no time to score one trial"));
}

TEST(SearchOutcome, ComesBackFromJson) {
  Fake fake(9);
  const auto outcome = SearchByHalving(fake.search, fake.calls);
  const auto parsed = SearchOutcomeFromJson(ToJson(*outcome));
  ASSERT_TRUE(parsed.ok()) << parsed.error().ToString();
  EXPECT_EQ(ToJson(*parsed), ToJson(*outcome));
  EXPECT_FALSE(SearchOutcomeFromJson(Json::parse(R"({"trials": []})")).ok());
}

data::Target TwoClasses(int64_t rows) {
  data::Target target;
  target.labels = {"a", "b"};
  for (int64_t row = 0; row < rows; ++row) target.classes.push_back(row % 100 == 0 ? 1 : 0);
  return target;
}

TEST(TakeShare, KeepsClassesAndNests) {
  const data::Target target = TwoClasses(60'000);
  FoldRows rows;
  for (int64_t row = 0; row < 60'000; ++row) (row < 50'000 ? rows.train : rows.test).push_back(row);
  const FoldRows small = TakeShare(rows, target, 1.0 / 27, 1);
  const FoldRows large = TakeShare(rows, target, 1.0 / 9, 1);
  EXPECT_TRUE(std::ranges::includes(large.train, small.train));
  EXPECT_TRUE(std::ranges::is_sorted(small.train));
  // 49,500 and 500 of a twenty-seventh each.
  EXPECT_EQ(small.train.size(), 1833 + 19);
  const auto rare = std::ranges::count_if(
      small.train, [&](int64_t row) { return target.classes[static_cast<size_t>(row)] == 1; });
  EXPECT_EQ(rare, 19);
  EXPECT_EQ(small.test.size(), 1000);
  const FoldRows all = TakeShare(rows, target, 1, 1);
  EXPECT_EQ(all.train, rows.train);
  EXPECT_EQ(all.test, rows.test);
}

TEST(TakeShare, ARareClassKeepsFiveRows) {
  const data::Target target = TwoClasses(2'000);
  FoldRows rows;
  for (int64_t row = 0; row < 2'000; ++row) rows.train.push_back(row);
  const FoldRows small = TakeShare(rows, target, 0.05, 1);
  const auto rare = std::ranges::count_if(
      small.train, [&](int64_t row) { return target.classes[static_cast<size_t>(row)] == 1; });
  EXPECT_EQ(rare, 5);
}

}  // namespace
}  // namespace slipway::train
