#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "splitter/heads_internal.h"

namespace slipway::splitter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The head that a replica gets of it.
std::string Forwarded(const std::string& head, const ClientFacts& client = {"10.0.0.7", false}) {
  http::RequestParser parser(http::Limits(), "10.0.0.7", http::RequestParser::Bodies::kLeft);
  const auto [room, size] = parser.Room(head.size());
  std::memcpy(room, head.data(), head.size());
  parser.Added(head.size());
  if (parser.Parse() != http::RequestParser::State::kComplete) return parser.failure().message;
  HopHeaders hops;
  RelayBuffer out;
  AppendRequestHead(parser.request(), parser.framing(), client, &hops, &out);
  return std::string(out.unsent());
}

bool Predicts(std::string_view method, std::string_view path) {
  http::Request request;
  request.method = method;
  request.path = path;
  return IsPrediction(request);
}

TEST(RequestHeads, TellPredictionsByTheirPath) {
  for (const char* const path :
       {"/predict", "/invocations", "/models/churn/predict", "/v2/models/churn/infer",
        "/v2/models/churn/versions/3/infer", "/prefix/predict"}) {
    EXPECT_TRUE(Predicts("POST", path)) << path;
    EXPECT_FALSE(Predicts("GET", path)) << path;
    EXPECT_FALSE(Predicts("OPTIONS", path)) << path;
  }
  for (const char* const path : {"/", "/feedback", "/health", "/unpredict", "/predict/", "/infer/x",
                                 "/admin/reload", "/v2/models/churn", "predict", ""})
    EXPECT_FALSE(Predicts("POST", path)) << path;
}

TEST(RequestHeads, GoOnWithWhoAsked) {
  EXPECT_EQ(Forwarded("POST /p?x=1 HTTP/1.1\r\nHost: m\r\ncontent-length: 05\r\n"
                      "X-Request-Id: r1\r\ntraceparent: 00-ab\r\n\r\nhello"),
            "POST /p?x=1 HTTP/1.1\r\nHost: m\r\nX-Request-Id: r1\r\ntraceparent: 00-ab\r\n"
            "X-Forwarded-For: 10.0.0.7\r\nX-Forwarded-Proto: http\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(Forwarded("GET / HTTP/1.1\r\nHost: m\r\nX-Forwarded-For: 1.2.3.4\r\n"
                      "X-Forwarded-Proto: gopher\r\n\r\n",
                      {"10.0.0.7", true}),
            "GET / HTTP/1.1\r\nHost: m\r\nX-Forwarded-For: 1.2.3.4, 10.0.0.7\r\n"
            "X-Forwarded-Proto: https\r\n\r\n");
}

TEST(RequestHeads, OnlyTheSplitterSaysWhoElseIsToldOfLabels) {
  const std::string head =
      "POST /feedback HTTP/1.1\r\nHost: m\r\nslipway-FEEDBACK: copy\r\n"
      "Slipway-Feedbacks: x\r\nContent-Length: 5\r\n\r\nhello";
  const std::string before =
      "POST /feedback HTTP/1.1\r\nHost: m\r\nSlipway-Feedbacks: x\r\n"
      "X-Forwarded-For: 10.0.0.7\r\nX-Forwarded-Proto: http\r\n";
  EXPECT_EQ(Forwarded(head), before + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(Forwarded(head, {"10.0.0.7", false, "shared"}),
            before + "Slipway-Feedback: shared\r\nContent-Length: 5\r\n\r\n");
}

TEST(RequestHeads, WhatIsForOneHopEnds) {
  const std::string head = Forwarded(
      "GET / HTTP/1.1\r\nHost: m\r\nConnection: keep-alive, X-Private ,upgrade\r\n"
      "Keep-Alive: 5\r\nUpgrade: websocket\r\nTE: trailers\r\nProxy-Authorization: x\r\n"
      "Proxy-Connection: x\r\nx-private: secret\r\nAccept: a\r\n\r\n");
  EXPECT_EQ(head,
            "GET / HTTP/1.1\r\nHost: m\r\nAccept: a\r\nX-Forwarded-For: 10.0.0.7\r\n"
            "X-Forwarded-Proto: http\r\n\r\n");
}

TEST(RequestHeads, NobodyTakesFramingAway) {
  const std::string head = Forwarded(
      "POST / HTTP/1.1\r\nHost: m\r\nConnection: Content-Length, Host\r\nContent-Length: 3\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Host: m\r\n"));
  const size_t first = head.find("Content-Length: 3\r\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(head.find("Content-Length", first + 1), std::string::npos);
  EXPECT_THAT(Forwarded("POST / HTTP/1.1\r\nHost: m\r\nConnection: transfer-encoding\r\n"
                        "Transfer-Encoding: CHUNKED\r\n\r\n"),
              HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
}

TEST(RequestHeads, OtherForms) {
  EXPECT_THAT(Forwarded("GET http://other/a?b HTTP/1.1\r\nHost: m\r\n\r\n"),
              ::testing::StartsWith("GET /a?b HTTP/1.1\r\nHost: other\r\n"));
  EXPECT_THAT(Forwarded("GET /a HTTP/1.0\r\n\r\n"),
              ::testing::StartsWith("GET /a HTTP/1.1\r\nHost: \r\n"));
  EXPECT_THAT(Forwarded("GET /a?u=http://no/b HTTP/1.0\r\n\r\n"), HasSubstr("\r\nHost: \r\n"));
  EXPECT_THAT(
      Forwarded("GET http://other:81/a?b HTTP/1.0\r\n\r\n"),
      AllOf(::testing::StartsWith("GET /a?b HTTP/1.1\r\n"), HasSubstr("Host: other:81\r\n")));
}

TEST(RequestHeads, Cookies) {
  http::Request request;
  request.headers = {{"Cookie", "a=1; user=u7 ;b=2"}, {"cookie", "later=x=y"}};
  EXPECT_EQ(FindCookie(request, "a"), "1");
  EXPECT_EQ(FindCookie(request, "user"), "u7");
  EXPECT_EQ(FindCookie(request, "later"), "x=y");
  EXPECT_EQ(FindCookie(request, "use"), "");
}

struct Read {
  std::shared_ptr<const std::string> bytes;  // What the head's views are of.
  HeadState state = HeadState::kMore;
  ResponseHead head;
};

Read ReadHead(const std::string& text, bool answers_head = false) {
  Read read;
  read.bytes = std::make_shared<const std::string>(text);
  const std::string& bytes = *read.bytes;
  size_t scanned = 0;
  // As it comes byte by byte: nothing is decided early but what is wrong.
  for (size_t size = 0; size <= bytes.size() && read.state == HeadState::kMore; ++size)
    read.state = ReadResponseHead(std::string_view(bytes).substr(0, size), answers_head, &scanned,
                                  &read.head);
  return read;
}

TEST(ResponseHeads, SayHowTheirBodyIsFramed) {
  const Read length = ReadHead("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
  ASSERT_EQ(length.state, HeadState::kWhole);
  EXPECT_EQ(length.head.framing, BodyFraming::kLength);
  EXPECT_EQ(length.head.length, 12U);
  EXPECT_TRUE(length.head.keep_alive);
  EXPECT_TRUE(length.head.passes_as_it_is());
  const Read chunks = ReadHead("HTTP/1.1 500\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(chunks.head.framing, BodyFraming::kChunked);
  EXPECT_EQ(chunks.head.status, 500);
  const Read close = ReadHead("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(close.head.framing, BodyFraming::kUntilClose);
  EXPECT_FALSE(close.head.keep_alive);
  for (const char* const status : {"204", "304", "100"})
    EXPECT_EQ(
        ReadHead(fmt::format("HTTP/1.1 {} X\r\nContent-Length: 5\r\n\r\n", status)).head.framing,
        BodyFraming::kNone);
  EXPECT_EQ(ReadHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).head.framing,
            BodyFraming::kNone);
  EXPECT_FALSE(ReadHead("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(ReadHead("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")
                   .head.keep_alive);
}

TEST(ResponseHeads, WrongOnesAreRefused) {
  for (const std::string bytes :
       {"SSH-2.0\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 200 OK\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_EQ(ReadHead(bytes).state, HeadState::kBad) << bytes;
  }
  EXPECT_EQ(ReadHead("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'x')).state, HeadState::kBad);
}

TEST(ResponseHeads, WhatHasNoBodyFramesNone) {
  for (const char* const frame : {"Transfer-Encoding: chunked", "Content-Length: 0"}) {
    for (const char* const status : {"204", "103"}) {
      const Read read = ReadHead(fmt::format("HTTP/1.1 {} X\r\n{}\r\nA: b\r\n\r\n", status, frame));
      ASSERT_EQ(read.state, HeadState::kWhole);
      EXPECT_FALSE(read.head.passes_as_it_is());
      std::string out;
      AppendResponseHead(read.head, Persistence::kImplied, false, &out);
      EXPECT_EQ(out, fmt::format("HTTP/1.1 {} X\r\nA: b\r\n\r\n", status));
    }
    EXPECT_TRUE(
        ReadHead(fmt::format("HTTP/1.1 304 X\r\n{}\r\n\r\n", frame)).head.passes_as_it_is());
  }
}

TEST(ResponseHeads, AreTellingOnlyThisHop) {
  const Read read = ReadHead(
      "HTTP/1.1 200 Fine\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 3\r\n"
      "X-Request-Id: r\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_FALSE(read.head.passes_as_it_is());
  std::string out;
  AppendResponseHead(read.head, Persistence::kClose, false, &out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 Fine\r\nX-Request-Id: r\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n");
  out.clear();
  AppendResponseHead(read.head, Persistence::kImplied, true, &out);
  EXPECT_THAT(out, Not(HasSubstr("Transfer-Encoding")));
}

}  // namespace
}  // namespace slipway::splitter
