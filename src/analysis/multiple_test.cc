#include "analysis/multiple.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::Traffic;

std::vector<double> Logs(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

using Flags = std::vector<bool>;

TEST(MultipleTest, EbhRejectsTheLargest) {
  // K / (k alpha) with alpha 0.1: 40, 20, 13.3, 10.
  EXPECT_EQ(RejectedByEbh(Logs({1, 41, 0.5, 2}), 0.1), (Flags{false, true, false, false}));
  EXPECT_EQ(RejectedByEbh(Logs({1, 39, 0.5, 2}), 0.1), (Flags{false, false, false, false}));
  EXPECT_EQ(RejectedByEbh(Logs({21, 39, 0.5, 2}), 0.1), (Flags{true, true, false, false}));
  // The second is too small for two, but three are enough for three.
  EXPECT_EQ(RejectedByEbh(Logs({14, 30, 15, 2}), 0.1), (Flags{true, true, true, false}));
  EXPECT_EQ(RejectedByEbh(Logs({11, 11, 11, 11}), 0.1), (Flags{true, true, true, true}));
}

TEST(MultipleTest, EbhOfOddValues) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(RejectedByEbh({}, 0.05).empty());
  EXPECT_EQ(RejectedByEbh(std::vector{-kInfinity, kInfinity, kNan}, 0.05),
            (Flags{false, true, false}));
  EXPECT_EQ(RejectedByEbh(std::vector{kNan}, 0.05), Flags{false});
  EXPECT_EQ(RejectedByEbh(std::vector{1e300, -1e300}, 0.05), (Flags{true, false}));
}

// Twenty streams of coins, five of them loaded, with all the others' evidence the same.
TEST(MultipleTest, TheShareOfFalseDiscoveriesIsHeld) {
  double false_share = 0;
  double found = 0;
  constexpr int kRuns = 500;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(71, run));
    const auto log_e = [&](double rate) {
      const auto heads = static_cast<double>(traffic.Events(60, rate));
      return heads * std::log(0.75 / 0.5) + (60 - heads) * std::log(0.25 / 0.5);
    };
    std::vector<double> values(20, log_e(0.5));
    for (size_t i = 0; i < 5; ++i) values[i] = log_e(0.75);
    int right = 0;
    int wrong = 0;
    const Flags rejected = RejectedByEbh(values, 0.1);
    for (size_t i = 0; i < rejected.size(); ++i) (i < 5 ? right : wrong) += rejected[i] ? 1 : 0;
    false_share += wrong == 0 ? 0 : static_cast<double>(wrong) / (right + wrong);
    found += right;
  }
  EXPECT_LE(false_share / kRuns, 0.1);
  EXPECT_GT(found / kRuns, 3.5);
}

TEST(MultipleTest, AlphaIsSharedEquallyOrByWeight) {
  const AlphaShares equal = *AlphaShares::Equal(0.05, {"error_rate", "latency"});
  EXPECT_EQ(*equal.Of("error_rate"), 0.025);
  EXPECT_EQ(*equal.Of("latency"), 0.025);
  const AlphaShares weighted = *AlphaShares::Weighted(0.05, {{"error_rate", 3}, {"latency", 1}});
  EXPECT_NEAR(*weighted.Of("error_rate"), 0.0375, 1e-17);
  EXPECT_NEAR(*weighted.Of("latency"), 0.0125, 1e-17);
  EXPECT_EQ(weighted.alpha(), 0.05);
}

TEST(MultipleTest, AMetricWithoutAShareIsAnError) {
  const AlphaShares shares = *AlphaShares::Equal(0.05, {"error_rate", "latency"});
  const Result<double> share = shares.Of("eror_rate");
  ASSERT_FALSE(share.ok());
  EXPECT_EQ(share.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(share.error().ToString().find("error_rate, latency"), std::string::npos);
}

TEST(MultipleTest, SharesThatCantBeAreRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double alpha : {0.0, 1.0, -0.1, kNan}) {
    EXPECT_FALSE(AlphaShares::Equal(alpha, {"a"}).ok());
  }
  EXPECT_FALSE(AlphaShares::Equal(0.05, {}).ok());
  EXPECT_FALSE(AlphaShares::Equal(0.05, {"a", "a"}).ok());
  for (const double weight : {0.0, -1.0, kNan, std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(AlphaShares::Weighted(0.05, {{"a", weight}, {"b", 1}}).ok());
  }
}

}  // namespace
}  // namespace slipway::analysis
