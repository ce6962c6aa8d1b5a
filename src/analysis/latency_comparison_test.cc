#include "analysis/latency_comparison.h"

#include <gtest/gtest.h>

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

using Counts = std::vector<int64_t>;

constexpr double kAlpha = 0.025;

// Milliseconds from 1 to about 1,000, `per_margin` buckets in a factor of 1.1.
std::vector<double> Bounds(int per_margin) {
  std::vector<double> bounds;
  for (int i = 0; i < 73 * per_margin; ++i) {
    bounds.push_back(std::pow(1.1, static_cast<double>(i) / per_margin));
  }
  return bounds;
}

LatencyComparison Comparison(const std::vector<double>& bounds,
                             const LatencyOptions& options = {}) {
  return *LatencyComparison::Make(bounds, options);
}

TEST(LatencyComparisonTest, ThresholdsAreTheFirstLooksQuantiles) {
  LatencyComparison comparison =
      Comparison({10, 20, 30, 40, 50, 60}, {.margin = 0.5, .quantiles = {0.2, 0.45, 0.5, 0.9}});
  ASSERT_TRUE(comparison.Observe(Counts{10, 10, 10, 5, 5, 0, 0}, Counts{0, 0, 9, 0, 0, 9, 0}).ok());
  EXPECT_TRUE(comparison.thresholds().empty());
  ASSERT_TRUE(comparison.Observe(Counts{10, 10, 10, 5, 5, 0, 0}, Counts{0, 0, 0, 0, 0, 0, 2}).ok());
  // 0.45 lies in the same bucket as 0.5; 0.9 lies at 50, and 75 is beyond the bounds.
  ASSERT_EQ(comparison.thresholds().size(), 2U);
  const LatencyThreshold& first = comparison.thresholds()[0];
  EXPECT_EQ(first.stable_bound, 10);
  EXPECT_EQ(first.canary_bound, 20);  // 15, rounded up.
  EXPECT_EQ(first.comparison.totals(), (RateCounts{80, 60, 20, 20}));
  const LatencyThreshold& second = comparison.thresholds()[1];
  EXPECT_EQ(second.stable_bound, 20);
  EXPECT_EQ(second.canary_bound, 30);
  EXPECT_EQ(second.comparison.totals(), (RateCounts{80, 40, 20, 11}));
  // What set the thresholds is no evidence.
  EXPECT_EQ(first.comparison.evidence(), Evidence());
  EXPECT_EQ(comparison.evidence(), Evidence());
}

TEST(LatencyComparisonTest, ARoundedProductStaysAtTheBoundThatItEquals) {
  const std::vector<double> bounds = Bounds(4);
  LatencyComparison comparison = Comparison(bounds);
  Counts counts(bounds.size() + 1);
  for (size_t i = 40; i < 140; ++i) counts[i] = 1;
  ASSERT_TRUE(comparison.Observe(counts, counts).ok());
  ASSERT_EQ(comparison.thresholds().size(), LatencyOptions().quantiles.size());
  for (const LatencyThreshold& threshold : comparison.thresholds()) {
    EXPECT_NEAR(threshold.canary_bound / threshold.stable_bound, 1.1, 1e-9);
  }
}

TEST(LatencyComparisonTest, WithoutUsableThresholdsItWaits) {
  LatencyComparison comparison = Comparison({10, 20});
  // All beyond the last bound.
  for (int look = 0; look < 5; ++look) {
    ASSERT_TRUE(comparison.Observe(Counts{0, 0, 100}, Counts{0, 0, 100}).ok());
  }
  EXPECT_TRUE(comparison.thresholds().empty());
  EXPECT_EQ(comparison.evidence().p_value(), 1);
}

double RequestsUntilFound(int stable, int canary, double factor) {
  const std::vector<double> bounds = Bounds(3);
  std::vector<double> requests;
  for (uint64_t run = 0; run < 100; ++run) {
    Traffic traffic(DeriveSeed(51, run));
    LatencyComparison comparison = Comparison(bounds);
    int seen = 0;
    while (!comparison.evidence().Rejects(kAlpha) && seen < 5000) {
      const Counts counts = traffic.Latencies(bounds, stable, 20);
      EXPECT_TRUE(comparison.Observe(counts, traffic.Latencies(bounds, canary, 20 * factor)).ok());
      seen += canary;
    }
    requests.push_back(seen);
  }
  return Median(requests);
}

TEST(LatencyComparisonTest, LongerLatenciesAreFoundWithinTheStatedNumberOfRequests) {
  EXPECT_LE(RequestsUntilFound(120, 40, 1.3), 500);
}

double ShareRejected(double factor) {
  constexpr int kRuns = 250;
  const std::vector<double> bounds = Bounds(3);
  int rejected = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(52, run));
    LatencyComparison comparison = Comparison(bounds);
    for (int look = 0; look < 30; ++look) {
      const Counts stable = traffic.Latencies(bounds, 90, 20);
      EXPECT_TRUE(comparison.Observe(stable, traffic.Latencies(bounds, 30, 20 * factor)).ok());
    }
    rejected += comparison.evidence().Rejects(kAlpha) ? 1 : 0;
  }
  return static_cast<double>(rejected) / kRuns;
}

TEST(LatencyComparisonTest, FalseAlarmsAreAsRareAsPromised) {
  EXPECT_LE(ShareRejected(1.1), kAlpha);
  EXPECT_GT(ShareRejected(1.3), 0.9);
}

// One request in twenty waits for a second: the median does not move.
TEST(LatencyComparisonTest, ALongerTailIsFound) {
  const std::vector<double> bounds = Bounds(3);
  Traffic traffic(53);
  LatencyComparison comparison = Comparison(bounds);
  for (int look = 0; look < 30; ++look) {
    Counts canary = traffic.Latencies(bounds, 38, 20);
    canary.back() += 2;
    ASSERT_TRUE(comparison.Observe(traffic.Latencies(bounds, 120, 20), canary).ok());
  }
  EXPECT_TRUE(comparison.evidence().Rejects(kAlpha));
}

TEST(LatencyComparisonTest, IsKeptBitForBit) {
  const std::vector<double> bounds = Bounds(2);
  Traffic traffic(54);
  LatencyComparison comparison = Comparison(bounds, {.calibration_trials = 200, .cluster_size = 2});
  for (int look = 0; look < 15; ++look) {
    Result<LatencyComparison> read = LatencyComparison::FromJson(Kept(comparison.ToJson()), bounds);
    ASSERT_TRUE(read.ok());
    const Counts stable = traffic.Latencies(bounds, 90, 20);
    const Counts canary = traffic.Latencies(bounds, 30, 25);
    ASSERT_TRUE(comparison.Observe(stable, canary).ok());
    ASSERT_TRUE(read->Observe(stable, canary).ok());
    ASSERT_EQ(read->evidence(), comparison.evidence());
    ASSERT_EQ(read->ToJson(), comparison.ToJson());
  }
  EXPECT_NE(comparison.evidence().log_e(), 0);
}

TEST(LatencyComparisonTest, AStateOfOtherBucketsIsRefused) {
  const std::vector<double> bounds = Bounds(3);
  Traffic traffic(55);
  LatencyComparison comparison = Comparison(bounds);
  ASSERT_TRUE(
      comparison.Observe(traffic.Latencies(bounds, 90, 20), Counts(bounds.size() + 1)).ok());
  EXPECT_TRUE(LatencyComparison::FromJson(comparison.ToJson(), bounds).ok());
  EXPECT_FALSE(LatencyComparison::FromJson(comparison.ToJson(), Bounds(2)).ok());
  std::vector<double> moved = bounds;
  for (double& bound : moved) bound *= 1.001;
  EXPECT_FALSE(LatencyComparison::FromJson(comparison.ToJson(), moved).ok());
}

TEST(LatencyComparisonTest, AStateThatCantBeIsRefused) {
  const std::vector<double> bounds{10, 20, 30};
  for (const int64_t trials : {10, 100}) {
    LatencyComparison comparison = Comparison(bounds, {.quantiles = {0.3}});
    ASSERT_TRUE(comparison.Observe(Counts{trials, trials, 0, 0}, Counts{3, 4, 0, 1}).ok());
    int refused = 0;
    ForEachSpoilt(comparison.ToJson(), [&](const Json& spoilt) {
      Result<LatencyComparison> read = LatencyComparison::FromJson(spoilt, bounds);
      refused += read.ok() ? 0 : 1;
      if (read.ok()) {
        EXPECT_TRUE(read->Observe(Counts{1, 2, 3, 4}, Counts{1, 2, 3, 4}).ok());
      }
    });
    EXPECT_GT(refused, 60);
  }
}

TEST(LatencyComparisonTest, WhatCantBeIsRefusedAndNotTaken) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& bounds :
       {std::vector<double>{}, {1, 1}, {2, 1}, {0, 1}, {-1, 1}, {1, kNan}}) {
    EXPECT_FALSE(LatencyComparison::Make(bounds, {}).ok());
  }
  for (const LatencyOptions& options : {LatencyOptions{.margin = -1},
                                        {.slack = -1},
                                        {.slack = kNan},
                                        {.margin = kNan},
                                        {.quantiles = {}},
                                        {.quantiles = {0.5, 0.5}},
                                        {.quantiles = {1}},
                                        {.calibration_trials = 0},
                                        {.cluster_size = 0}}) {
    EXPECT_FALSE(LatencyComparison::Make({1, 2}, options).ok());
  }
  LatencyComparison comparison = Comparison({10, 20});
  for (int look = 0; look < 2; ++look) {
    const Json before = comparison.ToJson();
    EXPECT_FALSE(comparison.Observe(Counts{1, 2}, Counts{1, 2, 3}).ok());
    EXPECT_FALSE(comparison.Observe(Counts{1, 2, 3}, Counts{1, 2, -3}).ok());
    EXPECT_EQ(comparison.ToJson(), before);
    ASSERT_TRUE(comparison.Observe(Counts{50, 10, 10}, Counts{1, 2, 3}).ok());
  }
}

}  // namespace
}  // namespace slipway::analysis
