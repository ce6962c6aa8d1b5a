#include "analysis/rate_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
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
using testing::LogChoose;
using testing::Median;
using testing::Traffic;

constexpr double kAlpha = 0.025;

RateComparison Comparison(const RateOptions& options = {}) {
  return *RateComparison::Make(options);
}

RateComparison After(RateComparison comparison, const RateCounts& batch) {
  EXPECT_TRUE(comparison.Observe(batch).ok());
  return comparison;
}

// Calls `visit` with every outcome of a batch and its chance.
template <typename Visit>
void ForEachOutcome(int64_t stable, int64_t canary, RatePair truth, Visit visit) {
  for (int64_t s = 0; s <= stable; ++s) {
    for (int64_t c = 0; c <= canary; ++c) {
      visit(RateCounts{stable, s, canary, c},
            BinomialChance(stable, s, truth.stable) * BinomialChance(canary, c, truth.canary));
    }
  }
}

// Two looks, the second batch larger if the first had errors, and none if the first was enough:
// what is kept in the end has an expectation of at most 1.
double TwoLooks(const RateOptions& options, RatePair truth) {
  double expectation = 0;
  ForEachOutcome(6, 3, truth, [&](const RateCounts& first, double chance) {
    const RateComparison one = After(Comparison(options), first);
    if (one.evidence().log_e() > std::log(3)) {
      expectation += chance * std::exp(one.evidence().log_e());
      return;
    }
    const int64_t canary = 2 + 2 * first.canary_events;
    ForEachOutcome(5, canary, truth, [&](const RateCounts& second, double chance_then) {
      expectation += chance * chance_then * std::exp(After(one, second).evidence().log_e());
    });
  });
  return expectation;
}

TEST(RateComparisonTest, TheExpectationAtAStoppingTimeIsAtMostOneInTheNull) {
  for (const double margin : {0.0, 0.005, 0.1}) {
    for (const double prior : {0.01, 0.5}) {
      for (const double p : {0.0, 0.01, 0.2, 0.6}) {
        const RateOptions options{.margin = margin, .prior_rate = prior, .prior_trials = 4};
        EXPECT_LE(TwoLooks(options, {p, p + margin}), 1 + 1e-9) << margin << ' ' << p;
        EXPECT_LE(TwoLooks(options, {p, p / 2}), 1 + 1e-9) << margin << ' ' << p;
      }
    }
  }
}

TEST(RateComparisonTest, TheExpectationIsAboveOneUnderHarm) {
  EXPECT_GT(TwoLooks({}, {0.01, 0.3}), 1.5);
}

// Clusters of three trials that share their fate, with and without being told.
TEST(RateComparisonTest, TrialsInClustersKeepThePromiseWhenTold) {
  const auto expectation = [](double cluster_size) {
    double sum = 0;
    ForEachOutcome(4, 4, {0.2, 0.2}, [&](const RateCounts& clusters, double chance) {
      RateComparison comparison = Comparison(
          {.margin = 0, .prior_rate = 0.1, .prior_trials = 5, .cluster_size = cluster_size});
      EXPECT_TRUE(comparison
                      .Observe({3 * clusters.stable_trials, 3 * clusters.stable_events,
                                3 * clusters.canary_trials, 3 * clusters.canary_events})
                      .ok());
      sum += chance * std::exp(comparison.evidence().log_e());
    });
    return sum;
  };
  EXPECT_GT(expectation(1), 1.5);
  EXPECT_LE(expectation(3), 1 + 1e-9);
}

// Whatever the outcomes are, if they do not depend on the version and each request's version is
// drawn: all of a batch's 120 requests in a fault, or none, or some. The canary's share of the
// events is hypergeometric then.
TEST(RateComparisonTest, FaultsThatHitBothVersionsAreNoEvidence) {
  constexpr int64_t kStable = 90;
  constexpr int64_t kCanary = 30;
  for (int64_t events = 0; events <= kStable + kCanary; ++events) {
    double expectation = 0;
    for (int64_t c = std::max(int64_t{0}, events - kStable); c <= std::min(kCanary, events); ++c) {
      const RateCounts batch{kStable, events - c, kCanary, c};
      expectation +=
          std::exp(After(Comparison(), batch).evidence().log_e() + LogChoose(kCanary, c) +
                   LogChoose(kStable, events - c) - LogChoose(kStable + kCanary, events));
    }
    EXPECT_LE(expectation, 1) << events;
  }
}

TEST(RateComparisonTest, ACanaryThatFailsOutrightIsKnownAtTheFirstLook) {
  EXPECT_TRUE(After(Comparison(), {180, 2, 20, 20}).evidence().Rejects(kAlpha));
  EXPECT_FALSE(After(Comparison(), {180, 2, 20, 0}).evidence().Rejects(kAlpha));
}

TEST(RateComparisonTest, FailuresOfBothAreNoEvidence) {
  RateComparison comparison = Comparison();
  for (int look = 0; look < 50; ++look) comparison = After(comparison, {60, 60, 20, 20});
  EXPECT_FALSE(comparison.evidence().Rejects(0.5));
}

TEST(RateComparisonTest, EmptyBatchesAreLearnedFromOnly) {
  RateComparison comparison = After(Comparison(), {});
  EXPECT_EQ(comparison.evidence(), Evidence());
  comparison = After(comparison, {100, 3, 0, 0});
  comparison = After(comparison, {0, 0, 10, 10});
  EXPECT_EQ(comparison.evidence(), Evidence());
  EXPECT_EQ(comparison.totals(), (RateCounts{100, 3, 10, 10}));
}

TEST(RateComparisonTest, WhatIsLearnedIsNoEvidence) {
  RateComparison comparison = Comparison();
  ASSERT_TRUE(comparison.Learn({100, 1, 100, 100}).ok());
  EXPECT_EQ(comparison.evidence(), Evidence());
  // But it makes the next bet a better one.
  EXPECT_GT(After(comparison, {30, 0, 10, 5}).evidence().log_e(),
            After(Comparison(), {30, 0, 10, 5}).evidence().log_e());
}

TEST(RateComparisonTest, CountsThatCantBeAreRefusedAndNotTaken) {
  RateComparison comparison = After(Comparison(), {10, 1, 10, 1});
  const Json before = comparison.ToJson();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const RateCounts& counts : {RateCounts{-1, 0, 1, 0},
                                   {1, 2, 1, 0},
                                   {1, 0, 1, -1},
                                   {1, 0, 0, 1},
                                   {kMost, 0, 1, 0},
                                   {1, 0, kMost, kMost}}) {
    const Status status = comparison.Observe(counts);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kInvalidInput);
    EXPECT_FALSE(comparison.Learn(counts).ok());
  }
  EXPECT_EQ(comparison.ToJson(), before);
}

TEST(RateComparisonTest, OptionsOutsideTheirRangesAreRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const RateOptions& options : {RateOptions{.margin = -0.1},
                                     {.margin = 1},
                                     {.margin = kNan},
                                     {.prior_rate = 0},
                                     {.prior_rate = 1},
                                     {.prior_rate = kNan},
                                     {.prior_trials = 0},
                                     {.prior_trials = kNan},
                                     {.prior_trials = 1e300},
                                     {.cluster_size = 0.5},
                                     {.cluster_size = kNan}}) {
    EXPECT_FALSE(RateComparison::Make(options).ok());
  }
}

TEST(RateComparisonTest, IsKeptBitForBit) {
  Traffic traffic(3);
  RateComparison comparison = Comparison({.cluster_size = 3, .measures_clusters = true});
  for (int look = 0; look < 30; ++look) {
    const Result<RateComparison> read = RateComparison::FromJson(Kept(comparison.ToJson()));
    ASSERT_TRUE(read.ok());
    const RateCounts batch{90, traffic.Events(90, 0.02), 30, traffic.Events(30, 0.05)};
    comparison = After(comparison, batch);
    const RateComparison resumed = After(*read, batch);
    ASSERT_EQ(resumed.evidence(), comparison.evidence());
    ASSERT_EQ(resumed.ToJson(), comparison.ToJson());
  }
  EXPECT_NE(comparison.evidence().log_e(), 0);
}

TEST(RateComparisonTest, AStateThatCantBeIsRefused) {
  const Json state = After(Comparison(), {90, 1, 30, 3}).ToJson();
  int refused = 0;
  ForEachSpoilt(state, [&](const Json& spoilt) {
    Result<RateComparison> read = RateComparison::FromJson(spoilt);
    if (read.ok()) {
      EXPECT_FALSE(std::isnan(After(*read, {9, 1, 9, 1}).evidence().log_e()));
    } else {
      ++refused;
    }
  });
  EXPECT_GT(refused, 100);
}

TEST(RateComparisonTest, OddCountsNeverGiveOddEvidence) {
  Traffic traffic(11);
  for (int run = 0; run < 300; ++run) {
    RateComparison comparison = Comparison({.margin = run % 3 == 0 ? 0 : 0.9 * (run % 7) / 7.0,
                                            .prior_rate = 1e-9 + 0.999 * (run % 5) / 5.0});
    for (int look = 0; look < 20; ++look) {
      const auto size = [&] {
        return static_cast<int64_t>(traffic.random().Next() >> (10U + traffic.random().Below(54)));
      };
      const auto part = [&](int64_t of) {
        return static_cast<int64_t>(traffic.random().Below(static_cast<uint64_t>(of) + 1));
      };
      const int64_t stable = size();
      const int64_t canary = size();
      comparison = After(comparison, {stable, part(stable), canary, part(canary)});
      ASSERT_TRUE(std::isfinite(comparison.evidence().log_e()));
    }
  }
}

// How many canary requests it takes until 5 % errors instead of 1 % are found, in the median.
double RequestsUntilFound(int64_t stable, int64_t canary) {
  std::vector<double> requests;
  for (uint64_t run = 0; run < 300; ++run) {
    Traffic traffic(DeriveSeed(7, run));
    RateComparison comparison = Comparison();
    while (!comparison.evidence().Rejects(kAlpha)) {
      comparison = After(
          comparison, {stable, traffic.Events(stable, 0.01), canary, traffic.Events(canary, 0.05)});
    }
    requests.push_back(static_cast<double>(comparison.totals().canary_trials));
  }
  return Median(requests);
}

TEST(RateComparisonTest, HarmIsFoundWithinTheStatedNumberOfRequests) {
  EXPECT_LE(RequestsUntilFound(360, 40), 400);
  EXPECT_LE(RequestsUntilFound(120, 40), 550);
  EXPECT_LE(RequestsUntilFound(60, 60), 800);
}

// Runs of the canary's events make evidence grow slower, and never faster.
TEST(RateComparisonTest, EventsThatComeTogetherCountByTheirRuns) {
  const auto after = [](bool measures, int64_t squares) {
    RateComparison comparison = Comparison({.measures_clusters = measures});
    for (int look = 0; look < 10; ++look)
      EXPECT_TRUE(comparison.Observe({150, 1, 50, 5}, squares).ok());
    return comparison.evidence().log_e();
  };
  EXPECT_EQ(after(true, 5), after(false, 5));
  EXPECT_EQ(after(false, 25), after(false, 5));
  EXPECT_LT(after(true, 25), 0.5 * after(true, 5));
  EXPECT_GT(after(true, 25), 0);
}

TEST(RateComparisonTest, BurstsOfOneVersionDoNotMakeAGoodCanaryFail) {
  constexpr int kRuns = 300, kBurst = 5;
  int rejected = 0, believed = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(23, run));
    RateComparison measured = Comparison({.measures_clusters = true});
    RateComparison naive = Comparison();
    for (int look = 0; look < 60; ++look) {
      const int64_t bursts = traffic.Events(10, 0.01);
      const RateCounts batch{150, kBurst * traffic.Events(30, 0.01), 50, kBurst * bursts};
      EXPECT_TRUE(measured.Observe(batch, kBurst * kBurst * bursts).ok());
      naive = After(naive, batch);
    }
    rejected += measured.evidence().Rejects(kAlpha) ? 1 : 0;
    believed += naive.evidence().Rejects(kAlpha) ? 1 : 0;
  }
  EXPECT_LE(rejected, 0.02 * kRuns);
  EXPECT_GE(believed, 0.05 * kRuns);
}

TEST(RateComparisonTest, RunsThatCantBeAreRefusedAndNotTaken) {
  RateComparison comparison = Comparison({.measures_clusters = true});
  EXPECT_FALSE(comparison.Observe({100, 1, 100, 5}, 4).ok());
  EXPECT_EQ(comparison.totals(), RateCounts());
}

// What older versions would have made of it: nothing is kept back for harm that begins late.
RateComparison WithoutLateBets() {
  Json state = Comparison().ToJson();
  state["processes"][0] = std::vector<double>(MarginProcess::kParts, 0);
  return *RateComparison::FromJson(state);
}

// How many canary requests it takes from when 1 % errors become 5 %, behind good looks.
double RequestsUntilLateIsFound(const RateComparison& at_first, int good_looks) {
  constexpr int64_t kStable = 150, kCanary = 50;
  std::vector<double> requests;
  for (uint64_t run = 0; run < 200; ++run) {
    Traffic traffic(DeriveSeed(9, run));
    RateComparison comparison = at_first;
    for (int look = 0; !comparison.evidence().Rejects(kAlpha); ++look) {
      const double rate = look < good_looks ? 0.01 : 0.05;
      comparison = After(comparison, {kStable, traffic.Events(kStable, 0.01), kCanary,
                                      traffic.Events(kCanary, rate)});
    }
    requests.push_back(static_cast<double>(comparison.totals().canary_trials) -
                       static_cast<double>(good_looks * kCanary));
  }
  return Median(requests);
}

TEST(RateComparisonTest, HarmThatBeginsLateIsFoundNearlyAsSoon) {
  EXPECT_LE(RequestsUntilLateIsFound(Comparison(), 10), 550);
  EXPECT_LE(RequestsUntilLateIsFound(Comparison(), 40), 650);
  EXPECT_LE(RequestsUntilLateIsFound(Comparison(), 160), 750);
  EXPECT_GE(RequestsUntilLateIsFound(WithoutLateBets(), 40), 900);
}

double ShareRejected(double stable_rate, double canary_rate) {
  constexpr int kRuns = 1000;
  constexpr int kLooks = 60;
  int rejected = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(8, run));
    RateComparison comparison = Comparison();
    for (int look = 0; look < kLooks; ++look) {
      comparison = After(
          comparison, {90, traffic.Events(90, stable_rate), 30, traffic.Events(30, canary_rate)});
    }
    rejected += comparison.evidence().Rejects(kAlpha) ? 1 : 0;
  }
  return static_cast<double>(rejected) / kRuns;
}

TEST(RateComparisonTest, FalseAlarmsAreAsRareAsPromised) {
  EXPECT_LE(ShareRejected(0.01, 0.01 + RateOptions().margin), kAlpha);
  EXPECT_LE(ShareRejected(0.05, 0.05 + RateOptions().margin), kAlpha);
  EXPECT_LE(ShareRejected(0.01, 0.011), kAlpha / 5);
  // It does reject what is worse.
  EXPECT_GT(ShareRejected(0.01, 0.05), 0.95);
}

}  // namespace
}  // namespace slipway::analysis
