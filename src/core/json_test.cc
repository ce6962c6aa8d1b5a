#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway {
namespace {

TEST(JsonTest, ErrorsNameFileLineAndColumn) {
  const Result<Json> result = ParseJson("{\n  \"a\": 1,\n  \"b\": nope\n}", "state.json");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(result.error().location().file, "state.json");
  EXPECT_EQ(result.error().location().line, 3);
  EXPECT_GE(result.error().location().column, 8);
  EXPECT_LE(result.error().location().column, 10);
}

TEST(JsonTest, TruncatedAndEmptyTextsAreErrors) {
  EXPECT_FALSE(ParseJson("", "x").ok());
  EXPECT_FALSE(ParseJson("{\"a\": [1, 2", "x").ok());
  EXPECT_FALSE(ParseJson("{} {}", "x").ok());
  EXPECT_FALSE(ParseJson(std::string_view("\0\xff", 2), "x").ok());
}

TEST(JsonTest, NumbersThatNoDoubleHoldsAreErrors) {
  const Result<Json> result = ParseJson(R"({"a": 1e999})", "files.json");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().ToString(), "files.json: a number in the JSON is too large");
}

TEST(JsonTest, KeepsTheOrderOfKeys) {
  Json value;
  value["zeta"] = 1;
  value["alpha"] = 2;
  EXPECT_EQ(CompactJson(value), R"({"zeta":1,"alpha":2})");
  EXPECT_EQ(CompactJson(ParseJson(R"({"b": 1, "a": 2})", "x").value()), R"({"b":1,"a":2})");
}

TEST(JsonTest, DoublesReadBackTheSame) {
  for (const double number :
       {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 123456789.125}) {
    const Result<Json> again = ParseJson(CompactJson(Json(number)), "x");
    ASSERT_TRUE(again.ok());
    const double read = again->get<double>();
    EXPECT_EQ(read, number);
    EXPECT_EQ(std::signbit(read), std::signbit(number));
  }
  EXPECT_EQ(CompactJson(Json(0.1)), "0.1");
}

TEST(JsonTest, WhatJsonCannotSayBecomesNullOrIsReplaced) {
  EXPECT_EQ(CompactJson(Json(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_EQ(CompactJson(Json(-std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(CompactJson(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(JsonTest, PrettyTextEndsWithANewline) {
  EXPECT_EQ(PrettyJson(Json{{"a", 1}}), "{\n  \"a\": 1\n}\n");
}

TEST(JsonTest, MembersOfAnotherTypeFallBack) {
  const Json object = {
      {"text", "x"}, {"number", 1.5}, {"integer", 7}, {"flag", true}, {"none", nullptr}};
  EXPECT_EQ(GetString(object, "text"), "x");
  EXPECT_EQ(GetString(object, "number", "fallback"), "fallback");
  EXPECT_EQ(GetString(object, "absent", "fallback"), "fallback");
  EXPECT_EQ(GetNumber(object, "number"), 1.5);
  EXPECT_EQ(GetNumber(object, "integer"), 7.0);
  EXPECT_EQ(GetNumber(object, "none", 3.0), 3.0);
  EXPECT_EQ(GetInteger(object, "integer"), 7);
  EXPECT_EQ(GetInteger(object, "text", -1), -1);
  const Json large = {{"float", 1e300},
                      {"negative", -1e300},
                      {"unsigned", uint64_t{1} << 63U},
                      {"least", -9223372036854775808.0}};
  EXPECT_EQ(GetInteger(large, "float", -1), -1);
  EXPECT_EQ(GetInteger(large, "negative", -1), -1);
  EXPECT_EQ(GetInteger(large, "unsigned", -1), -1);
  EXPECT_EQ(GetInteger(large, "least", -1), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(GetBool(object, "flag"));
  EXPECT_TRUE(GetBool(object, "text", true));
  EXPECT_EQ(GetString(Json::array(), "text", "fallback"), "fallback");
  EXPECT_EQ(GetString(Json(), "text", "fallback"), "fallback");
}

}  // namespace
}  // namespace slipway
