#include "analysis/difference_bounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::ForEachSpoilt;
using testing::Kept;
using testing::Median;
using testing::Traffic;

DifferenceBounds Bounds(const DifferenceOptions& options = {}) {
  return *DifferenceBounds::Make(options);
}

TEST(DifferenceBoundsTest, NothingIsKnownAtFirst) {
  EXPECT_EQ(Bounds().bounds(), (Interval{-1, 1}));
}

TEST(DifferenceBoundsTest, TheGridHasTheLimitsOfConfigurations) {
  const std::vector<double> grid = DifferenceOptions::DefaultGrid();
  for (const double limit : {0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 0.6}) {
    EXPECT_TRUE(std::ranges::binary_search(grid, limit)) << limit;
    EXPECT_TRUE(std::ranges::binary_search(grid, -limit)) << limit;
  }
  EXPECT_TRUE(std::ranges::binary_search(grid, 0));
}

TEST(DifferenceBoundsTest, BoundsMoveInwardsAndAreSymmetric) {
  Traffic traffic(5);
  DifferenceBounds bounds = Bounds();
  DifferenceBounds swapped = Bounds();
  Interval last{-1, 1};
  for (int look = 0; look < 100; ++look) {
    const RateCounts batch{100, traffic.Events(100, 0.05), 100, traffic.Events(100, 0.1)};
    ASSERT_TRUE(bounds.Observe(batch).ok());
    ASSERT_TRUE(swapped
                    .Observe({batch.canary_trials, batch.canary_events, batch.stable_trials,
                              batch.stable_events})
                    .ok());
    const Interval now = bounds.bounds();
    EXPECT_GE(now.lower, last.lower);
    EXPECT_LE(now.upper, last.upper);
    EXPECT_LT(now.lower, now.upper);
    EXPECT_EQ(swapped.bounds(), (Interval{-now.upper, -now.lower}));
    last = now;
  }
  EXPECT_GT(last.lower, 0.01);
  EXPECT_LT(last.upper, 0.1);
}

// How often a bound ever passes the true difference, which lies on the grid, where it is hardest.
TEST(DifferenceBoundsTest, BoundsSeldomEverPassTheTruth) {
  constexpr int kRuns = 250;
  int too_low = 0;
  int too_high = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(31, run));
    DifferenceBounds bounds = Bounds({.alpha = 0.1, .grid = {-0.3, -0.1, 0.0, 0.02, 0.1, 0.3}});
    for (int look = 0; look < 40; ++look) {
      ASSERT_TRUE(
          bounds.Observe({90, traffic.Events(90, 0.03), 30, traffic.Events(30, 0.05)}).ok());
    }
    too_low += bounds.bounds().upper <= 0.02 ? 1 : 0;
    too_high += bounds.bounds().lower >= 0.02 ? 1 : 0;
  }
  EXPECT_LE(too_low, kRuns / 10);
  EXPECT_LE(too_high, kRuns / 10);
}

TEST(DifferenceBoundsTest, HarmOfAnEqualCanaryIsSoonKnownToBeSmall) {
  std::vector<double> requests;
  for (uint64_t run = 0; run < 40; ++run) {
    Traffic traffic(DeriveSeed(32, run));
    DifferenceBounds bounds = Bounds({.alpha = 0.025});
    while (bounds.bounds().upper > 0.01) {
      ASSERT_TRUE(
          bounds.Observe({600, traffic.Events(600, 0.01), 200, traffic.Events(200, 0.01)}).ok());
    }
    requests.push_back(static_cast<double>(bounds.totals().canary_trials));
  }
  EXPECT_LE(Median(requests), 2400);
}

TEST(DifferenceBoundsTest, IsKeptBitForBit) {
  Traffic traffic(6);
  DifferenceBounds bounds = Bounds();
  for (int look = 0; look < 20; ++look) {
    Result<DifferenceBounds> read = DifferenceBounds::FromJson(Kept(bounds.ToJson()));
    ASSERT_TRUE(read.ok());
    const RateCounts batch{90, traffic.Events(90, 0.02), 30, traffic.Events(30, 0.02)};
    ASSERT_TRUE(bounds.Observe(batch).ok());
    ASSERT_TRUE(read->Observe(batch).ok());
    ASSERT_EQ(read->ToJson(), bounds.ToJson());
  }
  EXPECT_LT(bounds.bounds().upper, 1);
}

TEST(DifferenceBoundsTest, AStateThatCantBeIsRefused) {
  DifferenceBounds bounds = Bounds({.grid = {-0.1, 0.01, 0.1}});
  ASSERT_TRUE(bounds.Observe({90, 1, 30, 3}).ok());
  int refused = 0;
  ForEachSpoilt(bounds.ToJson(), [&](const Json& spoilt) {
    Result<DifferenceBounds> read = DifferenceBounds::FromJson(spoilt);
    refused += read.ok() ? 0 : 1;
    if (read.ok()) {
      EXPECT_TRUE(read->Observe({9, 1, 9, 1}).ok());
    }
  });
  EXPECT_GT(refused, 100);
}

TEST(DifferenceBoundsTest, WhatCantBeIsRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const DifferenceOptions& options : {DifferenceOptions{.alpha = 0},
                                           {.alpha = 1},
                                           {.alpha = kNan},
                                           {.prior_rate = 0},
                                           {.cluster_size = 0},
                                           {.grid = {}},
                                           {.grid = {0.1, 0.1}},
                                           {.grid = {-1}},
                                           {.grid = {kNan}}}) {
    EXPECT_FALSE(DifferenceBounds::Make(options).ok());
  }
  DifferenceBounds bounds = Bounds();
  const Json before = bounds.ToJson();
  EXPECT_FALSE(bounds.Observe({1, 2, 1, 0}).ok());
  EXPECT_EQ(bounds.ToJson(), before);
}

}  // namespace
}  // namespace slipway::analysis
