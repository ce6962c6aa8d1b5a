#include "http/request_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::http {
namespace {

using State = RequestParser::State;
using ::testing::HasSubstr;

Limits SmallLimits() {
  Limits limits;
  limits.target_bytes = 40;
  limits.header_bytes = 300;
  limits.headers = 5;
  limits.body_bytes = 50;
  return limits;
}

void Add(RequestParser* parser, std::string_view bytes) {
  if (bytes.empty()) return;
  const auto [room, size] = parser->Room(bytes.size());
  ASSERT_GE(size, bytes.size());
  std::memcpy(room, bytes.data(), bytes.size());
  parser->Added(bytes.size());
}

std::string Describe(const Request& request) {
  std::string text = fmt::format("{} {} {} {}", request.method, request.path, request.query,
                                 request.minor_version);
  text += request.keep_alive ? " keep" : " close";
  for (const Header& header : request.headers)
    text += fmt::format(" {}={}", header.name, header.value);
  return text + fmt::format(" [{}]\n", request.body);
}

// All requests of `bytes`, one a line, and how it ends; handed over in pieces of sizes that `next`
// chooses.
std::string Read(std::string_view bytes, const Limits& limits,
                 const std::function<size_t()>& next) {
  RequestParser parser(limits);
  std::string text;
  State state = State::kEmpty;
  while (true) {
    state = parser.Parse();
    if (state == State::kComplete) {
      text += Describe(parser.request());
      parser.Next();
      continue;
    }
    if (state == State::kFailed || bytes.empty()) break;
    const size_t size = std::min(next(), bytes.size());
    Add(&parser, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  if (state == State::kFailed) text += fmt::format("{}", parser.failure().status);
  if (state == State::kHeaders) text += "in its head";
  if (state == State::kBody) text += "in its body";
  return text;
}

std::string ReadWhole(std::string_view bytes, const Limits& limits = SmallLimits()) {
  return Read(bytes, limits, [] { return std::string_view::npos; });
}

std::string Repeated(std::string_view text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

struct Case {
  std::string bytes;
  std::string expected;
};

constexpr char kStart[] = "GET / HTTP/1.1\r\nHost: a\r\n";
constexpr char kPost[] = "POST / HTTP/1.1\r\nHost: a\r\n";
constexpr char kChunked[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

void Check(const std::vector<Case>& cases) {
  std::mt19937 random(7);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.bytes);
    EXPECT_EQ(ReadWhole(one.bytes), one.expected);
    EXPECT_EQ(Read(one.bytes, SmallLimits(), [] { return 1; }), one.expected) << "byte by byte";
    for (int trial = 0; trial < 20; ++trial) {
      const size_t most = 1 + random() % 40;
      EXPECT_EQ(Read(one.bytes, SmallLimits(), [&] { return 1 + random() % most; }), one.expected)
          << "in pieces of up to " << most;
    }
  }
}

TEST(RequestParserTest, Requests) {
  Check({
      {"", ""},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  1 keep Host=a []\n"},
      {"GET /p/q?x=1&y=%20?z HTTP/1.1\r\nHost: a:80\r\n\r\n",
       "GET /p/q x=1&y=%20?z 1 keep Host=a:80 []\n"},
      {"GET /? HTTP/1.1\r\nhOST:\t [::1]:80 \t\r\n\r\n", "GET /  1 keep hOST=[::1]:80 []\n"},
      {"GET / HTTP/1.1\r\nHost:\r\nX-Empty:  \r\nX: a \t b\r\n\r\n",
       "GET /  1 keep Host= X-Empty= X=a \t b []\n"},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  1 keep Host=a []\n"},
      {"\r\n", ""},
      {"G", "in its head"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r", "in its head"},
      {"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *  1 keep Host=a []\n"},
      {std::string(kStart) + "X: caf\xc3\xa9\r\n\r\n", "GET /  1 keep Host=a X=caf\xc3\xa9 []\n"},
  });
}

TEST(RequestParserTest, AbsoluteTargets) {
  Check({
      {"GET http://b/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /p q 1 keep Host=b []\n"},
      {"GET HTTPS://b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  1 keep Host=b:443 []\n"},
      {"GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET / q 1 keep Host=b []\n"},
      {"GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET http://u@b/p HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET ftp://b/p HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n", "501"},
  });
}

TEST(RequestParserTest, LinesThatTwoReadersUnderstandDifferently) {
  Check({
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", "400"},
      {std::string("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 27), "400"},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET p HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"\x16\x03\x01\x02", "400"},
  });
}

TEST(RequestParserTest, Versions) {
  Check({
      {"GET / HTTP/1.0\r\n\r\n", "GET /  0 close []\n"},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"GET / HTTP/0.9\r\n\r\n", "505"},
      {"GET /\r\n", "400"},
      {"GET / HTTP/1\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400"},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/x.1\r\nHost: a\r\n\r\n", "400"},
  });
}

TEST(RequestParserTest, Hosts) {
  Check({
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"},
  });
}

TEST(RequestParserTest, WhetherTheConnectionGoesOn) {
  const std::string old = "GET / HTTP/1.0\r\n";
  Check({
      {kStart + std::string("Connection: close\r\n\r\n"),
       "GET /  1 close Host=a Connection=close []\n"},
      {kStart + std::string("connection: x , CLOSE\r\n\r\n"),
       "GET /  1 close Host=a connection=x , CLOSE []\n"},
      {kStart + std::string("Connection: closed\r\n\r\n"),
       "GET /  1 keep Host=a Connection=closed []\n"},
      {kStart + std::string("Connection: keep-alive\r\nConnection: close\r\n\r\n"),
       "GET /  1 close Host=a Connection=keep-alive Connection=close []\n"},
      {old + "Connection: Keep-Alive\r\n\r\n", "GET /  0 keep Connection=Keep-Alive []\n"},
      {old + "Connection: x,,keep-alive\r\n\r\n", "GET /  0 keep Connection=x,,keep-alive []\n"},
      {old + "Connection: keep-alive, close\r\n\r\n",
       "GET /  0 close Connection=keep-alive, close []\n"},
      {old + "Connection:\r\n\r\n", "GET /  0 close Connection= []\n"},
  });
}

TEST(RequestParserTest, BodiesOfAKnownLength) {
  const std::string post = kPost;
  Check({
      {post + "Content-Length: 3\r\n\r\nabc", "POST /  1 keep Host=a Content-Length=3 [abc]\n"},
      {post + "Content-Length: 0\r\n\r\n", "POST /  1 keep Host=a Content-Length=0 []\n"},
      {post + "Content-Length: 003\r\n\r\nabc", "POST /  1 keep Host=a Content-Length=003 [abc]\n"},
      {post + "Content-Length: 3\r\n\r\nab", "in its body"},
      {post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
       "POST /  1 keep Host=a Content-Length=2 Content-Length=2 [ab]\n"},
      {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "400"},
      {post + "Content-Length: 2, 2\r\n\r\nab", "400"},
      {post + "Content-Length: +2\r\n\r\nab", "400"},
      {post + "Content-Length: -2\r\n\r\nab", "400"},
      {post + "Content-Length: 0x2\r\n\r\nab", "400"},
      {post + "Content-Length: 2 \t\r\n\r\nab", "POST /  1 keep Host=a Content-Length=2 [ab]\n"},
      {post + "Content-Length: 1 2\r\n\r\nab", "400"},
      {post + "Content-Length:\r\n\r\n", "400"},
      {post + "Content-Length: 18446744073709551617\r\n\r\na", "400"},
      {post + "Content-Length: 99999999999999999999999\r\n\r\na", "400"},
      {post + "Content-Length: 9223372036854775807\r\n\r\na", "413"},
      {post + "Content-Length: 51\r\n\r\n", "413"},
      {post + "Content-Length: 50\r\n\r\n", "in its body"},
      {post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", "400"},
  });
}

TEST(RequestParserTest, TransferEncodings) {
  const std::string post = kPost;
  Check({
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "501"},
      {post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", "501"},
      {post + "Transfer-Encoding: identity\r\n\r\n", "501"},
      {post + "Transfer-Encoding: xchunked\r\n\r\n", "501"},
      {post + "Transfer-Encoding: chunked;q=1\r\n\r\n", "501"},
      {post + "Transfer-Encoding:\r\n\r\n", "501"},
      {post + "Transfer-Encoding : chunked\r\n\r\n", "400"},
      {post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n",
       "400"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {post + "transfer-encoding: Chunked\r\n\r\n0\r\n\r\n",
       "POST /  1 keep Host=a transfer-encoding=Chunked []\n"},
  });
}

TEST(RequestParserTest, Chunks) {
  const std::string start = kChunked;
  const std::string head = "POST /  1 keep Host=a Transfer-Encoding=chunked";
  const std::string next = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
  const std::string next_read = "GET /  1 keep Host=b []\n";
  Check({
      {start + "3\r\nabc\r\n0\r\n\r\n", head + " [abc]\n"},
      {start + "3\r\nabc\r\n00002\r\nde\r\n0\r\n\r\n" + next, head + " [abcde]\n" + next_read},
      {start + "A;x=1\r\n0123456789\r\na\t; y=\"; z\"\r\nabcdefghij\r\n0;end\r\n\r\n",
       head + " [0123456789abcdefghij]\n"},
      {start + "1\r\na\r\n0\r\nX: y\r\nContent-Length: 7\r\n\r\n" + next,
       head + " [a]\n" + next_read},
      {start + "1\r\na\r\n", "in its body"},
      {start + "0\r\nX", "in its body"},
      {start + "2\r\nabc\r\n0\r\n\r\n", "400"},
      {start + "3\r\nab\r\n0\r\n\r\n", "400"},
      {start + "1\r\na\n0\r\n\r\n", "400"},
      {start + "1\na\r\n0\r\n\r\n", "400"},
      {start + "1\ra\r\n0\r\n\r\n", "400"},
      {start + "1 \r\na\r\n0\r\n\r\n", "400"},
      {start + " 1\r\na\r\n0\r\n\r\n", "400"},
      {start + "1x\r\na\r\n0\r\n\r\n", "400"},
      {start + "0x1\r\na\r\n0\r\n\r\n", "400"},
      {start + "-1\r\na\r\n0\r\n\r\n", "400"},
      {start + "\r\na\r\n0\r\n\r\n", "400"},
      {start + ";x\r\na\r\n0\r\n\r\n", "400"},
      {start + "1;x\n\r\na\r\n0\r\n\r\n", "400"},
      {start + "0\r\n folded\r\n\r\n", "400"},
      {start + "0\r\nX : y\r\n\r\n", "400"},
      {start + "0\r\n\n", "400"},
      {start + "00000000000000001\r\na\r\n", "400"},
      {start + "ffffffffffffffff\r\na", "413"},
      {start + "33\r\n", "413"},
      {start + "32\r\n" + std::string(50, 'x') + "\r\n0\r\n\r\n",
       head + " [" + std::string(50, 'x') + "]\n"},
      {start + "32\r\n" + std::string(50, 'x') + "\r\n1\r\n", "413"},
  });
}

TEST(RequestParserTest, Limits) {
  const std::string end = " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string long_target = "/" + std::string(39, 'a');
  const std::string start = kStart;
  Check({
      {"GET " + long_target + end, "GET " + long_target + "  1 keep Host=a []\n"},
      {"GET " + long_target + "a" + end, "414"},
      {"GET " + long_target + "a", "414"},
      {"GET " + long_target + std::string(400, 'a') + "\x01", "414"},
      {std::string(32, 'M') + " /" + end, std::string(32, 'M') + " /  1 keep Host=a []\n"},
      {std::string(33, 'M'), "501"},
      // 300 bytes in all.
      {start + "X: " + std::string(268, 'v') + "\r\n\r\n",
       "GET /  1 keep Host=a X=" + std::string(268, 'v') + " []\n"},
      {start + "X: " + std::string(269, 'v') + "\r\n\r\n", "431"},
      {start + std::string(300, 'n'), "431"},
      {start + "X:" + std::string(300, ' '), "431"},
      {start + Repeated("a:\r\n", 4) + "\r\n", "GET /  1 keep Host=a a= a= a= a= []\n"},
      {start + Repeated("a:\r\n", 5) + "\r\n", "431"},
      {kChunked + std::string("0\r\n") + Repeated("a:\r\n", 6) + "\r\n", "431"},
      {kChunked + std::string("0\r\nX: ") + std::string(300, 'v'), "431"},
      {kChunked + Repeated("1;" + std::string(30, 'x') + "\r\na\r\n", 10), "431"},
  });
}

TEST(RequestParserTest, PipelinedRequests) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST /p HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi";
  const std::string get_read = "GET /  1 keep Host=a []\n";
  const std::string post_read = "POST /p  1 keep Host=b Content-Length=2 [hi]\n";
  Check({
      {get + post + get, get_read + post_read + get_read},
      {post + "\r\n" + get, post_read + get_read},
      {Repeated(get, 100) + post, Repeated(get_read, 100) + post_read},
      {get + "BAD\x01", get_read + "400"},
  });
}

TEST(RequestParserTest, FindIgnoresTheCaseOfNames) {
  RequestParser parser{Limits()};
  Add(&parser, "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\n\r\n");
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_EQ(parser.request().Find("X-ONE"), "1");
  EXPECT_EQ(parser.request().Find("x-on"), "");
  EXPECT_EQ(parser.request().target, "/");
}

TEST(RequestParserTest, FailuresSayWhatIsWrong) {
  RequestParser parser(SmallLimits());
  Add(&parser, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
  ASSERT_EQ(parser.Parse(), State::kFailed);
  EXPECT_EQ(parser.failure().message, "byte 0x20 is not allowed in the name of a header");
  Add(&parser, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parser.Parse(), State::kFailed) << "nothing is read behind a failure";

  RequestParser large(SmallLimits());
  Add(&large, kPost + std::string("Content-Length: 51\r\n\r\n"));
  ASSERT_EQ(large.Parse(), State::kFailed);
  EXPECT_THAT(large.failure().message, HasSubstr("51 bytes; at most 50"));
}

TEST(RequestParserTest, ContinueIsExpectedOnceAndBeforeTheBody) {
  const std::string head = kPost + std::string("Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  RequestParser parser(SmallLimits());
  Add(&parser, head);
  EXPECT_EQ(parser.Parse(), State::kBody);
  EXPECT_TRUE(parser.TakeExpectContinue());
  EXPECT_FALSE(parser.TakeExpectContinue());
  Add(&parser, "ab");
  EXPECT_EQ(parser.Parse(), State::kComplete);

  RequestParser hasty(SmallLimits());
  Add(&hasty, head + "a");
  EXPECT_EQ(hasty.Parse(), State::kBody);
  EXPECT_FALSE(hasty.TakeExpectContinue());

  RequestParser old(SmallLimits());
  Add(&old, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(old.Parse(), State::kBody);
  EXPECT_FALSE(old.TakeExpectContinue());

  RequestParser chunked(SmallLimits());
  Add(&chunked, kPost + std::string("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(chunked.Parse(), State::kBody);
  EXPECT_TRUE(chunked.TakeExpectContinue());
}

TEST(RequestParserTest, TheBodyStaysWhereItWasRead) {
  RequestParser parser{Limits()};
  const std::string bytes = kPost + std::string("Content-Length: 5\r\n\r\nhello");
  const auto [room, size] = parser.Room(bytes.size());
  std::memcpy(room, bytes.data(), bytes.size());
  parser.Added(bytes.size());
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_EQ(parser.request().body.data(), room + bytes.size() - 5);
}

TEST(RequestParserTest, BodiesMayBeLeftToTheCaller) {
  RequestParser parser(SmallLimits(), "", RequestParser::Bodies::kLeft);
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  // Chunks are not looked at.
  Add(&parser, kPost + std::string("Transfer-Encoding: chunked\r\n\r\nx\r\n"));
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_TRUE(parser.framing().chunked);
  EXPECT_FALSE(parser.framing().has_length);
  EXPECT_EQ(parser.request().body, "");
  EXPECT_EQ(parser.unread(), "x\r\n");
  parser.Take(3);
  Add(&parser, kPost + std::string("Content-Length: 5\r\n\r\nhello") + next);
  EXPECT_EQ(parser.request().method, "POST") << "it is still the first one";
  parser.Next();
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_FALSE(parser.framing().chunked);
  EXPECT_TRUE(parser.framing().has_length);
  EXPECT_EQ(parser.framing().length, 5U);
  EXPECT_EQ(parser.unread(), "hello" + next);
  parser.Take(5);
  parser.Next();
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_EQ(parser.request().path, "/next");
  EXPECT_FALSE(parser.framing().has_length);
  EXPECT_EQ(parser.unread(), "");
}

TEST(RequestParserTest, ABufferThatGrewShrinksAgain) {
  RequestParser parser{Limits()};
  constexpr size_t kSize = 10 << 20;
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  Add(&parser, kPost + fmt::format("Content-Length: {}\r\n\r\n", kSize));
  ASSERT_EQ(parser.Parse(), State::kBody);
  EXPECT_LT(parser.capacity(), 100'000U) << "what a client says that it will send takes no room";
  Add(&parser, std::string(kSize, 'x') + next);
  ASSERT_EQ(parser.Parse(), State::kComplete);
  EXPECT_EQ(parser.request().body.size(), kSize);
  EXPECT_GT(parser.capacity(), kSize);
  parser.Next();
  EXPECT_LT(parser.capacity(), 100'000U);
  ASSERT_EQ(parser.Parse(), State::kComplete) << "what was pipelined behind it is still there";
  EXPECT_EQ(parser.request().path, "/next");
}

TEST(RequestParserTest, ChunksTakeNoMoreRoomThanTheirBody) {
  RequestParser parser{Limits()};
  Add(&parser, kChunked);
  for (int i = 0; i < 2'000; ++i) {
    Add(&parser, "1;extension\r\nx\r\n");
    ASSERT_EQ(parser.Parse(), State::kBody) << parser.failure().message;
  }
  EXPECT_LE(parser.capacity(), 16U << 10);
}

// Seconds for a request of `size` bytes of body and of head that comes byte by byte.
double SecondsByteByByte(size_t size, bool chunked) {
  Limits limits;
  limits.header_bytes = limits.body_bytes = 64 << 20;
  std::string bytes = kStart + ("X: " + std::string(size, 'x')) + "\r\n";
  bytes += chunked ? "Transfer-Encoding: chunked\r\n\r\n" + fmt::format("{:x}\r\n", size)
                   : fmt::format("Content-Length: {}\r\n\r\n", size);
  bytes += std::string(size, 'x');
  if (chunked) bytes += "\r\n0\r\n\r\n";
  RequestParser parser(limits);
  const auto begun = std::chrono::steady_clock::now();
  State state = State::kEmpty;
  for (const char c : bytes) {
    *parser.Room(1).first = c;
    parser.Added(1);
    state = parser.Parse();
  }
  EXPECT_EQ(state, State::kComplete) << parser.failure().message;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

TEST(RequestParserTest, BytesThatComeOneByOneCostLinearTime) {
  for (const bool chunked : {false, true}) {
    // A quadratic reader takes 64 times as long for 8 times as much; other work on the machine
    // makes either slow, so the best of some trials counts.
    double ratio = 1e9;
    for (int trial = 0; trial < 5 && ratio > 20; ++trial) {
      const double small = SecondsByteByByte(100'000, chunked);
      ratio = std::min(ratio, SecondsByteByByte(800'000, chunked) / small);
    }
    EXPECT_LT(ratio, 20);
  }
}

}  // namespace
}  // namespace slipway::http
