#include "data/distinct_sketch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "data/sketch_testing_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

using Hashes = std::vector<uint64_t>;

// Hashes of `count` different numbers, other ones for each seed.
Hashes Numbers(int64_t count, int64_t seed) {
  Hashes hashes;
  for (int64_t i = 0; i < count; ++i) {
    hashes.push_back(HashOf(static_cast<double>(i + seed * 10'000'000)));
  }
  return hashes;
}

DistinctSketch SketchOf(const Hashes& hashes) {
  DistinctSketch sketch;
  sketch.AddAll(hashes);
  return sketch;
}

TEST(DistinctSketchTest, CountsExactlyUpToItsLimit) {
  DistinctSketch sketch;
  EXPECT_EQ(sketch.Estimate(), 0);
  EXPECT_EQ(sketch.relative_error(), 0);
  const Hashes hashes = Numbers(DistinctSketch::kExactLimit - 1, 0);
  for (size_t i = 0; i < hashes.size(); ++i) {
    sketch.Add(hashes[i]);
    sketch.Add(hashes[i / 2]);
    ASSERT_EQ(sketch.Estimate(), static_cast<int64_t>(i) + 1);
  }
  sketch.Add(0);
  sketch.Add(0);
  EXPECT_EQ(sketch.Estimate(), static_cast<int64_t>(DistinctSketch::kExactLimit));
  EXPECT_EQ(sketch.relative_error(), 0);
  sketch.Add(1);
  EXPECT_DOUBLE_EQ(sketch.relative_error(), 1.04 / 64);
}

// One standard error is 1.04 / 64: of 200 runs 5 % lie beyond 1.96 of them, 10 ± 3.1, and none
// beyond 4.5; the mean has a standard error of that by √200.
TEST(DistinctSketchTest, EstimatesWithinTheStatedErrorAndWithoutBias) {
  constexpr int kRuns = 200;
  const double deviation = 1.04 / 64;
  for (const int64_t count : {1'100, 3'000, 8'000, 12'000, 20'000, 100'000}) {
    int beyond = 0;
    double sum = 0;
    double squares = 0;
    for (int seed = 0; seed < kRuns; ++seed) {
      const auto estimate = static_cast<double>(SketchOf(Numbers(count, seed)).Estimate());
      const double error = estimate / static_cast<double>(count) - 1;
      EXPECT_LE(std::abs(error), 4.5 * deviation);
      beyond += std::abs(error) > 1.96 * deviation ? 1 : 0;
      sum += error;
      squares += error * error;
    }
    EXPECT_LE(beyond, 10 + 4 * 3.1) << count;
    EXPECT_LE(std::abs(sum / kRuns), 4 * deviation / std::sqrt(kRuns)) << count;
    EXPECT_LE(std::sqrt(squares / kRuns), 1.2 * deviation) << count;
  }
}

TEST(DistinctSketchTest, TextAndLargeNumbersAreEstimatedToo) {
  DistinctSketch texts;
  for (int i = 0; i < 300'000; ++i) texts.Add(HashOf(fmt::format("customer-{:09}", i)));
  EXPECT_NEAR(static_cast<double>(texts.Estimate()), 300'000, 3.5 * 300'000 * 1.04 / 64);
  DistinctSketch numbers;
  for (int i = 0; i < 3'000'000; ++i) numbers.Add(HashOf(1e9 + 0.25 * i));
  EXPECT_NEAR(static_cast<double>(numbers.Estimate()), 3e6, 3.5 * 3e6 * 1.04 / 64);
}

TEST(DistinctSketchTest, OrderRepeatsAndPartsDoNotMatter) {
  for (const int64_t count : {5, 1'024, 1'025, 50'000}) {
    Hashes hashes = Numbers(count, 3);
    const std::string expected = SketchOf(hashes).ToBytes();
    Random random(1);
    hashes.insert(hashes.end(), hashes.begin(), hashes.begin() + static_cast<ptrdiff_t>(count / 2));
    random.Shuffle(std::span(hashes));
    EXPECT_EQ(SketchOf(hashes).ToBytes(), expected);
    DistinctSketch merged;
    const size_t part = hashes.size() / 3 + 1;
    for (size_t begin = 0; begin < hashes.size(); begin += part) {
      const size_t size = std::min(part, hashes.size() - begin);
      merged.Merge(SketchOf(Hashes(hashes.begin() + static_cast<ptrdiff_t>(begin),
                                   hashes.begin() + static_cast<ptrdiff_t>(begin + size))));
    }
    EXPECT_EQ(merged.ToBytes(), expected);
    merged.Merge(merged);
    EXPECT_EQ(merged.ToBytes(), expected);
    DistinctSketch large = SketchOf(Numbers(5'000, 4));
    DistinctSketch small = SketchOf(hashes);
    large.Merge(SketchOf(hashes));
    small.Merge(SketchOf(Numbers(5'000, 4)));
    EXPECT_EQ(large.ToBytes(), small.ToBytes());
  }
}

TEST(DistinctSketchTest, HashesAtTheEdgesAreCounted) {
  // All in one register, then hashes with no bit after those that choose it.
  Hashes hashes;
  for (uint64_t i = 0; i < 2'000; ++i) hashes.push_back(i);
  for (uint64_t i = 0; i < 4'096; ++i) hashes.push_back(i << 52U);
  const DistinctSketch sketch = SketchOf(hashes);
  EXPECT_GT(sketch.Estimate(), 1'000'000'000'000);
}

TEST(DistinctSketchTest, AStoredSketchGoesOnAsTheFirst) {
  for (const int64_t count : {0, 1, 700, 1'024, 1'025, 30'000}) {
    DistinctSketch first = SketchOf(Numbers(count, 1));
    auto second = DistinctSketch::FromBytes(first.ToBytes());
    ASSERT_TRUE(second.ok()) << second.error().ToString();
    EXPECT_EQ(second->Estimate(), first.Estimate());
    EXPECT_EQ(second->relative_error(), first.relative_error());
    first.AddAll(Numbers(900, 2));
    second->AddAll(Numbers(900, 2));
    EXPECT_EQ(first.ToBytes(), second->ToBytes());
  }
  EXPECT_LT(SketchOf(Numbers(50'000, 1)).ToBytes().size(), 3'200U);
}

TEST(DistinctSketchTest, DamagedBytesAreAnError) {
  for (const int64_t count : {40, 5'000}) {
    const std::string bytes = SketchOf(Numbers(count, 1)).ToBytes();
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DistinctSketch::FromBytes(std::string_view(bytes).substr(0, length));
      ASSERT_FALSE(read.ok()) << length;
      EXPECT_EQ(read.error().code(), ErrorCode::kInvalidInput);
    }
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_FALSE(DistinctSketch::FromBytes(flipped).ok()) << bit;
    }
    int refused = 0;
    int read = 0;
    ForEachForgery(bytes, 3'000, [&](std::string_view forged) {
      auto sketch = DistinctSketch::FromBytes(forged);
      ++(sketch.ok() ? read : refused);
      if (!sketch.ok()) return;
      sketch->AddAll(Numbers(2'000, 5));
      EXPECT_GT(sketch->Estimate(), 500);
    });
    EXPECT_GT(refused, 1'000);
    EXPECT_GT(read, 100);
  }
}

}  // namespace
}  // namespace slipway::data
