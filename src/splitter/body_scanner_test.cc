#include <gtest/gtest.h>

#include <string>

#include "splitter/body_scanner_internal.h"

namespace slipway::splitter {
namespace {

struct Outcome {
  bool done = false, failed = false;
  std::string kept;
  size_t taken = 0;
};

// In pieces of `size` bytes.
Outcome Scan(std::string bytes, size_t size, BodyScanner::Keeps keeps) {
  BodyScanner scanner;
  scanner.Begin(BodyFraming::kChunked, 0, keeps);
  Outcome outcome;
  for (size_t at = 0; at < bytes.size() && !scanner.done() && !scanner.failed(); at += size) {
    const size_t count = std::min(size, bytes.size() - at);
    const BodyScanner::Scanned scanned = scanner.Scan(bytes.data() + at, count);
    outcome.kept += bytes.substr(at, scanned.kept);
    outcome.taken += scanned.taken;
  }
  outcome.done = scanner.done();
  outcome.failed = scanner.failed();
  return outcome;
}

TEST(BodyScanner, ChunksEndWhereTheySayHoweverTheyAreCut) {
  const std::string body = "3;a=\"b\"\r\nabc\r\n00a\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\n";
  for (size_t size = 1; size <= body.size(); ++size) {
    const Outcome frames = Scan(body + "GET /", size, BodyScanner::Keeps::kFrames);
    EXPECT_TRUE(frames.done);
    EXPECT_EQ(frames.kept, body) << size;
    EXPECT_EQ(frames.taken, body.size());
    const Outcome content = Scan(body + "GET /", size, BodyScanner::Keeps::kContent);
    EXPECT_TRUE(content.done);
    EXPECT_EQ(content.kept, "abc0123456789") << size;
    EXPECT_EQ(content.taken, body.size());
  }
}

TEST(BodyScanner, RefusesWhatReadersCouldUnderstandInTwoWays) {
  for (const char* const body :
       {"\r\nabc", "x\r\n", "3\nabc\r\n", "3\r\nabcd\r\n", "3\r\nabc\n", "3 \r\nabc\r\n",
        "3;a\nb\r\nabc\r\n", "-1\r\n", "+3\r\n", "0x3\r\n", "11111111111111111\r\n",
        "0\r\n X: 1\r\n\r\n", "0\r\nX\r\n\r\n", "0\r\nX: 1\n\r\n", "0\r\n\n",
        "3\r\nabc\r\n;\r\n"}) {
    for (const size_t size : {size_t{1}, size_t{100}}) {
      const Outcome outcome = Scan(body, size, BodyScanner::Keeps::kFrames);
      EXPECT_TRUE(outcome.failed) << body;
      EXPECT_FALSE(outcome.done) << body;
    }
  }
}

TEST(BodyScanner, BoundsExtensionsAndTrailers) {
  EXPECT_TRUE(Scan("1;" + std::string(40'000, 'x'), 4096, BodyScanner::Keeps::kFrames).failed);
  EXPECT_TRUE(
      Scan("0\r\nX: " + std::string(40'000, 'x'), 4096, BodyScanner::Keeps::kFrames).failed);
}

TEST(BodyScanner, LengthsAndEnds) {
  BodyScanner scanner;
  std::string bytes = "abcdef";
  scanner.Begin(BodyFraming::kLength, 4);
  EXPECT_EQ(scanner.Scan(bytes.data(), 3).taken, 3U);
  EXPECT_FALSE(scanner.done());
  EXPECT_FALSE(scanner.End());
  EXPECT_EQ(scanner.Scan(bytes.data() + 3, 3).taken, 1U);
  EXPECT_TRUE(scanner.done());
  scanner.Begin(BodyFraming::kLength, 0);
  EXPECT_TRUE(scanner.done());
  scanner.Begin(BodyFraming::kNone);
  EXPECT_TRUE(scanner.done());
  EXPECT_EQ(scanner.Scan(bytes.data(), 3).taken, 0U);
  scanner.Begin(BodyFraming::kUntilClose);
  EXPECT_EQ(scanner.Scan(bytes.data(), 6).taken, 6U);
  EXPECT_FALSE(scanner.done());
  EXPECT_TRUE(scanner.End());
}

}  // namespace
}  // namespace slipway::splitter
