#include <gtest/gtest.h>

#include "splitter/event_rate_internal.h"

namespace slipway::splitter {
namespace {

constexpr int64_t kMicrosecond = 1'000;

// Of so many events at once, each so long behind the one before, for 20 ms.
EventRate Of(int count, int64_t apart_ns) {
  EventRate rate;
  constexpr int64_t kLong = 20'000 * kMicrosecond;
  for (int64_t now = 1'000'000'000; now < 1'000'000'000 + kLong; now += apart_ns)
    rate.Add(count, now);
  return rate;
}

TEST(EventRate, ItPaysToWaitWhereManyComeOneByOne) {
  EXPECT_FALSE(EventRate().pays_to_wait());
  EXPECT_TRUE(Of(1, 40 * kMicrosecond).pays_to_wait());
  EXPECT_TRUE(Of(10, 200 * kMicrosecond).pays_to_wait());
}

TEST(EventRate, WhereFewComeNobodyWaits) {
  EXPECT_FALSE(Of(1, 100 * kMicrosecond).pays_to_wait());
  EXPECT_FALSE(Of(2, 1'000 * kMicrosecond).pays_to_wait());
}

TEST(EventRate, WhatComesTogetherNeedsNoWait) {
  EXPECT_FALSE(Of(32, 200 * kMicrosecond).pays_to_wait());
}

TEST(EventRate, WhatWasBeforeAPauseSaysNothing) {
  EventRate rate = Of(1, 40 * kMicrosecond);
  rate.Add(1, 2'000'000'000);
  EXPECT_FALSE(rate.pays_to_wait());
}

}  // namespace
}  // namespace slipway::splitter
