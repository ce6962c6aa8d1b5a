#include "data/frequent_values.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/sketch_testing_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Counts = std::map<std::string, int64_t>;

FrequentValue Value(std::string value, int64_t count) {
  return {.value = std::move(value), .count = count};
}

// Texts of which the i-th comes about 1 / i^power as often as the first.
std::vector<std::string> Skewed(size_t count, double power, uint64_t seed) {
  std::vector<double> shares(20'000);
  for (size_t i = 0; i < shares.size(); ++i) {
    shares[i] = std::pow(static_cast<double>(i + 1), -power);
  }
  std::inclusive_scan(shares.begin(), shares.end(), shares.begin());
  Random random(seed);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    const auto at = std::ranges::lower_bound(shares, random.Uniform() * shares.back());
    text = fmt::format("value {}", at - shares.begin());
  }
  return texts;
}

// Misra and Gries: every count is at most `error` too low, never too high, and no value that came
// more often than `error` is left out; error ≤ total / (capacity + 1).
void ExpectBounds(const FrequentValues& found, const Counts& truth, size_t capacity) {
  int64_t total = 0;
  Counts listed;
  for (const FrequentValue& value : found.All()) listed[value.value] = value.count;
  for (const auto& [value, count] : truth) {
    total += count;
    const int64_t lower = listed.contains(value) ? listed[value] : 0;
    EXPECT_LE(lower, count) << value;
    EXPECT_LE(count - lower, found.error()) << value;
  }
  EXPECT_EQ(found.total(), total);
  EXPECT_LE(found.error(), total / static_cast<int64_t>(capacity + 1));
  EXPECT_LE(found.size(), 2 * capacity);
  for (const auto& [value, count] : listed) EXPECT_TRUE(truth.contains(value)) << value;
}

TEST(FrequentValuesTest, IsEmptyAtFirst) {
  const FrequentValues values;
  EXPECT_EQ(values.total(), 0);
  EXPECT_EQ(values.error(), 0);
  EXPECT_THAT(values.All(), IsEmpty());
}

TEST(FrequentValuesTest, CountsExactlyAndOrdersTiesByBytes) {
  FrequentValues values(10);
  values.Add("b", 2);
  values.Add("", 1);
  values.Add("a", 1);
  values.Add("c", 5);
  values.Add("a", 1);
  values.Add("never", 0);
  values.Add("never", -3);
  EXPECT_THAT(values.All(), ElementsAre(Value("c", 5), Value("a", 2), Value("b", 2), Value("", 1)));
  EXPECT_THAT(values.Top(2), ElementsAre(Value("c", 5), Value("a", 2)));
  EXPECT_EQ(values.Top(100).size(), 4U);
  EXPECT_EQ(values.total(), 10);
  EXPECT_EQ(values.error(), 0);
}

TEST(FrequentValuesTest, IsExactUpToTwiceItsCapacity) {
  FrequentValues values(50);
  for (int i = 0; i < 100; ++i) values.Add(std::to_string(i), i + 1);
  EXPECT_EQ(values.error(), 0);
  EXPECT_THAT(values.Top(1), ElementsAre(Value("99", 100)));
  values.Add("one more", 1);
  // Of 101 counts the 51st largest, 50, is taken off: 50 values stay.
  EXPECT_EQ(values.error(), 50);
  EXPECT_EQ(values.size(), 50U);
  EXPECT_THAT(values.Top(1), ElementsAre(Value("99", 50)));
}

TEST(FrequentValuesTest, CountsStayWithinTheStatedError) {
  for (const double power : {0.0, 0.8, 1.2, 2.0}) {
    for (const size_t capacity : {1U, 20U, 300U}) {
      FrequentValues values(capacity);
      Counts truth;
      for (const std::string& text : Skewed(50'000, power, capacity)) {
        values.Add(text, 1);
        ++truth[text];
      }
      ExpectBounds(values, truth, capacity);
    }
  }
}

TEST(FrequentValuesTest, WhatIsFrequentIsFoundAmongManyThatAreNot) {
  FrequentValues values;
  for (int i = 0; i < 300'000; ++i) {
    values.Add(fmt::format("id-{}", i), 1);
    if (i % 50 == 0) values.Add("often", 1);
  }
  ASSERT_EQ(values.Top(1).size(), 1U);
  EXPECT_EQ(values.Top(1)[0].value, "often");
  EXPECT_GE(values.Top(1)[0].count, 6'000 - values.error());
  EXPECT_LE(values.error(), 306'000 / 2'049);
}

TEST(FrequentValuesTest, MergedPartitionsStayWithinTheError) {
  constexpr size_t kCapacity = 100;
  FrequentValues merged(kCapacity);
  FrequentValues whole(kCapacity);
  Counts truth;
  for (uint64_t part = 0; part < 12; ++part) {
    FrequentValues one(kCapacity);
    for (const std::string& text : Skewed(1 + 1'500 * part, 1.1, part)) {
      one.Add(text, 1);
      whole.Add(text, 1);
      ++truth[text];
    }
    merged.Merge(one);
  }
  ExpectBounds(merged, truth, kCapacity);
  ExpectBounds(whole, truth, kCapacity);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(merged.Top(3)[i].value, whole.Top(3)[i].value);
}

TEST(FrequentValuesTest, MergesWithItself) {
  FrequentValues values(3);
  for (int i = 0; i < 7; ++i) values.Add(std::to_string(i), i + 1);
  const int64_t error = values.error();
  values.Merge(values);
  EXPECT_EQ(values.total(), 56);
  EXPECT_EQ(values.error(), 2 * error);
  EXPECT_THAT(values.Top(1), ElementsAre(Value("6", 14 - 2 * error)));
}

TEST(FrequentValuesTest, ExactPartitionsMergeExactly) {
  FrequentValues values(10);
  FrequentValues other(10);
  values.Add("a", 3);
  other.Add("a", 4);
  other.Add("b", 1);
  values.Merge(other);
  EXPECT_THAT(values.All(), ElementsAre(Value("a", 7), Value("b", 1)));
  EXPECT_EQ(values.error(), 0);
}

TEST(FrequentValuesTest, LongTextsAreCutAndStayApart) {
  FrequentValues values(10);
  const std::string longest(256, 'x');
  values.Add(longest, 9);
  values.Add(longest + "1", 5);
  values.Add(longest + "2", 4);
  values.Add(longest + "1", 1);
  const auto all = values.All();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].value, longest);
  EXPECT_EQ(all[1].count, 6);
  EXPECT_THAT(all[1].value, StartsWith(longest + "…"));
  EXPECT_EQ(all[1].value.size(), 256 + 3 + 16U);
}

TEST(FrequentValuesTest, LongTextsAreCutBetweenCodePoints) {
  for (const auto& [before, kept] : std::map<size_t, size_t>{{252, 256}, {253, 253}, {255, 255}}) {
    FrequentValues values(10);
    // U+1F6A2, four bytes.
    values.Add(std::string(before, 'x') + "\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2", 1);
    EXPECT_EQ(values.All()[0].value.find("…"), kept) << before;
  }
  FrequentValues values(10);
  values.Add(std::string(300, '\x80'), 1);
  EXPECT_EQ(values.All()[0].value.find("…"), 256U);
}

TEST(FrequentValuesTest, AStoredSketchGoesOnAsTheFirst) {
  for (const size_t count : {0U, 1U, 60U, 5'000U}) {
    FrequentValues first(40);
    for (const std::string& text : Skewed(count, 0.7, 1)) first.Add(text, 2);
    first.Add(std::string(1'000, 'y'), 100'000);
    auto second = FrequentValues::FromBytes(first.ToBytes());
    ASSERT_TRUE(second.ok()) << second.error().ToString();
    EXPECT_EQ(second->ToBytes(), first.ToBytes());
    for (const std::string& text : Skewed(3'000, 0.7, 2)) {
      first.Add(text, 3);
      second->Add(text, 3);
    }
    EXPECT_EQ(second->ToBytes(), first.ToBytes());
    EXPECT_EQ(second->error(), first.error());
    FrequentValues into_first(20);
    FrequentValues into_second(20);
    into_first.Merge(first);
    into_second.Merge(*FrequentValues::FromBytes(first.ToBytes()));
    EXPECT_EQ(into_first.ToBytes(), into_second.ToBytes());
  }
}

TEST(FrequentValuesTest, DamagedBytesAreAnError) {
  FrequentValues values(30);
  for (const std::string& text : Skewed(2'000, 1, 3)) values.Add(text, 1);
  const std::string bytes = values.ToBytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto read = FrequentValues::FromBytes(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidInput);
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(FrequentValues::FromBytes(flipped).ok()) << bit;
  }
}

TEST(FrequentValuesTest, ForgedBytesAreRefusedOrASketchThatWorks) {
  FrequentValues values(30);
  for (const std::string& text : Skewed(2'000, 1, 3)) values.Add(text, 1);
  int refused = 0;
  int read = 0;
  ForEachForgery(values.ToBytes(), 20'000, [&](std::string_view forged) {
    auto sketch = FrequentValues::FromBytes(forged);
    ++(sketch.ok() ? read : refused);
    if (!sketch.ok()) return;
    for (int i = 0; i < 70; ++i) sketch->Add(std::to_string(i), 1);
    sketch->Merge(*sketch);
    int64_t sum = 0;
    for (const FrequentValue& value : sketch->All()) sum += value.count;
    EXPECT_LE(sum, sketch->total());
  });
  EXPECT_GT(refused, 5'000);
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace slipway::data
