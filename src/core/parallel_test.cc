#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace slipway {
namespace {

TEST(ParallelTest, EachIndexOnceOnAnyNumberOfThreads) {
  for (const int threads : {-1, 0, 1, 2, 7}) {
    std::vector<std::atomic<int>> calls(1000);
    const Status status = ParallelFor(calls.size(), threads, [&](size_t index) -> Status {
      ++calls[index];
      return {};
    });
    ASSERT_TRUE(status.ok());
    for (const std::atomic<int>& count : calls) ASSERT_EQ(count.load(), 1);
  }
}

TEST(ParallelTest, NothingToDoIsDone) {
  EXPECT_TRUE(ParallelFor(0, 4, [](size_t) -> Status {
                return Error(ErrorCode::kInternal, "called");
              }).ok());
}

TEST(ParallelTest, TheLowestFailureIsToldOnAnyNumberOfThreads) {
  for (const int threads : {1, 2, 4}) {
    for (int round = 0; round < 50; ++round) {
      const Status status = ParallelFor(200, threads, [](size_t index) -> Status {
        if (index % 10 == 7) return Error(ErrorCode::kInvalidInput, std::to_string(index));
        return {};
      });
      ASSERT_FALSE(status.ok());
      ASSERT_EQ(status.error().message(), "7");
    }
  }
}

TEST(ParallelTest, NothingBeginsAfterAFailure) {
  std::atomic<size_t> calls = 0;
  const Status status = ParallelFor(100'000, 1, [&](size_t index) -> Status {
    ++calls;
    if (index == 3) return Error(ErrorCode::kInternal, "stop");
    return {};
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(calls.load(), 4U);
}

TEST(ParallelTest, ThereIsACore) { EXPECT_GE(AvailableCores(), 1); }

}  // namespace
}  // namespace slipway
