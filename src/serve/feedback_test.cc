#include "serve/feedback.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMostLabels = 5;

// "id/row=label" of each, or the rejection as "status @field #row message".
std::vector<std::string> Parse(std::string_view body) {
  std::vector<Feedback> feedback;
  if (const auto rejection = ParseFeedback(body, kMostLabels, &feedback)) {
    return {fmt::format("{} @{} #{} {}", rejection->status, rejection->field,
                        rejection->row ? fmt::format("{}", *rejection->row) : "",
                        rejection->message)};
  }
  std::vector<std::string> shown;
  for (const Feedback& one : feedback) {
    shown.push_back(fmt::format("{}/{}={}", one.request_id, one.row, one.label.text));
    if (!std::isnan(one.label.number)) shown.back() += fmt::format(" ({})", one.label.number);
  }
  return shown;
}

TEST(ParseFeedbackTest, OneLabelOfEachKind) {
  EXPECT_THAT(Parse(R"({"request_id": "a", "label": 1})"), ElementsAre("a/0=1 (1)"));
  EXPECT_THAT(Parse(R"({"label": -1.50, "request_id": "a"})"), ElementsAre("a/0=-1.50 (-1.5)"));
  EXPECT_THAT(Parse(R"({"request_id": "a", "label": "yes", "row": 3})"), ElementsAre("a/3=yes"));
  EXPECT_THAT(Parse(R"({"request_id": "a", "label": "07"})"), ElementsAre("a/0=07 (7)"));
  EXPECT_THAT(Parse(R"({"request_id": "a", "label": true})"), ElementsAre("a/0=true (1)"));
  EXPECT_THAT(Parse(R"({"request_id": "a", "label": false})"), ElementsAre("a/0=false (0)"));
  EXPECT_THAT(Parse(R"({"request_id": "a\"\u00fc", "label": "\n"})"), ElementsAre("a\"ü/0=\n"));
}

TEST(ParseFeedbackTest, ListsOfRowsAndOfRequests) {
  EXPECT_THAT(Parse(R"({"request_id": "a", "labels": [1, "no"]})"),
              ElementsAre("a/0=1 (1)", "a/1=no"));
  EXPECT_THAT(Parse(R"([{"request_id": "a", "label": 1}, {"labels": [0, 1], "request_id": "b"},
                        {"request_id": "a", "label": 2, "row": 1}])"),
              ElementsAre("a/0=1 (1)", "b/0=0 (0)", "b/1=1 (1)", "a/1=2 (2)"));
}

TEST(ParseFeedbackTest, WhatIsWrongIsNamedWithFieldAndItem) {
  const auto expect = [](std::string_view body, std::string_view begin, std::string_view words) {
    EXPECT_THAT(Parse(body),
                ElementsAre(::testing::AllOf(::testing::StartsWith(begin), HasSubstr(words))))
        << body;
  };
  expect("", "400 @ #", "empty");
  expect("{", "400 @ #", "ends too early");
  expect("1", "400 @ #", "request_id");
  expect("[]", "400 @ #", "empty");
  expect("[1]", "400 @ #0", "a mapping");
  expect(R"({"label": 1})", "400 @request_id #", "missing");
  expect(R"({"request_id": "a"})", "400 @label #", "missing");
  expect(R"({"request_id": "", "label": 1})", "400 @request_id #", "1 to");
  expect(R"({"request_id": 7, "label": 1})", "400 @request_id #", "a number where a text");
  expect(R"({"request_id": "a", "label": null})", "400 @label #", "a text, true or false");
  expect(R"({"request_id": "a", "label": [1]})", "400 @label #", "a text, true or false");
  expect(R"({"request_id": "a", "label": 1e999})", "400 @label #", "too large");
  // Its square would be no number any more.
  expect(R"({"request_id": "a", "label": 1e200})", "400 @label #", "expected -1e+100 to 1e+100");
  expect(R"({"request_id": "a", "label": -1e200})", "400 @label #", "too large");
  expect(R"({"request_id": "a", "labels": []})", "400 @label #", "empty");
  expect(R"({"request_id": "a", "labels": 1})", "400 @labels #", "a list");
  expect(R"({"request_id": "a", "label": 1, "labels": [1]})", "400 @labels #", "both");
  expect(R"({"request_id": "a", "labels": [1], "row": 0})", "400 @row #", "labels");
  expect(R"({"request_id": "a", "label": 1, "row": -1})", "400 @row #", "from 0");
  expect(R"({"request_id": "a", "label": 1, "row": 0.5})", "400 @row #", "from 0");
  expect(R"({"request_id": "a", "label": 1, "row": 1e10})", "400 @row #", "from 0");
  expect(R"({"request_id": "a", "label": 1, "label": 2})", "400 @label #", "twice");
  expect(R"({"request_id": "a", "lable": 1})", "400 @lable #",
         "expected request_id, label, labels or row");
  expect(R"([{"request_id": "a", "label": 1}, {"label": 1}])", "400 @request_id #1", "missing");
  expect(R"({"request_id": "a", "label": 1} x)", "400 @ #", "not JSON");
  expect(R"({"request_id": "a", "label": 1}])", "400 @ #", "not JSON");
  expect(std::string(1000, '['), "400 @ #0", "a mapping");
  expect(R"({"request_id": "a", "label": )" + std::string(1000, '['), "400 @ #", "deep");
  expect("{\"request_id\": \"\xff\", \"label\": 1}", "400 @ #", "UTF-8");
  expect(R"({"request_id": "a", "labels": [1, 2, 3, 4, 5, 6]})", "413 @ #", "5 labels");
  expect(fmt::format(R"({{"request_id": "{}", "label": 1}})", std::string(2000, 'a')),
         "400 @request_id #", "1024");
}

TEST(ParseFeedbackTest, AfterARejectionTheNextBodyIsReadAnew) {
  std::vector<Feedback> feedback;
  ASSERT_TRUE(ParseFeedback(R"([{"request_id": "a", "label": 1}, {}])", kMostLabels, &feedback));
  ASSERT_FALSE(ParseFeedback(R"({"request_id": "b", "label": 1})", kMostLabels, &feedback));
  ASSERT_EQ(feedback.size(), 1U);
  EXPECT_EQ(feedback[0].request_id, "b");
}

GivenLabel LabelOf(const std::string& json) {
  std::vector<Feedback> feedback;
  EXPECT_FALSE(
      ParseFeedback(R"({"request_id": "a", "label": )" + json + "}", kMostLabels, &feedback));
  return feedback.front().label;
}

TEST(ParseFeedbackTest, ATextIsANumberOnlyWhereItCanBeALabel) {
  EXPECT_EQ(LabelOf("\"1e100\"").number, 1e100);
  EXPECT_TRUE(std::isnan(LabelOf("\"1e101\"").number));
  EXPECT_EQ(LabelOf("\"1e101\"").text, "1e101");
}

TEST(IsClassTest, ByTextByNumberAndByTruth) {
  const auto is = [](const std::string& json, const std::string& name) {
    return IsClass(LabelOf(json), name, NumberOfText(name));
  };
  EXPECT_TRUE(is("1", "1"));
  EXPECT_TRUE(is("1.0", "1"));
  EXPECT_TRUE(is("\"1\"", "1.0"));
  EXPECT_TRUE(is("\"yes\"", "yes"));
  EXPECT_TRUE(is("true", "True"));
  EXPECT_TRUE(is("true", "1"));
  EXPECT_TRUE(is("false", "FALSE"));
  EXPECT_TRUE(is("false", "0"));
  EXPECT_FALSE(is("1", "0"));
  EXPECT_FALSE(is("\"Yes\"", "yes"));
  EXPECT_FALSE(is("\"TRUE\"", "true"));
  EXPECT_FALSE(is("false", "True"));
  EXPECT_FALSE(is("true", "yes"));
  EXPECT_FALSE(is("\"maybe\"", "no"));
}

TEST(NumberOfTextTest, TheWholeTextOrNone) {
  EXPECT_EQ(NumberOfText("1.5"), 1.5);
  EXPECT_EQ(NumberOfText("-2e3"), -2000);
  for (const char* text : {"", "1x", " 1", "inf", "nan", "1e999", "yes"})
    EXPECT_TRUE(std::isnan(NumberOfText(text))) << text;
}

}  // namespace
}  // namespace slipway::serve
