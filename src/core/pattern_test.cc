#include "core/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace slipway {
namespace {

TEST(Pattern, MatchesAPartUnlessTiedToTheEnds) {
  EXPECT_TRUE(Pattern::Make("b+")->Matches("abbc"));
  EXPECT_FALSE(Pattern::Make("^b+$")->Matches("abbc"));
  EXPECT_TRUE(Pattern::Make("^[A-Z]{2}-[0-9]{4}$")->Matches("AB-1234"));
  EXPECT_FALSE(Pattern::Make("^[A-Z]{2}-[0-9]{4}$")->Matches("AB-1234\n"));
  EXPECT_TRUE(Pattern::Make("^.$")->Matches("ä"));
  EXPECT_FALSE(Pattern::Make("^.$")->Matches("\xFF"));
  EXPECT_TRUE(Pattern::Make("")->Matches(""));
  EXPECT_TRUE(Pattern::Make("^a.b$")->Matches(std::string_view("a\0b", 3)));
}

TEST(Pattern, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(Pattern::Make("[a-").error().ToString(),
            "no valid pattern: missing ]: [a-; expected a regular expression as RE2 has it");
  for (const char* bad : {"(", "a**", "(?=a)", "(a)\\1", "a{1001}", "\xFF"}) {
    EXPECT_FALSE(Pattern::Make(bad).ok()) << bad;
  }
  EXPECT_EQ(Pattern::Make(std::string(1001, 'a')).error().ToString(),
            "a pattern of 1001 bytes; expected at most 1000");
  EXPECT_FALSE(Pattern::Make("((a{100}){100}){100}").ok());
  EXPECT_FALSE(Pattern::Make(std::string(1000, '(')).ok());
}

TEST(Pattern, TakesLinearTime) {
  const auto pattern = Pattern::Make("^(a+)+$");
  ASSERT_TRUE(pattern.ok());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(pattern->Matches(std::string(100'000, 'a') + "b"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(Pattern, EscapedTextMatchesItselfAlone) {
  const std::string text = R"(a.b*c+d?(e)[f]{g}|h^i$j\k-l)";
  const auto pattern = Pattern::Make("^" + EscapePattern(text) + "$");
  ASSERT_TRUE(pattern.ok());
  EXPECT_TRUE(pattern->Matches(text));
  EXPECT_FALSE(pattern->Matches("aXb*c+d?(e)[f]{g}|h^i$j\\k-l"));
}

}  // namespace
}  // namespace slipway
