#include "serve/trace_context.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace slipway::serve {
namespace {

// As in the specification's examples and in its test suite.
constexpr const char* kTrace = "12345678901234567890123456789012";
constexpr const char* kParent = "1234567890123456";

http::Request RequestWith(std::vector<http::Header> headers) {
  http::Request request;
  request.headers = std::move(headers);
  return request;
}

std::string TraceIdOf(const TraceContext& context) {
  return fmt::format("{:016x}{:016x}", context.trace_high, context.trace_low);
}

std::string Formatted(const TraceContext& context) {
  const auto text = FormatTraceParent(context);
  return {text.data(), text.size()};
}

struct Vector {
  const char* text;
  bool valid;
};

// The traceparents of the W3C's own test suite: github.com/w3c/trace-context, test/test_data.json.
class W3cVectorTest : public ::testing::TestWithParam<Vector> {};

TEST_P(W3cVectorTest, IsTakenOrBeginsANewTrace) {
  Random random(1);
  const TraceContext context =
      ContinueTrace(RequestWith({{"traceparent", GetParam().text}}), &random);
  EXPECT_EQ(TraceIdOf(context) == kTrace, GetParam().valid);
  EXPECT_EQ(context.parent_id, GetParam().valid ? 0x1234567890123456 : 0);
  EXPECT_EQ(context.flags, GetParam().valid ? 1 : 0);
  EXPECT_TRUE(context.was_sent);
  EXPECT_TRUE(ParseTraceParent(Formatted(context)));
  EXPECT_NE(context.span_id, context.parent_id);
}

INSTANTIATE_TEST_SUITE_P(
    All, W3cVectorTest,
    ::testing::Values(
        Vector{"00-12345678901234567890123456789012-1234567890123456-01", true},
        // The parent's id.
        Vector{"00-12345678901234567890123456789012-0000000000000000-01", false},
        Vector{"00-12345678901234567890123456789012-.234567890123456-01", false},
        Vector{"00-12345678901234567890123456789012-123456789012345.-01", false},
        Vector{"00-12345678901234567890123456789012-12345678901234567-01", false},
        Vector{"00-12345678901234567890123456789012-123456789012345-01", false},
        // The flags.
        Vector{"00-12345678901234567890123456789012-1234567890123456-.0", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456-0.", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456-001", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456-1", false},
        // The trace's id.
        Vector{"00-00000000000000000000000000000000-1234567890123456-01", false},
        Vector{"00-.2345678901234567890123456789012-1234567890123456-01", false},
        Vector{"00-1234567890123456789012345678901.-1234567890123456-01", false},
        Vector{"00-123456789012345678901234567890123-1234567890123456-01", false},
        Vector{"00-1234567890123456789012345678901-1234567890123456-01", false},
        // The version.
        Vector{"00-12345678901234567890123456789012-1234567890123456-01.", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-"
               "like",
               false},
        Vector{"cc-12345678901234567890123456789012-1234567890123456-01", true},
        Vector{"cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-"
               "like",
               true},
        Vector{"cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-"
               "like",
               false},
        Vector{"ff-12345678901234567890123456789012-1234567890123456-01", false},
        Vector{".0-12345678901234567890123456789012-1234567890123456-01", false},
        Vector{"0.-12345678901234567890123456789012-1234567890123456-01", false},
        Vector{"000-12345678901234567890123456789012-1234567890123456-01", false},
        Vector{"0000-12345678901234567890123456789012-1234567890123456-01", false},
        Vector{"0-12345678901234567890123456789012-1234567890123456-01", false},
        // And what the suite leaves to the text.
        Vector{"", false}, Vector{"00", false},
        Vector{"00-1234567890123456789012345678901A-1234567890123456-01", false},
        Vector{"00_12345678901234567890123456789012-1234567890123456-01", false},
        Vector{"00-12345678901234567890123456789012_1234567890123456-01", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456_01", false},
        Vector{"00-12345678901234567890123456789012-1234567890123456-01-", false}));

TEST(TraceContextTest, TheNameOfTheHeaderIsReadInAnyCase) {
  const std::string text = fmt::format("00-{}-{}-01", kTrace, kParent);
  for (const char* name : {"traceparent", "TraceParent", "TrAcEpArEnT", "TRACEPARENT"}) {
    Random random(1);
    EXPECT_EQ(TraceIdOf(ContinueTrace(RequestWith({{name, text}}), &random)), kTrace) << name;
  }
  for (const char* name : {"trace-parent", "trace.parent", "tracestate", "traceparen[", ""}) {
    Random random(1);
    const TraceContext context = ContinueTrace(RequestWith({{name, text}}), &random);
    EXPECT_NE(TraceIdOf(context), kTrace) << name;
    EXPECT_FALSE(context.was_sent);
  }
}

TEST(TraceContextTest, SeveralHeadersBeginANewTrace) {
  const std::string one = fmt::format("00-{}-{}-01", kTrace, kParent);
  const std::string other = fmt::format("00-{}-{}-01", "12345678901234567890123456789011", kParent);
  for (const std::string& second : {one, other}) {
    Random random(1);
    const TraceContext context =
        ContinueTrace(RequestWith({{"traceparent", one}, {"traceparent", second}}), &random);
    EXPECT_FALSE(TraceIdOf(context).starts_with("1234567890123456789012345678901"));
    EXPECT_FALSE(context.sampled());
  }
}

TEST(TraceContextTest, EveryDigitAndNoOtherByteIsReadAtEveryPlace) {
  const std::string right = fmt::format("00-{}-{}-01", kTrace, kParent);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t place = 0; place < right.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = right;
      changed[place] = static_cast<char>(byte);
      const bool digit = kDigits.find(changed[place]) != std::string_view::npos;
      const bool valid = right[place] == '-' ? byte == '-' : digit;
      ASSERT_EQ(ParseTraceParent(changed).has_value(), valid) << place << ' ' << byte;
    }
  }
}

TEST(TraceContextTest, WhatIsWrittenIsReadAgain) {
  Random random(5);
  for (int i = 0; i < 10'000; ++i) {
    TraceContext context;
    context.trace_high = random.Next();
    context.trace_low = random.Next() >> random.Below(64);
    context.span_id = (random.Next() >> random.Below(64)) | 1U;
    context.flags = static_cast<uint8_t>(random.Below(4));
    const std::string text = Formatted(context);
    ASSERT_EQ(text, fmt::format("00-{:016x}{:016x}-{:016x}-{:02x}", context.trace_high,
                                context.trace_low, context.span_id, context.flags));
    const auto read = ParseTraceParent(text);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->trace_high, context.trace_high);
    ASSERT_EQ(read->trace_low, context.trace_low);
    ASSERT_EQ(read->parent_id, context.span_id);
    ASSERT_EQ(read->flags, context.flags);
  }
}

TEST(TraceContextTest, KnownFlagsAreKeptAndReservedOnesAreSetToZero) {
  for (const auto& [sent, kept] :
       {std::pair("00", 0), {"01", 1}, {"03", 3}, {"ff", 3}, {"0c", 0}}) {
    Random random(1);
    const std::string text = fmt::format("00-{}-{}-{}", kTrace, kParent, sent);
    EXPECT_EQ(ContinueTrace(RequestWith({{"traceparent", text}}), &random).flags, kept) << sent;
  }
}

TEST(TraceContextTest, NewIdsDifferAndTheSpanIsNewInATraceThatGoesOn) {
  Random random(9);
  const std::string text = fmt::format("00-{}-{}-01", kTrace, kParent);
  std::set<std::string> traces;
  std::set<uint64_t> spans;
  for (int i = 0; i < 1000; ++i) {
    const TraceContext begun = ContinueTrace(RequestWith({}), &random);
    traces.insert(TraceIdOf(begun));
    spans.insert(begun.span_id);
    EXPECT_FALSE(begun.was_sent || begun.sampled() || begun.parent_id != 0);
    spans.insert(ContinueTrace(RequestWith({{"traceparent", text}}), &random).span_id);
  }
  EXPECT_EQ(traces.size(), 1000U);
  EXPECT_EQ(spans.size(), 2000U);
}

TEST(TraceContextTest, TheAnswerHasItsHeaderWhereTheRequestHadOne) {
  Random random(1);
  http::Response response;
  AddTraceResponse(ContinueTrace(RequestWith({}), &random), &response);
  EXPECT_EQ(response.header_lines, "");
  const std::string text = fmt::format("00-{}-{}-01", kTrace, kParent);
  const TraceContext context = ContinueTrace(RequestWith({{"traceparent", text}}), &random);
  AddTraceResponse(context, &response);
  EXPECT_EQ(response.header_lines,
            fmt::format("traceresponse: 00-{}-{:016x}-01\r\n", kTrace, context.span_id));
}

}  // namespace
}  // namespace slipway::serve
