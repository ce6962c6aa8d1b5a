#include "analysis/share_check.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::BinomialChance;
using testing::ForEachSpoilt;
using testing::Kept;
using testing::Traffic;

using Counts = std::vector<int64_t>;
using Shares = std::vector<double>;

// Oracle: scipy 1.16,
//   dirichlet_multinomial.logpmf(counts, k * p, sum(counts)) - multinomial.logpmf(counts,
//   sum(counts), p)
struct Oracle {
  Counts counts;
  Shares expected;
  double concentration;
  double log_factor;
};

TEST(ShareCheckTest, TheBayesFactorIsThatOfScipy) {
  const std::array oracles{Oracle{{900, 100}, {0.9, 0.1}, 100, -1.2066048002134835},
                           Oracle{{880, 120}, {0.9, 0.1}, 100, 0.6403833034852937},
                           Oracle{{30, 30, 60}, {0.25, 0.25, 0.5}, 100, -0.792547929834825},
                           Oracle{{0, 5}, {0.5, 0.5}, 2, 1.6739764335716707},
                           Oracle{{50000, 50700}, {0.5, 0.5}, 1000, 0.09782773186452687}};
  for (const Oracle& oracle : oracles) {
    EXPECT_NEAR(LogShareBayesFactor(oracle.counts, oracle.expected, oracle.concentration),
                oracle.log_factor, 1e-8);
  }
}

TEST(ShareCheckTest, LooksAddUpToTheClosedForm) {
  ShareCheck check = *ShareCheck::Make(2);
  const Shares expected{0.75, 0.25};
  for (const Counts& counts : {Counts{10, 2}, {0, 0}, {31, 18}}) {
    ASSERT_TRUE(check.Observe(counts, expected).ok());
  }
  EXPECT_NEAR(check.evidence().log_e(),
              LogShareBayesFactor(Counts{41, 20}, expected, ShareCheck::kConcentration), 1e-12);
  EXPECT_EQ(check.totals(), (Counts{41, 20}));
}

// Two looks with other shares, the second's size by the first's outcome.
TEST(ShareCheckTest, TheExpectationIsOneUnderTheExpectedShares) {
  double expectation = 0;
  for (int64_t first = 0; first <= 8; ++first) {
    ShareCheck check = *ShareCheck::Make(2, 3);
    ASSERT_TRUE(check.Observe(Counts{8 - first, first}, Shares{0.9, 0.1}).ok());
    const int64_t size = 3 + first;
    for (int64_t second = 0; second <= size; ++second) {
      ShareCheck then = check;
      ASSERT_TRUE(then.Observe(Counts{size - second, second}, Shares{0.75, 0.25}).ok());
      expectation += BinomialChance(8, first, 0.1) * BinomialChance(size, second, 0.25) *
                     std::exp(then.evidence().log_e());
    }
  }
  EXPECT_NEAR(expectation, 1, 1e-12);
}

TEST(ShareCheckTest, FindsAWeightThatIsOffAndNoOther) {
  int false_alarms = 0;
  int found = 0;
  for (uint64_t run = 0; run < 200; ++run) {
    Traffic traffic(DeriveSeed(41, run));
    ShareCheck right = *ShareCheck::Make(3);
    ShareCheck wrong = *ShareCheck::Make(3);
    for (int look = 0; look < 20; ++look) {
      const Shares stage = look < 10 ? Shares{0.8, 0.1, 0.1} : Shares{0.5, 0.25, 0.25};
      ASSERT_TRUE(right.Observe(traffic.Categories(stage, 300), stage).ok());
      const Shares off{stage[0] - 0.05, stage[1] + 0.05, stage[2]};
      ASSERT_TRUE(wrong.Observe(traffic.Categories(off, 300), stage).ok());
    }
    false_alarms += right.evidence().Rejects(0.05) ? 1 : 0;
    found += wrong.evidence().Rejects(0.05) ? 1 : 0;
  }
  EXPECT_LE(false_alarms, 10);
  EXPECT_GE(found, 190);
}

TEST(ShareCheckTest, IsKeptBitForBit) {
  Traffic traffic(42);
  ShareCheck check = *ShareCheck::Make(3);
  for (int look = 0; look < 20; ++look) {
    Result<ShareCheck> read = ShareCheck::FromJson(Kept(check.ToJson()));
    ASSERT_TRUE(read.ok());
    // Shares whose sum rounds to something else than 1.
    const Shares expected =
        look % 7 < 3 ? Shares{0.7, 0.2, 0.1} : Shares{1.0 / 3, 1.0 / 3, 1.0 / 3};
    const Counts counts = traffic.Categories(Shares{0.6, 0.3, 0.1}, 50);
    ASSERT_TRUE(check.Observe(counts, expected).ok());
    ASSERT_TRUE(read->Observe(counts, expected).ok());
    ASSERT_EQ(read->evidence(), check.evidence());
    ASSERT_EQ(read->ToJson(), check.ToJson());
  }
}

TEST(ShareCheckTest, WhatCantBeIsRefusedAndNotTaken) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(ShareCheck::Make(1).ok());
  EXPECT_FALSE(ShareCheck::Make(2, 0).ok());
  EXPECT_FALSE(ShareCheck::Make(2, kNan).ok());
  ShareCheck check = *ShareCheck::Make(2);
  ASSERT_TRUE(check.Observe(Counts{3, 4}, Shares{0.5, 0.5}).ok());
  const Json before = check.ToJson();
  EXPECT_FALSE(check.Observe(Counts{3}, Shares{0.5, 0.5}).ok());
  EXPECT_FALSE(check.Observe(Counts{3, -1}, Shares{0.5, 0.5}).ok());
  EXPECT_FALSE(
      check.Observe(Counts{std::numeric_limits<int64_t>::max(), 1}, Shares{0.5, 0.5}).ok());
  for (const Shares& shares : {Shares{1}, {1, 0}, {0.5, 0.6}, {kNan, 0.5}, {1.5, -0.5}}) {
    EXPECT_FALSE(check.Observe(Counts{3, 4}, shares).ok());
  }
  EXPECT_EQ(check.ToJson(), before);
}

TEST(ShareCheckTest, AStateThatCantBeIsRefused) {
  ShareCheck check = *ShareCheck::Make(2);
  ASSERT_TRUE(check.Observe(Counts{3, 4}, Shares{0.5, 0.5}).ok());
  int refused = 0;
  ForEachSpoilt(check.ToJson(), [&](const Json& spoilt) {
    Result<ShareCheck> read = ShareCheck::FromJson(spoilt);
    refused += read.ok() ? 0 : 1;
    if (read.ok()) {
      EXPECT_TRUE(read->Observe(Counts{3, 4}, Shares{0.5, 0.5}).ok());
    }
  });
  EXPECT_GT(refused, 60);
}

}  // namespace
}  // namespace slipway::analysis
