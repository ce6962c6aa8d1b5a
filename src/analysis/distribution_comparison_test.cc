#include "analysis/distribution_comparison.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::ForEachSpoilt;
using testing::Kept;
using testing::Traffic;

using Counts = std::vector<int64_t>;
using Shares = std::vector<double>;

constexpr double kAlpha = 0.025;

// Calls `visit` with all counts of three categories and their chance.
template <typename Visit>
void ForEachOutcome(int64_t trials, const Shares& shares, Visit visit) {
  for (int64_t a = 0; a <= trials; ++a) {
    for (int64_t b = 0; a + b <= trials; ++b) {
      const double rest = 1 - shares[0];
      const double chance = testing::BinomialChance(trials, a, shares[0]) *
                            testing::BinomialChance(trials - a, b, shares[1] / rest);
      visit(Counts{a, b, trials - a - b}, chance);
    }
  }
}

// Exactly at the limit, two looks: the second bets on the set that the first showed.
TEST(DistributionComparisonTest, TheExpectationIsAtMostOneAtTheLimit) {
  const Shares stable{0.5, 0.3, 0.2};
  const Shares canary{0.3, 0.3, 0.4};
  for (const bool ordered : {false, true}) {
    double expectation = 0;
    ForEachOutcome(4, stable, [&](const Counts& s1, double p1) {
      ForEachOutcome(3, canary, [&](const Counts& c1, double p2) {
        DistributionComparison one =
            *DistributionComparison::Make(3, {.limit = 0.2, .ordered = ordered});
        ASSERT_TRUE(one.Observe(s1, c1).ok());
        ForEachOutcome(3, stable, [&](const Counts& s2, double p3) {
          ForEachOutcome(3, canary, [&](const Counts& c2, double p4) {
            DistributionComparison two = one;
            ASSERT_TRUE(two.Observe(s2, c2).ok());
            expectation += p1 * p2 * p3 * p4 * std::exp(two.evidence().log_e());
          });
        });
      });
    });
    EXPECT_LE(expectation, 1 + 1e-9);
    EXPECT_GT(expectation, 0.5);
  }
}

TEST(DistributionComparisonTest, DriftsExpectationIsAtMostOneAtTheLimit) {
  const Shares reference{0.5, 0.3, 0.2};
  const Shares live{0.3, 0.3, 0.4};
  double expectation = 0;
  ForEachOutcome(6, live, [&](const Counts& first, double p1) {
    DriftComparison one = *DriftComparison::Make(reference, {.limit = 0.2, .ordered = true});
    ASSERT_TRUE(one.Observe(first).ok());
    ForEachOutcome(6, live, [&](const Counts& second, double p2) {
      DriftComparison two = one;
      ASSERT_TRUE(two.Observe(second).ok());
      expectation += p1 * p2 * std::exp(two.evidence().log_e());
    });
  });
  EXPECT_LE(expectation, 1 + 1e-9);
}

struct Found {
  int between_versions = 0;
  int against_reference = 0;
};

// How many of a hundred runs of 40 looks reject.
Found Runs(const Shares& stable, const Shares& canary, bool ordered) {
  Found found;
  for (uint64_t run = 0; run < 100; ++run) {
    Traffic traffic(DeriveSeed(61, run));
    const DistributionOptions options{.limit = 0.1, .ordered = ordered};
    DistributionComparison between = *DistributionComparison::Make(stable.size(), options);
    DriftComparison against = *DriftComparison::Make(stable, options);
    for (int look = 0; look < 40; ++look) {
      const Counts live = traffic.Categories(canary, 50);
      EXPECT_TRUE(between.Observe(traffic.Categories(stable, 150), live).ok());
      EXPECT_TRUE(against.Observe(live).ok());
    }
    found.between_versions += between.evidence().Rejects(kAlpha) ? 1 : 0;
    found.against_reference += against.evidence().Rejects(kAlpha) ? 1 : 0;
  }
  return found;
}

TEST(DistributionComparisonTest, FindsWhatIsBeyondTheLimitAndNothingWithinIt) {
  const Shares stable{0.5, 0.3, 0.2};
  const Found within = Runs(stable, {0.4, 0.35, 0.25}, false);
  EXPECT_LE(within.between_versions, 2);
  EXPECT_LE(within.against_reference, 2);
  const Found beyond = Runs(stable, {0.3, 0.35, 0.35}, false);
  EXPECT_GE(beyond.between_versions, 90);
  EXPECT_GE(beyond.against_reference, 90);
}

TEST(DistributionComparisonTest, FindsShiftedAndPolarisedScores) {
  const Shares flat(20, 0.05);
  Shares shifted(20);
  Shares polarised(20);
  for (size_t i = 0; i < flat.size(); ++i) {
    shifted[i] = i < 10 ? 0.03 : 0.07;
    polarised[i] = i < 5 || i >= 15 ? 0.08 : 0.02;
  }
  for (const Shares& scores : {shifted, polarised}) {
    const Found found = Runs(flat, scores, true);
    EXPECT_GE(found.between_versions, 90);
    EXPECT_GE(found.against_reference, 90);
  }
  EXPECT_LE(Runs(flat, flat, true).between_versions, 1);
}

TEST(DistributionComparisonTest, AClassThatNeverWasIsFound) {
  DriftComparison comparison = *DriftComparison::Make(Shares{1, 0}, {.limit = 0.1});
  for (int look = 0; look < 3; ++look) ASSERT_TRUE(comparison.Observe(Counts{0, 20}).ok());
  EXPECT_TRUE(comparison.evidence().Rejects(1e-6));
  EXPECT_EQ(comparison.EstimatedTotalVariation(), 1);
}

TEST(DistributionComparisonTest, EstimatesTheTotalVariation) {
  DistributionComparison comparison = *DistributionComparison::Make(3, {});
  EXPECT_EQ(comparison.EstimatedTotalVariation(), 0);
  ASSERT_TRUE(comparison.Observe(Counts{5, 3, 2}, Counts{3, 3, 4}).ok());
  EXPECT_NEAR(comparison.EstimatedTotalVariation(), 0.2, 1e-15);
}

TEST(DistributionComparisonTest, IsKeptBitForBit) {
  Traffic traffic(62);
  const DistributionOptions options{.limit = 0.05, .ordered = true, .cluster_size = 2};
  DistributionComparison between = *DistributionComparison::Make(3, options);
  DriftComparison against = *DriftComparison::Make(Shares{0.3, 0.3, 0.4}, options);
  for (int look = 0; look < 20; ++look) {
    Result<DistributionComparison> read = DistributionComparison::FromJson(Kept(between.ToJson()));
    Result<DriftComparison> read_against = DriftComparison::FromJson(Kept(against.ToJson()));
    ASSERT_TRUE(read.ok());
    ASSERT_TRUE(read_against.ok());
    const Counts stable = traffic.Categories(Shares{0.3, 0.3, 0.4}, 40);
    const Counts canary = traffic.Categories(Shares{0.2, 0.3, 0.5}, 40);
    ASSERT_TRUE(between.Observe(stable, canary).ok());
    ASSERT_TRUE(read->Observe(stable, canary).ok());
    ASSERT_TRUE(against.Observe(canary).ok());
    ASSERT_TRUE(read_against->Observe(canary).ok());
    ASSERT_EQ(read->ToJson(), between.ToJson());
    ASSERT_EQ(read_against->ToJson(), against.ToJson());
  }
  EXPECT_NE(between.evidence().log_e(), 0);
  EXPECT_NE(against.evidence().log_e(), 0);
}

TEST(DistributionComparisonTest, AStateThatCantBeIsRefused) {
  DistributionComparison between = *DistributionComparison::Make(2, {});
  ASSERT_TRUE(between.Observe(Counts{3, 4}, Counts{1, 7}).ok());
  DriftComparison against = *DriftComparison::Make(Shares{0.5, 0.5}, {});
  ASSERT_TRUE(against.Observe(Counts{3, 4}).ok());
  int refused = 0;
  ForEachSpoilt(between.ToJson(), [&](const Json& spoilt) {
    Result<DistributionComparison> read = DistributionComparison::FromJson(spoilt);
    refused += read.ok() ? 0 : 1;
    if (read.ok()) {
      EXPECT_TRUE(read->Observe(Counts{3, 4}, Counts{1, 7}).ok());
    }
  });
  ForEachSpoilt(against.ToJson(), [&](const Json& spoilt) {
    Result<DriftComparison> read = DriftComparison::FromJson(spoilt);
    refused += read.ok() ? 0 : 1;
    if (read.ok()) {
      EXPECT_TRUE(read->Observe(Counts{3, 4}).ok());
    }
  });
  EXPECT_GT(refused, 100);
}

TEST(DistributionComparisonTest, WhatCantBeIsRefusedAndNotTaken) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(DistributionComparison::Make(1, {}).ok());
  for (const DistributionOptions& options :
       {DistributionOptions{.limit = 0}, {.limit = 1}, {.limit = kNan}, {.cluster_size = 0}}) {
    EXPECT_FALSE(DistributionComparison::Make(3, options).ok());
  }
  for (const Shares& shares : {Shares{1}, {0.5, 0.6}, {kNan, 0.5}, {1.5, -0.5}}) {
    EXPECT_FALSE(DriftComparison::Make(shares, {}).ok());
  }
  DistributionComparison comparison = *DistributionComparison::Make(2, {});
  const Json before = comparison.ToJson();
  EXPECT_FALSE(comparison.Observe(Counts{1, 2}, Counts{1}).ok());
  EXPECT_FALSE(comparison.Observe(Counts{1, 2}, Counts{1, -2}).ok());
  EXPECT_EQ(comparison.ToJson(), before);
}

}  // namespace
}  // namespace slipway::analysis
