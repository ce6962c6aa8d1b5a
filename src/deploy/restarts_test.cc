#include "deploy/restarts.h"

#include <gtest/gtest.h>

namespace slipway::deploy {
namespace {

TEST(RestartsTest, AtOnceThenLaterEachTime) {
  Restarts restarts;
  EXPECT_TRUE(restarts.MayStart(0));
  int64_t now = 1'000'000;
  for (const int64_t wait : {0, 1, 2, 4, 8, 16, 32, 64, 64, 64}) {
    restarts.NoteEnd(false, now, "it can't listen");
    EXPECT_EQ(restarts.MayStart(now), wait == 0);
    EXPECT_FALSE(wait > 0 && restarts.MayStart(now + wait * 1000 - 1));
    now += wait * 1000;
    EXPECT_TRUE(restarts.MayStart(now));
    EXPECT_EQ(restarts.trouble(), "it can't listen");
  }
  // One that was well until now is no reason to wait.
  restarts.NoteEnd(true, now, "killed");
  EXPECT_TRUE(restarts.MayStart(now));
  restarts.NoteEnd(false, now, "again");
  EXPECT_FALSE(restarts.MayStart(now));
  restarts.NoteWell();
  EXPECT_EQ(restarts.trouble(), "");
  EXPECT_TRUE(restarts.MayStart(now));
}

}  // namespace
}  // namespace slipway::deploy
