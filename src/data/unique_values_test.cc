#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "core/random.h"
#include "data/unique_values_internal.h"

namespace slipway::data {
namespace {

TEST(UniqueValues, HashesOfNumbersGoBack) {
  Random random(5);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t bits = random.Next();
    const double number = std::bit_cast<double>(bits);
    if (std::isnan(number)) continue;
    EXPECT_EQ(NumberOfHash(HashOf(number)), number);
  }
  EXPECT_EQ(NumberOfHash(HashOf(-1.5)), -1.5);
  EXPECT_EQ(HashOf(0.0), HashOf(-0.0));
}

TEST(UniqueValues, TextsThatDifferHaveOtherHashes) {
  std::set<uint64_t> hashes;
  std::string text;
  for (int i = 0; i < 100; ++i) {
    hashes.insert(HashOf(std::string_view(text)));
    text += '\0';
  }
  for (int i = 0; i < 100'000; ++i)
    hashes.insert(HashOf(std::string_view("customer-" + std::to_string(i))));
  EXPECT_EQ(hashes.size(), 100'100U);
}

struct Expected {
  int64_t rows = 0;
  int64_t repeats = 0;
  std::vector<int64_t> first_repeats;
};

// By sets, of the values with `level` zero bits at the front of their hash.
Expected ByHand(const std::vector<double>& values, int level) {
  Expected expected;
  std::map<double, int> seen;
  for (size_t row = 0; row < values.size(); ++row) {
    if (level > 0 && HashOf(values[row]) >> (64 - level) != 0) continue;
    ++expected.rows;
    const int before = seen[values[row]]++;
    if (before > 0) ++expected.repeats;
    if (before == 1) expected.first_repeats.push_back(static_cast<int64_t>(row));
  }
  return expected;
}

std::vector<int64_t> RowsOf(const UniqueValues& values, size_t most) {
  std::vector<int64_t> rows;
  for (const UniqueValues::Repeat& repeat : values.FirstRepeats(most)) rows.push_back(repeat.row);
  return rows;
}

TEST(UniqueValues, ExactAndSampledFiguresDoNotDependOnTheDivision) {
  Random random(11);
  std::vector<double> values;
  for (int i = 0; i < 20'000; ++i) values.push_back(static_cast<double>(random.Below(30'000)));
  const std::set<double> distinct(values.begin(), values.end());
  for (const size_t most : {size_t{100'000}, size_t{5'000}, size_t{300}}) {
    int level = 0;
    const auto kept = [&] {
      return std::ranges::count_if(
          distinct, [&](double value) { return level == 0 || HashOf(value) >> (64 - level) == 0; });
    };
    while (kept() > static_cast<int64_t>(most)) ++level;
    Expected expected = ByHand(values, level);
    expected.first_repeats.resize(std::min<size_t>(10, expected.first_repeats.size()));
    for (const size_t parts : {1, 2, 7, 100}) {
      UniqueValues whole(most);
      for (size_t part = 0; part < parts; ++part) {
        UniqueValues one(most);
        const size_t end = values.size() * (part + 1) / parts;
        const size_t begin = values.size() * part / parts;
        for (size_t row = begin; row < end; ++row) {
          one.Add(HashOf(values[row]), static_cast<int64_t>(row - begin), "");
        }
        whole.Merge(std::move(one), static_cast<int64_t>(begin));
      }
      EXPECT_EQ(whole.level(), level);
      EXPECT_EQ(whole.rows(), expected.rows);
      EXPECT_EQ(whole.repeats(), expected.repeats);
      EXPECT_EQ(RowsOf(whole, 10), expected.first_repeats);
    }
  }
}

TEST(UniqueValues, RepeatsShowTheirTexts) {
  UniqueValues values;
  const std::string longer(100, 'x');
  int64_t row = 0;
  for (const std::string& text :
       {std::string("a"), longer, std::string("b"), longer, std::string("a"), std::string("a")}) {
    values.Add(HashOf(std::string_view(text)), row++, text);
  }
  const auto repeats = values.FirstRepeats(10);
  ASSERT_EQ(repeats.size(), 2U);
  EXPECT_EQ(repeats[0].row, 3);
  EXPECT_EQ(repeats[0].text, std::string(37, 'x') + "…");
  EXPECT_EQ(repeats[1].row, 4);
  EXPECT_EQ(repeats[1].text, "a");
  EXPECT_EQ(values.repeats(), 3);
}

}  // namespace
}  // namespace slipway::data
