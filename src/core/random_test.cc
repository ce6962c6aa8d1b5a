#include "core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

namespace slipway {
namespace {

TEST(RandomTest, IsSplitMix64) {
  // The reference implementation (Vigna, splitmix64.c) from the state 1234567.
  Random random(1234567);
  const std::array<uint64_t, 5> expected = {6457827717110365317ULL, 3203168211198807973ULL,
                                            9817491932198370423ULL, 4593380528125082431ULL,
                                            16408922859458223821ULL};
  for (const uint64_t number : expected) EXPECT_EQ(random.Next(), number);
}

TEST(RandomTest, BelowIsEvenOverItsRange) {
  Random random(1);
  constexpr int kBins = 7;
  constexpr int kDraws = 70'000;
  constexpr double kExpected = 10'000;  // Draws a bin.
  std::array<int, kBins> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.Below(kBins));
  double chi_squared = 0;
  for (const int count : counts) {
    const double off = count - kExpected;
    chi_squared += off * off / kExpected;
  }
  // The 99.9 % point of chi-squared with 6 degrees of freedom.
  EXPECT_LT(chi_squared, 22.46);
  EXPECT_EQ(random.Below(1), 0U);
}

TEST(RandomTest, BelowStaysBelowForHugeBounds) {
  Random random(2);
  const uint64_t bound = (1ULL << 63U) + 1;
  for (int i = 0; i < 1000; ++i) ASSERT_LT(random.Below(bound), bound);
}

TEST(RandomTest, UniformFillsTheUnitInterval) {
  Random random(3);
  double sum = 0;
  double least = 1;
  double most = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double number = random.Uniform();
    ASSERT_GE(number, 0.0);
    ASSERT_LT(number, 1.0);
    sum += number;
    least = std::min(least, number);
    most = std::max(most, number);
  }
  // Four standard errors of the mean.
  EXPECT_NEAR(sum / 100'000, 0.5, 4 * 0.2887 / 316.2);
  EXPECT_LT(least, 0.001);
  EXPECT_GT(most, 0.999);
}

TEST(RandomTest, ShuffleIsAPermutationFixedByItsSeed) {
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  const std::vector<int> sorted = items;
  std::vector<int> again = items;
  std::vector<int> other = items;
  Random(5).Shuffle(std::span(items));
  Random(5).Shuffle(std::span(again));
  Random(6).Shuffle(std::span(other));
  EXPECT_EQ(items, again);
  EXPECT_NE(items, other);
  EXPECT_NE(items, sorted);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, sorted);
}

TEST(RandomTest, EveryPermutationOfThreeIsAsLikely) {
  std::array<int, 6> counts{};
  Random random(8);
  for (int i = 0; i < 60'000; ++i) {
    std::array<int, 3> items = {0, 1, 2};
    random.Shuffle(std::span<int>(items));
    const int order = 2 * items[0] + (items[1] > items[2] ? 1 : 0);
    ++counts.at(order);
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
  // The 99.9 % point of chi-squared with 5 degrees of freedom.
  EXPECT_LT(chi_squared, 20.52);
}

TEST(RandomTest, DerivedSeedsDiffer) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (uint64_t index = 0; index < 100; ++index) seeds.insert(DeriveSeed(seed, index));
  }
  EXPECT_EQ(seeds.size(), 10'000U);
}

}  // namespace
}  // namespace slipway
