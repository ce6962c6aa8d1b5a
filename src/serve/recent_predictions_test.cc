#include "serve/recent_predictions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace slipway::serve {
namespace {

uint64_t KeyOf(const std::string& id, int64_t row = 0) {
  return RecentPredictions::KeyOf(RecentPredictions::HashOfId(id), row);
}

TEST(RecentPredictionsTest, FindsWhatWasAddedByIdAndRow) {
  RecentPredictions recent(10);
  EXPECT_EQ(recent.Find(KeyOf("a")), nullptr);
  recent.Add(KeyOf("a"), 1, 0.5);
  recent.Add(KeyOf("a", 1), 2, -3);
  ASSERT_NE(recent.Find(KeyOf("a")), nullptr);
  EXPECT_EQ(recent.Find(KeyOf("a"))->predicted, 0.5);
  EXPECT_EQ(recent.Find(KeyOf("a"))->model, 1U);
  EXPECT_EQ(recent.Find(KeyOf("a", 1))->predicted, -3);
  EXPECT_TRUE(std::isnan(recent.Find(KeyOf("a", 1))->label));
  EXPECT_EQ(recent.Find(KeyOf("a", 2)), nullptr);
  EXPECT_EQ(recent.Find(KeyOf("b")), nullptr);
}

TEST(RecentPredictionsTest, TheNewestOfAnIdThatComesAgainIsFound) {
  RecentPredictions recent(10);
  recent.Add(KeyOf("a"), 0, 1);
  recent.Add(KeyOf("a"), 0, 2);
  EXPECT_EQ(recent.Find(KeyOf("a"))->predicted, 2);
}

// However finding, which indexes, and adding take turns.
TEST(RecentPredictionsTest, KeepsExactlyTheLastOnes) {
  constexpr int64_t kCapacity = 1000, kRows = 10'000;
  for (const int64_t every : {1, 7, 400, 1500, 9000}) {
    RecentPredictions recent(kCapacity);
    for (int64_t row = 0; row < kRows; ++row) {
      recent.Add(KeyOf("id" + std::to_string(row)), 0, static_cast<double>(row));
      if (row % every != 0) continue;
      const int64_t oldest = std::max<int64_t>(row + 1 - kCapacity, 0);
      for (const int64_t known : {oldest, (oldest + row) / 2, row}) {
        const auto* found = recent.Find(KeyOf("id" + std::to_string(known)));
        ASSERT_NE(found, nullptr) << known << " of " << row;
        ASSERT_EQ(found->predicted, static_cast<double>(known));
      }
      ASSERT_EQ(recent.Find(KeyOf("id" + std::to_string(oldest - 1))), nullptr) << oldest;
    }
    EXPECT_EQ(recent.size(), kCapacity);
  }
}

// Also where the ring has gone round, before the mark or behind it.
TEST(RecentPredictionsTest, WhatIsAddedBehindAMarkIsNew) {
  constexpr int kCapacity = 10, kRows = 60;
  for (int marked = 0; marked < kRows; ++marked) {
    RecentPredictions recent(kCapacity);
    for (int row = 0; row < kRows; ++row) {
      if (row == marked) recent.Mark();
      recent.Add(KeyOf("id", row), 0, 0);
      for (int known = std::max(0, row + 1 - kCapacity); row >= marked && known <= row; ++known)
        ASSERT_EQ(recent.IsNew(*recent.Find(KeyOf("id", known))), known >= marked) << row;
    }
  }
}

TEST(RecentPredictionsTest, WhatWasFoundKeepsWhatIsNotedOfIt) {
  RecentPredictions recent(100);
  recent.Add(KeyOf("a"), 0, 1);
  recent.Find(KeyOf("a"))->label = 0.25;
  for (int row = 0; row < 50; ++row) recent.Add(KeyOf("other", row), 0, 0);
  EXPECT_EQ(recent.Find(KeyOf("a"))->label, 0.25);
}

// All in one bucket: lookups stay short, and the ring goes on.
TEST(RecentPredictionsTest, EqualHashesAreBounded) {
  RecentPredictions recent(5000);
  for (uint64_t turn = 0; turn < 4; ++turn) {
    for (uint64_t high = 0; high < 5000; ++high) {
      recent.Add(high << 32U, 0, static_cast<double>(high));
      if (high == 0) {
        EXPECT_NE(recent.Find(0), nullptr);
      }
    }
    EXPECT_EQ(recent.Find(uint64_t{4999} << 32U), nullptr);
  }
  for (uint64_t row = 0; row < 5000; ++row) recent.Add(KeyOf("b", static_cast<int64_t>(row)), 0, 7);
  ASSERT_NE(recent.Find(KeyOf("b", 4999)), nullptr);
  EXPECT_EQ(recent.Find(KeyOf("b"))->predicted, 7);
}

TEST(RecentPredictionsTest, NoneAreKeptWithoutRoom) {
  RecentPredictions recent(0);
  recent.Add(KeyOf("a"), 0, 1);
  EXPECT_EQ(recent.Find(KeyOf("a")), nullptr);
}

}  // namespace
}  // namespace slipway::serve
