#include "core/forward_time.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

class SetClock : public Clock {
 public:
  WallTime Now() const override { return WallTime(std::chrono::milliseconds(wall_ms)); }
  SteadyTime SteadyNow() const override { return SteadyTime(std::chrono::microseconds(steady_us)); }
  int64_t wall_ms = 1'764'398'467'000;
  int64_t steady_us = 5;
};

TEST(ForwardTime, GoesOnAtItsPaceWhereTheClockIsSetBack) {
  SetClock clock;
  const int64_t begin = clock.wall_ms;
  const ForwardTime time(clock);
  EXPECT_EQ(time.NowMs(), begin);
  clock.wall_ms += 1000;
  clock.steady_us += 1'000'000;
  EXPECT_EQ(time.NowMs(), begin + 1000);
  clock.wall_ms -= 3'600'000;
  EXPECT_EQ(time.NowMs(), begin + 1000);
  for (int i = 0; i < 2000; ++i) {
    clock.steady_us += 500;  // No part of a millisecond is lost.
    time.NowMs();
  }
  EXPECT_EQ(time.NowMs(), begin + 2000);
  clock.wall_ms = begin + 7'200'000;
  EXPECT_EQ(time.NowMs(), begin + 7'200'000) << "set forward, it follows";
}

}  // namespace
}  // namespace slipway
