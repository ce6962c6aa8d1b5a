#include "analysis/event_runs.h"

#include <gtest/gtest.h>

#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

EventRuns RunsOf(const std::vector<bool>& events) {
  EventRuns runs;
  EventRun run;
  for (const bool event : events) {
    ++runs.trials;
    runs.events += event ? 1 : 0;
    runs.squares += run.Add(event);
  }
  return runs;
}

TEST(EventRunsTest, IndependentEventsCountEach) {
  for (const double rate : {0.01, 0.1, 0.5}) {
    testing::Traffic traffic(3);
    std::vector<bool> events;
    for (int i = 0; i < 50'000; ++i) events.push_back(traffic.Events(1, rate) == 1);
    EXPECT_NEAR(MeasuredClusterSize(RunsOf(events)), 1, 0.05) << rate;
  }
}

TEST(EventRunsTest, BurstsCountByTheirSize) {
  testing::Traffic traffic(5);
  std::vector<bool> events;
  for (int i = 0; i < 20'000; ++i) events.insert(events.end(), 5, traffic.Events(1, 0.01) == 1);
  EXPECT_NEAR(MeasuredClusterSize(RunsOf(events)), 5, 0.3);
}

// One of two replicas that take requests by turns fails for a while.
TEST(EventRunsTest, ABurstOfEachOtherRequestCountsByItsSize) {
  testing::Traffic traffic(7);
  std::vector<bool> events;
  for (int i = 0; i < 20'000; ++i) {
    const bool fails = traffic.Events(1, 0.005) == 1;
    for (int request = 0; request < 10; ++request) events.push_back(fails && request % 2 == 0);
  }
  EXPECT_NEAR(MeasuredClusterSize(RunsOf(events)), 5, 0.4);
}

TEST(EventRunsTest, AFirstBurstIsMostlyOne) {
  EXPECT_NEAR(MeasuredClusterSize({.trials = 500, .events = 5, .squares = 25}), 27.0 / 7, 0.2);
}

TEST(EventRunsTest, WhatFailsAltogetherIsNoBurst) {
  EXPECT_EQ(MeasuredClusterSize({}), 1);
  EXPECT_EQ(MeasuredClusterSize({.trials = 100, .events = 100, .squares = 10'000}), 1);
  // Good at first: a long run, counted as some events at least.
  EXPECT_EQ(MeasuredClusterSize({.trials = 1'200, .events = 200, .squares = 40'000}),
            kLargestMeasured);
}

}  // namespace
}  // namespace slipway::analysis
