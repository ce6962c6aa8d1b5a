#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "analysis/rate_pair_internal.h"
#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::BinomialChance;

// The expectation of a batch's e-value, by all its outcomes.
double Expectation(RatePair alternative, RatePair truth, int64_t stable, int64_t canary,
                   double margin) {
  double sum = 0;
  for (int64_t s = 0; s <= stable; ++s) {
    for (int64_t c = 0; c <= canary; ++c) {
      sum += BinomialChance(stable, s, truth.stable) * BinomialChance(canary, c, truth.canary) *
             std::exp(LogBatchE(alternative, {stable, s, canary, c}, margin));
    }
  }
  return sum;
}

double Divergence(double rate, double from) {
  return rate * std::log(rate / from) + (1 - rate) * std::log((1 - rate) / (1 - from));
}

using Sizes = std::array<int64_t, 2>;
constexpr std::array kSizes{Sizes{1, 1}, Sizes{7, 2}, Sizes{3, 9}, Sizes{12, 12}, Sizes{40, 4}};
constexpr std::array kRates{0.001, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99};

TEST(RatePairTest, TheProjectionWithoutMarginIsThePooledRate) {
  const RatePair null = ProjectOnMargin({0.01, 0.05}, 300, 100, 0);
  EXPECT_NEAR(null.stable, (300 * 0.01 + 100 * 0.05) / 400, 1e-15);
  EXPECT_EQ(null.canary, null.stable);
}

TEST(RatePairTest, TheProjectionIsTheNearestPairOfTheNull) {
  for (const double margin : {0.0, 0.005, 0.2, -0.02, -0.4}) {
    for (const auto& [stable, canary] : kSizes) {
      const RatePair alternative{0.45, 0.7};
      const auto n_s = static_cast<double>(stable);
      const auto n_c = static_cast<double>(canary);
      const RatePair null = ProjectOnMargin(alternative, n_s, n_c, margin);
      const double least = n_s * Divergence(0.45, null.stable) + n_c * Divergence(0.7, null.canary);
      constexpr int kSteps = 400;
      for (int i = 1; i < kSteps; ++i) {
        for (int j = 1; j < kSteps; ++j) {
          const double p_s = i / static_cast<double>(kSteps);
          const double p_c = j / static_cast<double>(kSteps);
          if (p_c - p_s > margin) continue;
          ASSERT_GE(n_s * Divergence(0.45, p_s) + n_c * Divergence(0.7, p_c), least - 1e-12);
        }
      }
    }
  }
}

TEST(RatePairTest, TheExpectationIsAtMostOneInAllOfTheNull) {
  int looked_at = 0;
  for (const double margin : {0.0, 0.005, 0.1, -0.05}) {
    for (const auto& [stable, canary] : kSizes) {
      for (const double a_s : kRates) {
        for (const double a_c : kRates) {
          // On the border, where it is largest, and inside.
          for (const double p_s : {0.0, 0.002, 0.01, 0.06, 0.25, 0.5, 0.9, 1.0}) {
            for (const double gap : {0.0, 0.03, 0.4}) {
              const double p_c = p_s + margin - gap;
              if (p_c < 0 || p_c > 1) continue;
              ++looked_at;
              ASSERT_LE(Expectation({a_s, a_c}, {p_s, p_c}, stable, canary, margin), 1 + 1e-9)
                  << a_s << ' ' << a_c << ' ' << p_s << ' ' << p_c << ' ' << margin;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(looked_at, 5000);
}

TEST(RatePairTest, TheBoundIsReachedOnTheBorder) {
  const RatePair alternative{0.1, 0.4};
  const RatePair null = ProjectOnMargin(alternative, 12, 12, 0.1);
  EXPECT_NEAR(Expectation(alternative, null, 12, 12, 0.1), 1, 1e-12);
}

TEST(RatePairTest, EvidenceGrowsUnderAlternatives) {
  for (const double margin : {0.0, 0.005, 0.1}) {
    double log_growth = 0;
    for (int64_t s = 0; s <= 30; ++s) {
      for (int64_t c = 0; c <= 10; ++c) {
        log_growth += BinomialChance(30, s, 0.1) * BinomialChance(10, c, 0.4) *
                      LogBatchE({0.1, 0.4}, {30, s, 10, c}, margin);
      }
    }
    EXPECT_GT(log_growth, 0.2) << margin;
  }
}

// Trials of different rates, as while a shared fault lasts: only their means have to be in the
// null.
TEST(RatePairTest, TheTrialsOfABatchNeedNotHaveOneRate) {
  const std::array stable{0.9, 0.0, 0.05, 0.65};
  const std::array canary{0.0, 0.95, 0.25};
  constexpr double kMargin = 0.0;  // Both means are 0.4.
  for (const double a_s : kRates) {
    for (const double a_c : kRates) {
      double expectation = 0;
      for (unsigned outcome = 0; outcome < 1U << 7U; ++outcome) {
        double chance = 1;
        RateCounts counts{4, 0, 3, 0};
        for (unsigned i = 0; i < 7; ++i) {
          const bool event = ((outcome >> i) & 1U) != 0;
          const double rate = i < 4 ? stable.at(i) : canary.at(i - 4);
          chance *= event ? rate : 1 - rate;
          (i < 4 ? counts.stable_events : counts.canary_events) += event ? 1 : 0;
        }
        expectation += chance * std::exp(LogBatchE({a_s, a_c}, counts, kMargin));
      }
      ASSERT_LE(expectation, 1 + 1e-9) << a_s << ' ' << a_c;
    }
  }
}

TEST(RatePairTest, ExpectationsWithAKnownStableRateAreAtMostOne) {
  for (const double known : {0.0, 0.01, 0.3, 0.8}) {
    for (const double expected : kRates) {
      for (const double truth : {0.0, known / 2, known + 0.1}) {
        double sum = 0;
        for (int64_t c = 0; c <= 15; ++c) {
          MarginProcess process;
          process.AddAgainstKnown({known, expected}, {0, 0, 15, c}, 0.1, 1);
          sum += BinomialChance(15, c, truth) * std::exp(process.LogE());
        }
        ASSERT_LE(sum, 1 + 1e-9) << known << ' ' << expected << ' ' << truth;
      }
    }
  }
}

TEST(RatePairTest, EmptyStreamsAndAlternativesInTheNullAreNoEvidence) {
  EXPECT_EQ(LogBatchE({0.01, 0.5}, {0, 0, 10, 10}, 0.005), 0);
  EXPECT_EQ(LogBatchE({0.01, 0.5}, {10, 0, 0, 0}, 0.005), 0);
  EXPECT_EQ(LogBatchE({0.5, 0.01}, {10, 0, 10, 10}, 0.005), 0);
  EXPECT_EQ(LogBatchE({0.01, 0.015}, {10, 0, 10, 10}, 0.005), 0);
}

TEST(RatePairTest, ExtremeCountsStayFinite) {
  constexpr int64_t kMany = int64_t{1} << 60U;
  for (const int64_t s : {int64_t{0}, kMany}) {
    for (const int64_t c : {int64_t{0}, kMany}) {
      for (const double margin : {0.0, 0.005, 0.9, -0.9}) {
        const RatePair expected = ExpectedRates({kMany, s, kMany, c}, 0.01, 50);
        EXPECT_TRUE(std::isfinite(LogBatchE(expected, {kMany, s, kMany, c}, margin)));
        EXPECT_TRUE(std::isfinite(LogBatchE(expected, {kMany, c, kMany, s}, margin)));
        EXPECT_TRUE(std::isfinite(LogBatchE({1e-12, 1 - 1e-12}, {1, 1, kMany, c}, margin)));
      }
    }
  }
}

}  // namespace
}  // namespace slipway::analysis
