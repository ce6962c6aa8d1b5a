#include "analysis/margin_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "analysis/rate_pair_internal.h"
#include "analysis/simulation_testing_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

using testing::Kept;
using testing::Traffic;

constexpr double kMargin = 0.005;
constexpr RatePair kExpected{0.01, 0.03};

std::vector<RateCounts> Looks(uint64_t seed, int count) {
  Traffic traffic(seed);
  std::vector<RateCounts> looks;
  for (int look = 0; look < count; ++look) {
    // Of different sizes, some of one stream alone.
    const int64_t stable = look % 7 == 3 ? 0 : 30 + 10 * (look % 4);
    const int64_t canary = look % 5 == 4 ? 0 : 10 + 5 * (look % 3);
    const double rate = look < count * 9 / 10 ? 0.01 : 0.06;
    looks.push_back({stable, traffic.Events(stable, 0.01), canary, traffic.Events(canary, rate)});
  }
  return looks;
}

// The sum, written out, over the look at which one begins to bet.
TEST(MarginProcessTest, IsAMixtureOverTheStartsOfItsBets) {
  const std::vector<RateCounts> looks = Looks(5, 200);
  MarginProcess process(MarginProcess::kHalf);
  // What is kept back behind n trials.
  const auto kept = [](double trials) {
    return 0.5 * MarginProcess::kHorizon / (MarginProcess::kHorizon + trials);
  };
  struct Start {
    double weight = 0;
    MarginProcess bets;  // From its look on, with all it has.
  };
  std::vector<Start> starts = {{0.5, MarginProcess()}};
  double trials = 0;
  for (const RateCounts& look : looks) {
    const double before = kept(trials);
    trials += static_cast<double>(look.canary_trials);
    starts.push_back({before - kept(trials), MarginProcess()});
    double sum = kept(trials), weights = kept(trials);
    for (Start& start : starts) {
      start.bets.Add(kExpected, look, kMargin, 1);
      sum += start.weight * std::exp(start.bets.LogE());
      weights += start.weight;
    }
    process.Add(kExpected, look, kMargin, 1);
    ASSERT_NEAR(process.LogE(), std::log(sum), 1e-12);
    ASSERT_NEAR(weights, 1, 1e-12);
  }
  // Some of it is of late starts.
  EXPECT_GT(process.LogE(), starts[0].bets.LogE() + 1);
}

TEST(MarginProcessTest, WhatIsKeptBackCostsLogTwoAtMost) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MarginProcess at_once, later(MarginProcess::kHalf);
    for (const RateCounts& look : Looks(seed, 60)) {
      at_once.Add(kExpected, look, kMargin, 1);
      later.Add(kExpected, look, kMargin, 1);
      ASSERT_GE(later.LogE(), at_once.LogE() - std::log(2) - 1e-12);
    }
  }
}

TEST(MarginProcessTest, ItIsAllTheSameInHowManyLooksGoodTrialsCame) {
  MarginProcess few(MarginProcess::kHalf), many(MarginProcess::kHalf);
  few.Add(kExpected, {3000, 30, 1000, 10}, kMargin, 1);
  for (int look = 0; look < 100; ++look) many.Add(kExpected, {30, 0, 10, 0}, kMargin, 1);
  EXPECT_NEAR(few.kept(), many.kept(), 1e-12);
  EXPECT_NEAR(few.kept(), 0.25, 1e-12);
  // By clusters, as evidence grows.
  MarginProcess clusters(MarginProcess::kHalf);
  clusters.Add(kExpected, {15'000, 150, 5000, 50}, kMargin, 5);
  EXPECT_NEAR(clusters.kept(), few.kept(), 1e-12);
}

TEST(MarginProcessTest, NothingIsLostWhereNothingIsSeen) {
  MarginProcess process(MarginProcess::kHalf);
  process.Add(kExpected, {}, kMargin, 1);
  EXPECT_EQ(process.kept(), 0.5);
  process.Add(kExpected, {0, 0, 500, 400}, kMargin, 1);
  EXPECT_NEAR(process.LogE(), 0, 1e-15);
}

TEST(MarginProcessTest, StaysFinite) {
  constexpr int64_t kMany = int64_t{1} << 60U;
  for (const int64_t bad : {int64_t{0}, kMany}) {
    MarginProcess process(MarginProcess::kHalf);
    for (int look = 0; look < 5; ++look) {
      process.Add(kExpected, {kMany, 0, kMany, bad}, kMargin, 1);
      process.Add(kExpected, {1, 0, 1, 1}, kMargin, 1);
      ASSERT_TRUE(std::isfinite(process.LogE()));
      ASSERT_GE(process.kept(), 0);
    }
  }
}

TEST(MarginProcessTest, IsKeptBitForBit) {
  MarginProcess process(MarginProcess::kHalf);
  for (const RateCounts& look : Looks(3, 30)) {
    const Json state = Kept({{"it", ProcessToJson(process)}});
    Result<MarginProcess> read = ReadProcessIn(state, "it");
    ASSERT_TRUE(read.ok());
    process.Add(kExpected, look, kMargin, 1);
    read->Add(kExpected, look, kMargin, 1);
    ASSERT_EQ(read->parts(), process.parts());
    ASSERT_EQ(read->kept(), process.kept());
    ASSERT_EQ(read->LogE(), process.LogE());
  }
}

// Older versions bet all from the first look on, and so it goes on.
TEST(MarginProcessTest, ReadsWhatOlderVersionsKept) {
  MarginProcess old;
  const std::vector<RateCounts> looks = Looks(9, 20);
  for (const RateCounts& look : looks) old.Add(kExpected, look, kMargin, 1);
  Result<MarginProcess> read = ReadProcessIn(Kept({{"it", old.parts()}}), "it");
  ASSERT_TRUE(read.ok());
  old.Add(kExpected, looks[0], kMargin, 1);
  read->Add(kExpected, looks[0], kMargin, 1);
  EXPECT_EQ(read->parts(), old.parts());
  EXPECT_EQ(read->LogE(), old.LogE());
  EXPECT_EQ(read->kept(), 0);
}

TEST(MarginProcessTest, AStateThatCantBeIsRefused) {
  const Json state = ProcessToJson(MarginProcess(MarginProcess::kHalf));
  for (const Json& kept : std::vector<Json>{-0.1, 0.6, 1e308, nullptr, "0"}) {
    Json spoilt = state;
    spoilt.back() = kept;
    EXPECT_FALSE(ReadProcessIn({{"it", spoilt}}, "it").ok()) << spoilt;
  }
  Json longer = state;
  longer.push_back(0);
  EXPECT_FALSE(ReadProcessIn({{"it", longer}}, "it").ok());
  EXPECT_FALSE(ReadProcessIn({{"it", Json::array()}}, "it").ok());
  EXPECT_FALSE(ReadProcessIn({{"it", Json::object()}}, "it").ok());
}

}  // namespace
}  // namespace slipway::analysis
