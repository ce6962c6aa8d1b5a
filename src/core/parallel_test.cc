#include "core/parallel.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <new>
#include <stdexcept>
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

TEST(ParallelTest, RangesWithinRangesShareTheThreads) {
  std::vector<std::atomic<int>> calls(16UL * 1000);
  const Status status = ParallelFor(16, 4, [&](size_t outer) {
    return ParallelFor(1000, 3, [&](size_t inner) -> Status {
      ++calls[outer * 1000 + inner];
      return {};
    });
  });
  ASSERT_TRUE(status.ok());
  for (const std::atomic<int>& count : calls) ASSERT_EQ(count.load(), 1);
}

TEST(ParallelTest, AsManyAtOnceAsThreads) {
  // Each waits for the others: fewer threads would never end.
  std::barrier together(6);
  const Status status = ParallelFor(6, 6, [&](size_t) -> Status {
    together.arrive_and_wait();
    return {};
  });
  EXPECT_TRUE(status.ok());
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

TEST(ParallelTest, WhatWorkThrowsIsAnError) {
  for (const int threads : {1, 4}) {
    const Status memory =
        ParallelFor(20, threads, [](size_t) -> Status { throw std::bad_alloc(); });
    ASSERT_FALSE(memory.ok());
    EXPECT_EQ(memory.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(memory.error().message(), "not enough memory");
    const Status defect =
        ParallelFor(20, threads, [](size_t) -> Status { throw std::out_of_range("at 7"); });
    ASSERT_FALSE(defect.ok());
    EXPECT_EQ(defect.error().code(), ErrorCode::kInternal);
    EXPECT_EQ(defect.error().message(), "at 7");
  }
}

// In a process of its own, which can make no thread: no address space holds its stack.
TEST(ParallelDeathTest, WorksOnWithoutThreads) {
  const auto count_without_threads = [] {
    pthread_attr_t attributes;
    ::pthread_getattr_default_np(&attributes);
    ::pthread_attr_setstacksize(&attributes, size_t{1} << 60U);
    ::pthread_setattr_default_np(&attributes);
    std::atomic<int> calls = 0;
    const Status status = ParallelFor(100, 4, [&](size_t) -> Status {
      ++calls;
      return {};
    });
    ::_exit(status.ok() && calls == 100 ? 0 : 1);
  };
  EXPECT_EXIT(count_without_threads(), ::testing::ExitedWithCode(0), "");
}

TEST(ParallelTest, ThereIsACore) { EXPECT_GE(AvailableCores(), 1); }

}  // namespace
}  // namespace slipway
