#include "core/sort_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"

namespace slipway {
namespace {

std::vector<double> RandomBits(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<double> values;
  while (values.size() < count) {
    const auto value = std::bit_cast<double>(random.Next());
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

TEST(SortNumbersTest, AgreesWithAComparisonSortOverTheWholeRangeOfDoubles) {
  for (const size_t count : {0U, 1U, 2U, 255U, 256U, 257U, 5000U}) {
    std::vector<double> values = RandomBits(count, count);
    std::vector<double> expected = values;
    std::ranges::sort(expected);
    SortNumbers(&values);
    EXPECT_EQ(values, expected) << count;
  }
}

TEST(SortNumbersTest, PutsInfinitiesAtTheEndsAndMakesZerosEqual) {
  for (const size_t padding : {0U, 1000U}) {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> values(padding, 5.0);
    values.insert(values.end(), {infinity, 0.0, -0.0, -infinity, -1.0});
    SortNumbers(&values);
    EXPECT_EQ(values.front(), -infinity);
    EXPECT_EQ(values.back(), infinity);
    EXPECT_EQ(values[2], 0.0);
    EXPECT_FALSE(std::signbit(values[2]) || std::signbit(values[3]));
  }
}

TEST(SortNumbersTest, SortsWholeNumbersWhoseLowDigitsAreAllEqual) {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back((i * 7919) % 3001 - 1500);
  SortNumbers(&values);
  EXPECT_TRUE(std::ranges::is_sorted(values));
}

// Numbers that differ in their last bits only: times of a few seconds in nanoseconds.
TEST(SortNumbersTest, NumbersThatShareTheirUpperHalf) {
  Random random(7);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(1e18 + 128.0 * static_cast<double>(random.Below(3'000'000)));
  }
  std::vector<double> expected = values;
  std::ranges::sort(expected);
  SortNumbers(&values);
  EXPECT_EQ(values, expected);
}

TEST(OrderOfTest, EqualOnesKeepTheirOrder) {
  for (const size_t count : {0U, 1U, 5U, 255U, 256U, 10'000U}) {
    Random random(count);
    std::vector<float> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(random.Below(200)) / 100.0F - 1.0F);
    std::vector<uint32_t> expected(count);
    std::iota(expected.begin(), expected.end(), 0U);
    std::ranges::stable_sort(expected, {}, [&](uint32_t at) { return values[at]; });
    EXPECT_EQ(OrderOf(values), expected) << count;
  }
}

TEST(OrderOfTest, InfinitiesAndZeros) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(OrderOf(std::vector<float>{infinity, 0.0F, -0.0F, -infinity, -1.0F}),
            (std::vector<uint32_t>{3, 4, 1, 2, 0}));
}

}  // namespace
}  // namespace slipway
