#include "train/search_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace slipway::train {
namespace {

using testing::HasSubstr;

SearchSpace Parse(const char* text) {
  auto space = ParseSearchSpace(Json::parse(text));
  EXPECT_TRUE(space.ok()) << space.error().ToString();
  return space.ok() ? *std::move(space) : SearchSpace();
}

std::string ErrorOf(const char* text) {
  const auto space = ParseSearchSpace(Json::parse(text));
  return space.ok() ? "" : space.error().ToString();
}

TEST(SearchSpace, MistakesNameTheirPlace) {
  EXPECT_THAT(ErrorOf(R"({"a": 3})"), HasSubstr("model.search_space.a: 3 is one value"));
  EXPECT_THAT(ErrorOf(R"({"a": 3})"), HasSubstr("try [3]"));
  EXPECT_THAT(ErrorOf(R"({"a": []})"), HasSubstr("no value to try"));
  EXPECT_THAT(ErrorOf(R"({"a": {"low": 1}})"), HasSubstr("not a range"));
  EXPECT_THAT(ErrorOf(R"({"a": {"low": 1, "high": 2, "step": 1}})"),
              HasSubstr("a range has no 'step'"));
  EXPECT_THAT(ErrorOf(R"({"a": {"low": 3, "high": 2}})"), HasSubstr("low 3 is above high 2"));
  EXPECT_THAT(ErrorOf(R"({"a": {"low": 0, "high": 2, "log": true}})"),
              HasSubstr("low 0 has no logarithm"));
}

TEST(SearchSpace, FewCombinationsAreAllTriedOnce) {
  const auto candidates =
      DrawCandidates(Parse(R"({"a": [null, 5], "b": {"low": 1, "high": 3}})"), 6, 1);
  ASSERT_EQ(candidates.size(), 6);
  EXPECT_EQ(candidates.front(), Json::parse(R"({"a": null, "b": 1})"));
  EXPECT_EQ(candidates.back(), Json::parse(R"({"a": 5, "b": 3})"));
}

TEST(SearchSpace, DrawsAreDifferentSeededAndNested) {
  const SearchSpace space = Parse(R"({"a": [1, 2, 3], "b": {"low": 1, "high": 4}})");
  const auto some = DrawCandidates(space, 5, 7);
  const auto more = DrawCandidates(space, 11, 7);
  ASSERT_EQ(some.size(), 5);
  ASSERT_EQ(more.size(), 11);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), more.begin()));
  EXPECT_EQ(std::set<std::string>([&] {
              std::set<std::string> texts;
              for (const Json& one : more) texts.insert(one.dump());
              return texts;
            }())
                .size(),
            11);
  EXPECT_NE(some, DrawCandidates(space, 5, 8));
}

TEST(SearchSpace, ALogarithmicRangeIsEvenOnItsScale) {
  const auto candidates =
      DrawCandidates(Parse(R"({"c": {"low": 0.0001, "high": 10000.0, "log": true}})"), 2000, 3);
  int64_t below_one = 0;
  for (const Json& one : candidates) {
    const double value = one["c"];
    EXPECT_GE(value, 0.0001);
    EXPECT_LE(value, 10000);
    below_one += value < 1 ? 1 : 0;
  }
  // Half of 2,000, within four deviations of a binomial.
  EXPECT_NEAR(static_cast<double>(below_one) / static_cast<double>(candidates.size()), 0.5, 0.045);
}

TEST(SearchSpace, WholeNumbersStayWholeAndComeEquallyOften) {
  std::vector<int> counts(4);
  const SearchSpace space =
      Parse(R"({"a": {"low": 1, "high": 3}, "b": {"low": 0.0, "high": 1.0}})");
  const auto candidates = DrawCandidates(space, 900, 5);
  for (const Json& one : candidates) {
    ASSERT_TRUE(one["a"].is_number_integer());
    ++counts[one["a"].get<size_t>()];
  }
  for (const int value : {1, 2, 3}) {
    EXPECT_NEAR(static_cast<double>(counts[static_cast<size_t>(value)]), 300, 57);
  }
}

}  // namespace
}  // namespace slipway::train
