#include "data/value_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "core/random.h"

namespace slipway::data {
namespace {

size_t Collisions(std::vector<uint64_t> hashes) {
  const size_t count = hashes.size();
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
  return count - hashes.size();
}

TEST(ValueHashTest, IsTheSameForEver) {
  // By an implementation of the same description in Python.
  EXPECT_EQ(HashOf(0.0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(HashOf(1.0), 0x88d7c35bbbf3ededULL);
  EXPECT_EQ(HashOf(-2.5), 0xe0191234ca04fa08ULL);
  EXPECT_EQ(HashOf(1e300), 0xff5a832a738c19a6ULL);
  EXPECT_EQ(HashOf(""), 0xfc687ec003183bd8ULL);
  EXPECT_EQ(HashOf("a"), 0xda59c0d8cc2038e9ULL);
  EXPECT_EQ(HashOf("Berlin"), 0xddf56f1653ff1ba1ULL);
  EXPECT_EQ(HashOf("exactly8"), 0xdd2e1bba346d2c25ULL);
  EXPECT_EQ(HashOf("nine-byte"), 0xe8bdf35a9ae6e548ULL);
  EXPECT_EQ(HashOf("sixteen bytes ok"), 0x9654ec17890b50f3ULL);
  EXPECT_EQ(HashOf("a text of more than sixteen bytes, thrice over"), 0x0679ea49e313167aULL);
}

TEST(ValueHashTest, ZeroHasOneHash) {
  EXPECT_EQ(HashOf(-0.0), HashOf(0.0));
  EXPECT_NE(HashOf(0.0), HashOf(1.0));
}

// Each bit of the input flips each bit of the hash in half of the cases: over 4,000 texts the share
// has a standard error of 0.8 %; six of them hold for all 64 · 8 · length pairs.
TEST(ValueHashTest, EveryBitOfATextReachesEveryBit) {
  constexpr int kTexts = 4'000;
  for (const size_t length : {1U, 3U, 8U, 9U, 16U, 17U, 40U}) {
    Random random(length);
    for (size_t bit = 0; bit < 8 * length; ++bit) {
      std::vector<int> flips(64);
      for (int text = 0; text < kTexts; ++text) {
        std::string bytes(length, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
        std::string other = bytes;
        other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
        const uint64_t difference =
            HashOf(std::string_view(bytes)) ^ HashOf(std::string_view(other));
        for (size_t i = 0; i < 64; ++i) flips[i] += static_cast<int>((difference >> i) & 1U);
      }
      // Of one byte there are only 256 texts, and 128 pairs: their share has a wider spread.
      const double spread = 0.5 / std::sqrt(length == 1 ? 128 : kTexts);
      for (const int flipped : flips) {
        ASSERT_NEAR(static_cast<double>(flipped) / kTexts, 0.5, 6 * spread) << length << " " << bit;
      }
    }
  }
}

// Among a million hashes of 64 bits a collision has a chance of 3 in 100 million.
TEST(ValueHashTest, TextsThatAreAlikeDoNotCollide) {
  std::vector<uint64_t> hashes;
  for (int i = 0; i < 300'000; ++i) {
    hashes.push_back(HashOf(fmt::format("{}", i)));
    hashes.push_back(HashOf(fmt::format("user-{:012}@example.org", i)));
    hashes.push_back(HashOf(fmt::format("{:064b}", i)));
  }
  for (size_t length = 0; length < 500; ++length) {
    hashes.push_back(HashOf(std::string(length, '\0')));
    hashes.push_back(HashOf(std::string(length, ' ')));
    hashes.push_back(HashOf("a" + std::string(length, '\0')));
  }
  // "" is there twice: as no zero bytes and as no blanks.
  EXPECT_EQ(Collisions(hashes), 1U);
}

// The bits that sketches use apart: the top 12 and the low 12 fall evenly.
TEST(ValueHashTest, TopAndLowBitsOfCountersAreEven) {
  constexpr size_t kCells = 4'096;
  constexpr int kPerCell = 100;
  std::vector<int> top(kCells);
  std::vector<int> low(kCells);
  std::vector<int> of_text(kCells);
  for (size_t i = 0; i < kCells * kPerCell; ++i) {
    const uint64_t number = HashOf(static_cast<double>(i));
    ++top[number >> 52U];
    ++low[number % kCells];
    ++of_text[HashOf(fmt::format("{}", i)) >> 52U];
  }
  for (const auto& cells : {top, low, of_text}) {
    double chi_squared = 0;
    for (const int count : cells) {
      chi_squared += (count - kPerCell) * (count - kPerCell) / static_cast<double>(kPerCell);
    }
    // 4,095 degrees of freedom: a standard deviation is 90.5.
    EXPECT_NEAR(chi_squared, 4'095, 5 * 90.5);
  }
}

}  // namespace
}  // namespace slipway::data
