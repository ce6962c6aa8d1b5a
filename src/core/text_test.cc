#include "core/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace slipway {
namespace {

TEST(TextTest, CountsAreGrouped) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1'204'000), "1,204,000");
  EXPECT_EQ(FormatCount(-999), "-999");
  EXPECT_EQ(FormatCount(-1000), "-1,000");
  EXPECT_EQ(FormatCount(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(TextTest, BytesTakeTheLargestUnit) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(1'100'000), "1.1 MB");
  EXPECT_EQ(FormatBytes(999'949), "999.9 kB");
  // Rounding must not leave "1000.0 kB".
  EXPECT_EQ(FormatBytes(999'950), "1.0 MB");
  EXPECT_EQ(FormatBytes(5'000'000'000'000'000), "5000.0 TB");
}

TEST(TextTest, SecondsGetCoarserAsTheyGrow) {
  EXPECT_EQ(FormatSeconds(0.021), "0.02 s");
  EXPECT_EQ(FormatSeconds(9.99), "9.99 s");
  EXPECT_EQ(FormatSeconds(9.996), "10.0 s");
  EXPECT_EQ(FormatSeconds(31.44), "31.4 s");
  EXPECT_EQ(FormatSeconds(59.96), "1 min 00 s");
  EXPECT_EQ(FormatSeconds(125), "2 min 05 s");
  EXPECT_EQ(FormatSeconds(3600), "1 h 00 min");
  EXPECT_EQ(FormatSeconds(7384), "2 h 03 min");
}

TEST(TextTest, PluralsAndLists) {
  EXPECT_EQ(Plural(1, "row", "rows"), "1 row");
  EXPECT_EQ(Plural(0, "row", "rows"), "0 rows");
  EXPECT_EQ(Plural(12'000, "row", "rows"), "12,000 rows");
  EXPECT_EQ(JoinOr({}), "");
  EXPECT_EQ(JoinOr({"a"}), "a");
  EXPECT_EQ(JoinOr({"a", "b"}), "a or b");
  EXPECT_EQ(JoinOr({"a", "b", "c"}), "a, b or c");
  EXPECT_EQ(Join({"a", "", "c"}, "/"), "a//c");
}

TEST(TextTest, NearestNameForgivesSmallSlips) {
  const std::vector<std::string> names = {"accuracy", "precision", "recall", "f1", "auc"};
  EXPECT_EQ(NearestName("acuracy", names), "accuracy");     // One letter missing.
  EXPECT_EQ(NearestName("precsiion", names), "precision");  // Two neighbours swapped.
  EXPECT_EQ(NearestName("RECALL", names), "recall");        // Case.
  EXPECT_EQ(NearestName("auk", names), "auc");              // One of three letters.
  EXPECT_EQ(NearestName("F1", names), "f1");
  EXPECT_EQ(NearestName("f2", names), "f1");
  EXPECT_EQ(NearestName("latency", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName("auc", {}), "");
}

TEST(TextTest, NearestNameOfShortNamesIsNoGuess) {
  EXPECT_EQ(NearestName("y", {"i", "f", "c"}), "");
  EXPECT_EQ(NearestName("y", {"i", "Y"}), "Y");
}

TEST(TextTest, NearestNameOfEndlessNamesCostsLittle) {
  const std::string endless(3'000'000, 'x');
  EXPECT_EQ(NearestName("target", {endless, "tarket"}), "tarket");
  EXPECT_EQ(NearestName(endless, {"target"}), "");
}

TEST(TextTest, NearestNamePrefersTheCloserAndThenTheFirst) {
  EXPECT_EQ(NearestName("stage", {"staged", "stage"}), "stage");
  EXPECT_EQ(NearestName("cat", {"bat", "hat"}), "bat");
}

TEST(TextTest, TrimsAndLowers) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(ToLower("YeS 1"), "yes 1");
  // Bytes of UTF-8 stay as they are.
  EXPECT_EQ(ToLower("Ä"), "Ä");
}

TEST(TextTest, WidthCountsCharacters) {
  EXPECT_EQ(TextWidth(""), 0U);
  EXPECT_EQ(TextWidth("abc"), 3U);
  EXPECT_EQ(TextWidth("é – ✓"), 5U);
}

TEST(TextTest, ControlCharactersBecomeBlanks) {
  EXPECT_EQ(Printable("a\x1b[2J\tb\x7f"), "a [2J b ");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m é"),
            " 31m é");
}

}  // namespace
}  // namespace slipway
