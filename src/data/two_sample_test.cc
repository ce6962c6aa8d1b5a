#include "data/two_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/distribution.h"
#include "data/kolmogorov_internal.h"

namespace slipway::data {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// The expected figures of this file are SciPy 1.17's; tests/e2e/test_data.py asks SciPy itself.
TEST(KolmogorovTail, EqualsScipyInEachOfItsRegions) {
  struct {
    int64_t n;
    double z, expected, within;
  } const cases[] = {{1, 0.8, 0.4, 1e-12},  // By matrix.
                     {10, 1.1, 0.1384087869643037, 1e-12},
                     {140, 0.5, 0.9548772475800795, 1e-12},
                     {3000, 0.8, 0.539233079410089, 1e-7},  // By series.
                     {100000, 1.4, 0.03956460408944951, 1e-9},
                     {140, 2.5, 5.807997673785573e-06, 1e-16},  // By the one-sided tail.
                     {100000, 4, 2.5088853169666164e-14, 1e-22}};
  for (const auto& one : cases) {
    const double distance = one.z / std::sqrt(static_cast<double>(one.n));
    EXPECT_NEAR(KolmogorovTail(one.n, distance), one.expected, one.within) << one.n << ' ' << one.z;
  }
  EXPECT_EQ(KolmogorovTail(10, 0), 1);
  EXPECT_EQ(KolmogorovTail(10, 1), 0);
}

// All ways to mix 3 rows with 2, counted by hand of the machine.
TEST(ExactTwoSampleTail, CountsPaths) {
  std::vector<int> mix = {0, 0, 0, 1, 1};
  std::vector<double> distances;
  do {
    double left = 0, right = 0, distance = 0;
    for (const int one : mix) {
      (one == 0 ? left : right) += 1;
      distance = std::max(distance, std::abs(left * 2 - right * 3));
    }
    distances.push_back(distance);
  } while (std::next_permutation(mix.begin(), mix.end()));
  for (double distance = 0; distance <= 6; ++distance) {
    const auto reached = std::ranges::count_if(distances, [&](double d) { return d >= distance; });
    EXPECT_NEAR(ExactTwoSampleTail(3, 2, distance), static_cast<double>(reached) / 10, 1e-12);
    EXPECT_NEAR(ExactTwoSampleTail(2, 3, distance), static_cast<double>(reached) / 10, 1e-12);
  }
}

TestResult KsTest(const std::vector<double>& left, const std::vector<double>& right) {
  const Distribution before = DistributionOf(left), after = DistributionOf(right);
  return KolmogorovSmirnov(before, after, Compare(before, after));
}

TEST(KolmogorovSmirnov, TiesAndPlainCases) {
  const std::vector<double> left = {1, 2, 2, 3}, right = {2, 2, 4, 5, 6};
  const TestResult result = KsTest(left, right);
  EXPECT_DOUBLE_EQ(result.statistic, 0.6);
  EXPECT_NEAR(result.p_value, 0.2857142857142857, 1e-12);
  EXPECT_EQ(KsTest(left, left).p_value, 1);
  EXPECT_NEAR(KsTest({1}, {2}).p_value, 1, 1e-12);
}

TEST(ChiSquare, EqualsScipy) {
  const std::vector<int64_t> left = {10, 20, 30}, right = {20, 20, 20};
  const TestResult two_way = ChiSquareTwoWay(left, right);
  EXPECT_NEAR(two_way.statistic, 5.333333333333334, 1e-12);
  EXPECT_NEAR(two_way.p_value, 0.06948345122280153, 1e-12);
  // With Yates' correction.
  const TestResult corrected =
      ChiSquareTwoWay(std::vector<int64_t>{12, 5}, std::vector<int64_t>{3, 9});
  EXPECT_NEAR(corrected.p_value, 0.04111041419430694, 1e-12);
  const TestResult one_way = ChiSquareOneWay(left, right);
  EXPECT_NEAR(one_way.statistic, 40.0 / 3, 1e-12);
  EXPECT_NEAR(one_way.p_value, std::exp(-20.0 / 3), 1e-12);  // Two degrees of freedom.
}

TEST(ChiSquare, WhatHasNoAnswer) {
  const std::vector<int64_t> some = {3, 4}, one = {7, 0}, none = {0, 0};
  EXPECT_EQ(ChiSquareTwoWay(some, none).p_value, 1);
  EXPECT_EQ(ChiSquareTwoWay(one, one).p_value, 1);
  EXPECT_EQ(ChiSquareOneWay(one, some).p_value, 0);
  EXPECT_TRUE(std::isinf(ChiSquareOneWay(one, some).statistic));
  EXPECT_EQ(ChiSquareOneWay(none, some).p_value, 1);
}

TEST(Distances, OfKnownSamples) {
  const auto apart = [](const std::vector<double>& left, const std::vector<double>& right) {
    return Compare(DistributionOf(left), DistributionOf(right)).normed_wasserstein;
  };
  EXPECT_DOUBLE_EQ(apart({0, 1, 3}, {5, 6, 8}), 5 / std::sqrt(14.0 / 9));
  EXPECT_DOUBLE_EQ(apart({0, 1}, {0, 0, 1, 1}), 0);
  EXPECT_DOUBLE_EQ(apart({-1, 1}, {1, 3}), 2);
  // A constant has Evidently's least deviation.
  EXPECT_NEAR(apart({1, 1}, {1.001}), 1, 1e-9);

  const std::vector<int64_t> a = {1, 0}, b = {0, 5}, c = {3, 3}, d = {7, 7};
  EXPECT_DOUBLE_EQ(JensenShannon(a, b), std::sqrt(std::log(2)));
  EXPECT_DOUBLE_EQ(JensenShannon(c, d), 0);
  EXPECT_DOUBLE_EQ(Hellinger(a, b), 1);
  EXPECT_DOUBLE_EQ(Hellinger(c, d), 0);
  EXPECT_DOUBLE_EQ(PopulationStability(c, d), 0);
  // (q - p) ln(q / p) with 0 as 0.0001, twice.
  EXPECT_NEAR(PopulationStability(a, b), 2 * 0.9999 * std::log(1 / 0.0001), 1e-9);
  EXPECT_TRUE(std::isnan(Hellinger(a, std::vector<int64_t>{0, 0})));
}

// numpy.histogram_bin_edges([1, 2, 2, 3, 9, 9, 9], "sturges") are 1, 3, 5, 7, 9.
TEST(Distances, BinsAsSturgesSays) {
  const std::vector<double> left = {1, 2, 2, 3}, right = {9, 9, 9};
  const auto [before, after] = SturgesCounts(DistributionOf(left), DistributionOf(right), 7, false);
  EXPECT_THAT(before, ElementsAre(3, 1, 0, 0));
  EXPECT_THAT(after, ElementsAre(0, 0, 0, 3));
}

// scipy.stats.t.sf(2.5, 7.3), t.sf(-0.7, 3), and ttest_ind([1, 2, 4, 4, 7, 9], [0.5, 1, 1.5, 2, 2],
// equal_var=False).
TEST(Welch, EqualsScipy) {
  EXPECT_NEAR(StudentTail(2.5, 7.3), 0.019825117332800214, 1e-14);
  EXPECT_NEAR(StudentTail(-0.7, 3), 0.7328365008476182, 1e-14);
  const TestResult test = WelchTest({6, 4.5, 9.1}, {5, 1.4, 0.425});
  EXPECT_NEAR(test.statistic, 2.4494897427831783, 1e-13);
  EXPECT_NEAR(test.p_value, 0.053070502428937155, 1e-13);
}

TEST(Welch, OfWhatDoesNotVary) {
  EXPECT_EQ(WelchTest({5, 1, 0}, {5, 1, 0}).p_value, 1);
  EXPECT_EQ(WelchTest({5, 1, 0}, {5, 0, 0}).p_value, 0);
  EXPECT_EQ(WelchTest({1, 1, 0}, {5, 0, 1}).p_value, 1);  // Nothing is known of one row's variance.
}

TEST(FalseDiscovery, EqualsScipy) {
  const std::vector<double> adjusted =
      FalseDiscoveryAdjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005, 0.9});
  EXPECT_THAT(adjusted, ElementsAre(DoubleNear(0.025, 1e-12), DoubleNear(0.05, 1e-12),
                                    DoubleNear(0.05, 1e-12), DoubleNear(0.025, 1e-12), 0.9));
  EXPECT_TRUE(FalseDiscoveryAdjusted({}).empty());
}

}  // namespace
}  // namespace slipway::data
