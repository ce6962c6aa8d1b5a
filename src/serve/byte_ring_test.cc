#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <string>
#include <thread>

#include "core/random.h"
#include "serve/byte_ring_internal.h"

namespace slipway::serve {
namespace {

std::string Taken(ByteRing* ring) {
  const std::optional<std::string_view> front = ring->Front();
  if (!front) return "(none)";
  std::string taken(*front);
  ring->Pop();
  return taken;
}

TEST(ByteRingTest, GivesRecordsInTheirOrder) {
  ByteRing ring(1024);
  EXPECT_EQ(Taken(&ring), "(none)");
  for (const char* record : {"one", "", "three and more"}) EXPECT_TRUE(ring.Push(record));
  EXPECT_EQ(Taken(&ring), "one");
  EXPECT_EQ(Taken(&ring), "");
  EXPECT_EQ(Taken(&ring), "three and more");
  EXPECT_EQ(Taken(&ring), "(none)");
}

TEST(ByteRingTest, WhatIsReservedIsSeenOncePublished) {
  ByteRing ring(1024);
  std::memcpy(ring.Reserve(5), "never", 5);
  EXPECT_EQ(Taken(&ring), "(none)");
  std::memcpy(ring.Reserve(4), "then", 4);
  ring.Publish();
  EXPECT_EQ(Taken(&ring), "then");
  EXPECT_EQ(Taken(&ring), "(none)");
}

TEST(ByteRingTest, RefusesWhatHasNoRoomAndTakesItLater) {
  ByteRing ring(64);
  EXPECT_FALSE(ring.Push(std::string(ring.longest() + 1, 'x')));
  int pushed = 0;
  while (ring.Push("twelve bytes")) {
    ++pushed;
    EXPECT_EQ(ring.MoreThanHalfFull(), pushed > 2);
  }
  EXPECT_EQ(pushed, 4);
  EXPECT_EQ(Taken(&ring), "twelve bytes");
  EXPECT_TRUE(ring.MoreThanHalfFull());
  EXPECT_TRUE(ring.Push("another 12 b"));
  EXPECT_FALSE(ring.Push(""));
  for (int taken = 0; taken < 2; ++taken) Taken(&ring);
  EXPECT_FALSE(ring.MoreThanHalfFull());
}

// Against a plain queue, with sizes that meet the end of the room in every way.
TEST(ByteRingTest, KeepsRecordsOfAllSizesWholeAcrossTheEnd) {
  ByteRing ring(256);
  Random random(7);
  std::deque<std::string> expected;
  int refused = 0;
  for (int step = 0; step < 100'000; ++step) {
    if (random.Below(2) == 0) {
      const std::string record(random.Below(ring.longest() + 1),
                               static_cast<char>('a' + random.Below(26)));
      if (ring.Push(record)) {
        expected.push_back(record);
      } else {
        ++refused;
      }
    } else if (expected.empty()) {
      ASSERT_EQ(Taken(&ring), "(none)");
    } else {
      ASSERT_EQ(Taken(&ring), expected.front());
      expected.pop_front();
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ByteRingTest, TheLongestFitsWhereverItBegins) {
  for (size_t before = 0; before < 40; ++before) {
    ByteRing ring(64);
    ASSERT_TRUE(ring.Push(std::string(before % ring.longest(), 'b')));
    Taken(&ring);
    const std::string longest(ring.longest(), 'l');
    ASSERT_TRUE(ring.Push(longest)) << before;
    ASSERT_EQ(Taken(&ring), longest);
  }
}

TEST(ByteRingTest, GivesAllToAnotherThread) {
  constexpr int kRecords = 200'000;
  ByteRing ring(1024);
  std::thread writer([&ring] {
    for (int number = 0; number < kRecords; ++number) {
      const std::string record = std::to_string(number) + std::string(number % 50, '.');
      while (!ring.Push(record)) std::this_thread::yield();
    }
  });
  int wrong = 0;
  for (int number = 0; number < kRecords;) {
    const std::optional<std::string_view> front = ring.Front();
    if (!front) {
      std::this_thread::yield();
      continue;
    }
    wrong += *front != std::to_string(number) + std::string(number % 50, '.') ? 1 : 0;
    ring.Pop();
    ++number;
  }
  writer.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace slipway::serve
