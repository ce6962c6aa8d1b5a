#include "data/value_parser.h"

#include <gtest/gtest.h>

#include "data/category_column.h"

namespace slipway::data {
namespace {

TEST(ParseNumberTest, TakesDecimalNotations) {
  EXPECT_EQ(ParseNumber("1"), 1.0);
  EXPECT_EQ(ParseNumber("+1"), 1.0);
  EXPECT_EQ(ParseNumber("-1.5"), -1.5);
  EXPECT_EQ(ParseNumber(".5"), 0.5);
  EXPECT_EQ(ParseNumber("5."), 5.0);
  EXPECT_EQ(ParseNumber("1e5"), 1e5);
  EXPECT_EQ(ParseNumber("1E-5"), 1e-5);
  EXPECT_EQ(ParseNumber("007"), 7.0);
  EXPECT_EQ(ParseNumber("0.1"), 0.1);
  EXPECT_EQ(ParseNumber("2.2250738585072011e-308"), 2.2250738585072011e-308);
  EXPECT_EQ(ParseNumber("1e-999"), 0.0);
}

TEST(ParseNumberTest, RefusesEverythingElse) {
  for (const char* text : {"",         "+",    "-",     ".",     "+-1",    "--1",  "1 2",
                           "1,000",    "0x10", "1e",    "1e999", "-1e999", "inf",  "-inf",
                           "Infinity", "nan",  "1_000", "1.2.3", "12abc",  "true", "१"}) {
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(DecimalCommaTest, IsOneCommaInANumber) {
  for (const char* text : {"1,5", "-0,25", "3,5e2"}) EXPECT_TRUE(HasDecimalComma(text)) << text;
  for (const char* text : {"1.5", "1", "a,b", "1,2,3", "1,234.5", ","}) {
    EXPECT_FALSE(HasDecimalComma(text)) << text;
  }
}

TEST(CanonicalBooleanTest, KnowsBothWordsInAnyCase) {
  for (const char* text : {"true", "TRUE", "True", "tRuE"}) {
    EXPECT_EQ(CanonicalBoolean(text), "True");
  }
  for (const char* text : {"false", "FALSE", "False"}) EXPECT_EQ(CanonicalBoolean(text), "False");
  for (const char* text : {"", "t", "yes", "truth", "TrueX", "falsy", "TRU5"}) {
    EXPECT_EQ(CanonicalBoolean(text), text);
  }
}

TEST(ParseTimestampTest, CountsSecondsOfIsoDates) {
  EXPECT_EQ(ParseTimestamp("1970-01-01"), 0.0);
  EXPECT_EQ(ParseTimestamp("2024-02-29"), 1709164800.0);
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59Z"), -1.0);
  EXPECT_EQ(ParseTimestamp("2024-01-01 10:30"), 1704105000.0);
  EXPECT_EQ(ParseTimestamp("2024-01-01T10:30:15.25"), 1704105015.25);
  EXPECT_EQ(ParseTimestamp("2024-01-01T10:30:15+02:00"), 1704097815.0);
  EXPECT_EQ(ParseTimestamp("2024-01-01T10:30:15-0130"), 1704110415.0);
  EXPECT_EQ(ParseTimestamp("2024-01-01 10:30:15 +02"), 1704097815.0);
}

TEST(ParseTimestampTest, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "2024", "20240101", "2024-13-01", "2023-02-29", "2024-1-1", "2024-01-01T",
        "2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:30:61", "2024-01-01T10:30:15.",
        "2024-01-01x", "2024-01-01T10:30+2", "2024-01-01T10:30+02:", "2024-01-01T10:30Zz",
        "01/02/2024", "2024/01/01"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(MissingValuesTest, EmptyIsAlwaysMissing) {
  const MissingValues missing({" NA ", "-999"});
  EXPECT_TRUE(missing.Contains(""));
  EXPECT_TRUE(missing.Contains("NA"));
  EXPECT_TRUE(missing.Contains("-999"));
  EXPECT_FALSE(missing.Contains("-9"));
  EXPECT_FALSE(missing.Contains("na"));
}

TEST(MissingValuesTest, NumbersAreMissingInEverySpelling) {
  const MissingValues missing({"NA", "-999", " 1e3 "});
  EXPECT_TRUE(missing.ContainsNumber(-999));
  EXPECT_TRUE(missing.ContainsNumber(1000));
  EXPECT_FALSE(missing.ContainsNumber(999));
  EXPECT_FALSE(missing.ContainsNumber(0));
}

TEST(PrecisionTest, TellsWholeNumbersThatADoubleCannotHold) {
  EXPECT_FALSE(LosesPrecision("9007199254740992", 9007199254740992.0));
  EXPECT_TRUE(LosesPrecision("9007199254740993", 9007199254740992.0));
  EXPECT_FALSE(LosesPrecision("9007199254740994", 9007199254740994.0));
  EXPECT_FALSE(LosesPrecision("-0009007199254740994", -9007199254740994.0));
  EXPECT_FALSE(LosesPrecision("1e300", 1e300));
}

TEST(Utf8Test, ValidatesAndRepairs) {
  EXPECT_TRUE(IsValidUtf8("Zürich 東京 🙂"));
  for (const char* text :
       {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\x80"}) {
    EXPECT_FALSE(IsValidUtf8(text));
    EXPECT_TRUE(IsValidUtf8(ReplaceInvalidUtf8(text)));
  }
  EXPECT_EQ(ReplaceInvalidUtf8("Z\xFCrich"), "Z\xEF\xBF\xBDrich");
}

TEST(Utf8Test, MeasuresTheFirstCharacter) {
  EXPECT_EQ(Utf8Length("ab"), 1U);
  EXPECT_EQ(Utf8Length("üb"), 2U);
  EXPECT_EQ(Utf8Length("東"), 3U);
  EXPECT_EQ(Utf8Length("🙂!"), 4U);
  for (const char* text : {"\x80", "\xC3", "\xE6\x9D", "\xF0\x9F\x99", "\xED\xA0\x80"})
    EXPECT_EQ(Utf8Length(text), 0U) << text;
}

TEST(ForeignNumberTest, IsOneThatJsonHasNot) {
  for (const char* text : {"NaN", "nan, 1", "Infinity]", "None", "inf"})
    EXPECT_TRUE(IsForeignNumber(text)) << text;
  for (const char* text : {"", "null", "1", "-Infinity", "na"})
    EXPECT_FALSE(IsForeignNumber(text)) << text;
}

TEST(ExcerptTest, CutsAtACharacterWithinAHundredBytes) {
  EXPECT_EQ(Excerpt("short"), "short");
  std::string text;
  for (int i = 0; i < 60; ++i) text += "ü";
  const std::string excerpt = Excerpt(text);
  EXPECT_LE(excerpt.size(), 100U);
  EXPECT_TRUE(IsValidUtf8(excerpt));
  EXPECT_TRUE(excerpt.ends_with("…"));
}

}  // namespace
}  // namespace slipway::data
