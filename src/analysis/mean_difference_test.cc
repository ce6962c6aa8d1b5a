#include "analysis/mean_difference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::ForEachSpoilt;
using testing::Kept;
using testing::Traffic;

// Skewed, as errors of a regression are: log-normal with that median.
NumberSums Numbers(Traffic& traffic, int count, double median) {
  NumberSums sums;
  for (int i = 0; i < count; ++i) {
    const double value = traffic.Latency(median, 0.5);
    ++sums.count;
    sums.sum += value;
    sums.squares += value * value;
  }
  return sums;
}

double MeanOf(double median) { return median * std::exp(0.125); }

TEST(MeanDifferenceTest, NothingIsKnownOfFew) {
  Traffic traffic(1);
  MeanDifference means = *MeanDifference::Make({.least_trials = 30});
  EXPECT_FALSE(means.bounds().has_value());
  ASSERT_TRUE(means.Observe(Numbers(traffic, 500, 1), Numbers(traffic, 29, 1)).ok());
  EXPECT_FALSE(means.bounds().has_value());
  ASSERT_TRUE(means.Observe({}, Numbers(traffic, 1, 1)).ok());
  EXPECT_TRUE(means.bounds().has_value());
}

// Worked out by the formula: 100 trials of each, means 2 and 5, variance 1 of each, alpha 0.05,
// tuned for 200.
TEST(MeanDifferenceTest, IsThePapersInterval) {
  MeanDifference means = *MeanDifference::Make({.alpha = 0.05, .tuned_for = 200});
  const NumberSums stable{.count = 100, .sum = 200, .squares = 499};
  const NumberSums canary{.count = 100, .sum = 500, .squares = 2599};
  ASSERT_TRUE(means.Observe(stable, canary).ok());
  EXPECT_DOUBLE_EQ(means.difference(), 3);
  // 2 ln 20 + ln(2 ln 20 + 1) = 7.9362 = rho² t; V = 0.02.
  const double scaled = 2 * std::log(20.0) + std::log(2 * std::log(20.0) + 1);
  const double half =
      std::sqrt(0.04 * (scaled + 1) / scaled * (0.5 * std::log(scaled + 1) + std::log(20.0)));
  EXPECT_NEAR(means.bounds()->lower, 3 - half, 1e-12);
  EXPECT_NEAR(means.bounds()->upper, 3 + half, 1e-12);
  EXPECT_NEAR(half, 0.42924, 0.00001);
}

TEST(MeanDifferenceTest, SeldomEverMissesTheTruth) {
  constexpr int kRuns = 300;
  int missed = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(41, run));
    MeanDifference means = *MeanDifference::Make({.alpha = 0.1, .tuned_for = 500});
    const double truth = MeanOf(1.2) - MeanOf(1);
    bool ever = false;
    for (int look = 0; look < 60; ++look) {
      ASSERT_TRUE(means.Observe(Numbers(traffic, 45, 1), Numbers(traffic, 15, 1.2)).ok());
      const auto bounds = means.bounds();
      ever |= bounds && (truth < bounds->lower || truth > bounds->upper);
    }
    missed += ever ? 1 : 0;
  }
  EXPECT_LE(missed, kRuns / 10);
  // One that never misses would be too wide to be of use.
  EXPECT_GE(missed, 1);
}

TEST(MeanDifferenceTest, ADifferenceIsFound) {
  Traffic traffic(7);
  MeanDifference means = *MeanDifference::Make({});
  int64_t looks = 0;
  while (!means.bounds() || means.bounds()->lower <= 0) {
    ASSERT_TRUE(means.Observe(Numbers(traffic, 50, 1), Numbers(traffic, 50, 1.2)).ok());
    ASSERT_LT(++looks, 40);
  }
  EXPECT_GT(means.bounds()->upper, MeanOf(1.2) - MeanOf(1));
}

// Whose interval would be of no width, and decide for good.
TEST(MeanDifferenceTest, NothingIsKnownOfNumbersThatAreAlikeOrMostly0) {
  const auto knows = [](const NumberSums& sums, double cluster_size = 1) {
    MeanDifference means = *MeanDifference::Make({.cluster_size = cluster_size});
    const NumberSums fine{.count = 100, .sum = 200, .squares = 499};
    EXPECT_TRUE(means.Observe(sums, fine).ok());
    MeanDifference swapped = *MeanDifference::Make({.cluster_size = cluster_size});
    EXPECT_TRUE(swapped.Observe(fine, sums).ok());
    EXPECT_EQ(means.bounds().has_value(), swapped.bounds().has_value());
    return means.bounds().has_value();
  };
  EXPECT_FALSE(knows({.count = 1000}));
  // Each is 0.1, and added up they are not quite.
  NumberSums alike;
  for (int i = 0; i < 100'000; ++i) {
    ++alike.count;
    alike.sum += 0.1;
    alike.squares += 0.1 * 0.1;
  }
  EXPECT_FALSE(knows(alike));
  // So many of a thousand are 3, all others 0.
  const auto some = [](int64_t count) {
    const auto number = static_cast<double>(count);
    return NumberSums{.count = 1000, .sum = 3 * number, .squares = 9 * number};
  };
  EXPECT_FALSE(knows(some(9)));
  EXPECT_TRUE(knows(some(10)));
  EXPECT_FALSE(knows(some(19), 2));
  EXPECT_TRUE(knows(some(20), 2));
  // One that is larger than all others together.
  EXPECT_FALSE(knows({.count = 1000, .sum = 1e99, .squares = 1e198}));
}

TEST(MeanDifferenceTest, ClustersCountForLess) {
  Traffic traffic(9);
  const NumberSums stable = Numbers(traffic, 400, 1);
  const NumberSums canary = Numbers(traffic, 400, 1);
  const auto width = [&](double cluster_size) {
    MeanDifference means = *MeanDifference::Make({.cluster_size = cluster_size});
    EXPECT_TRUE(means.Observe(stable, canary).ok());
    return means.bounds()->upper - means.bounds()->lower;
  };
  EXPECT_GT(width(4), 2 * width(1));
}

// Worked out by hand: strata of 30 and 60 trials of the canary, differences of the means 1 and 4.
TEST(MeanDifferenceTest, IsTheMeanOverStrata) {
  MeanDifference means = *MeanDifference::Make({.by_stratum = true});
  const auto sums = [](int64_t count, double mean) {
    const auto trials = static_cast<double>(count);
    // Variance 1 of the trials, so 1 / count of the mean.
    return NumberSums{count, trials * mean, trials * mean * mean + trials - 1};
  };
  ASSERT_TRUE(means.Observe(sums(60, 1), sums(30, 2)).ok());
  ASSERT_TRUE(means.Observe(sums(30, 6), sums(60, 10)).ok());
  EXPECT_NEAR(means.difference(), (30 * 1.0 + 60 * 4.0) / 90, 1e-12);
  const double variance = (900 * (1.0 / 60 + 1.0 / 30) + 3600 * (1.0 / 30 + 1.0 / 60)) / 8100;
  const double scaled = 180 / 2000.0 * (2 * std::log(20.0) + std::log(2 * std::log(20.0) + 1));
  const double half =
      std::sqrt(2 * variance * (scaled + 1) / scaled * std::log(std::sqrt(scaled + 1) / 0.05));
  EXPECT_NEAR(means.bounds()->lower, 3 - half, 1e-9);
  EXPECT_NEAR(means.bounds()->upper, 3 + half, 1e-9);
  EXPECT_EQ(MeanDifference::FromJson(Kept(means.ToJson()))->ToJson(), means.ToJson());
  const Json before = means.ToJson();
  EXPECT_FALSE(means.Observe(sums(kLeastOfStratum - 1, 1), sums(60, 2)).ok());
  EXPECT_FALSE(means.Observe(sums(60, 1), {}).ok());
  EXPECT_EQ(means.ToJson(), before);
}

TEST(MeanDifferenceTest, IsKeptBitForBit) {
  Traffic traffic(11);
  MeanDifference means = *MeanDifference::Make({});
  for (int look = 0; look < 10; ++look) {
    Result<MeanDifference> read = MeanDifference::FromJson(Kept(means.ToJson()));
    ASSERT_TRUE(read.ok());
    const NumberSums stable = Numbers(traffic, 30, 1);
    const NumberSums canary = Numbers(traffic, 30, 1);
    ASSERT_TRUE(means.Observe(stable, canary).ok());
    ASSERT_TRUE(read->Observe(stable, canary).ok());
    ASSERT_EQ(read->ToJson(), means.ToJson());
  }
}

TEST(MeanDifferenceTest, WhatCantBeIsRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const MeanOptions& options : {MeanOptions{.alpha = 0},
                                     {.alpha = kNan},
                                     {.tuned_for = 0},
                                     {.least_trials = 1},
                                     {.cluster_size = 0.5},
                                     {.cluster_size = kNan}}) {
    EXPECT_FALSE(MeanDifference::Make(options).ok());
  }
  MeanDifference means = *MeanDifference::Make({});
  const Json before = means.ToJson();
  EXPECT_FALSE(means.Observe({.count = -1}, {}).ok());
  EXPECT_FALSE(means.Observe({}, {.count = 1, .sum = kNan, .squares = 1}).ok());
  EXPECT_FALSE(means.Observe({}, {.count = 1, .sum = -1, .squares = 1}).ok());
  EXPECT_EQ(means.ToJson(), before);
  int refused = 0;
  ForEachSpoilt(before, [&](const Json& spoilt) {
    refused += MeanDifference::FromJson(spoilt).ok() ? 0 : 1;
  });
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace slipway::analysis
