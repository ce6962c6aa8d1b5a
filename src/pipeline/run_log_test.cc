#include "pipeline/run_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fault_injecting_file_system.h"

namespace slipway::pipeline {
namespace {

using ::testing::ElementsAre;

class StoppedClock : public Clock {
 public:
  WallTime Now() const override { return WallTime(std::chrono::milliseconds(1'500)); }
  SteadyTime SteadyNow() const override { return {}; }
};

class Heard : public ProgressSink {
 public:
  std::vector<std::string> calls;

  void StepStarted(std::string_view step) override { calls.emplace_back(step); }
  void Advance(std::string_view, int64_t, int64_t, std::string_view unit) override {
    calls.emplace_back(unit);
  }
  void StepFinished(std::string_view, bool, bool, std::string_view summary, double,
                    const Json&) override {
    calls.emplace_back(summary);
  }
  void Warn(std::string_view message) override { calls.emplace_back(message); }
  void Say(std::string_view, std::string_view line) override { calls.emplace_back(line); }
};

TEST(RunLog, KeepsWhatItPassesOn) {
  const std::string path = ::testing::TempDir() + "/run.log";
  (void)LocalFileSystem().RemoveFile(path);
  Heard heard;
  const StoppedClock clock;
  RunLog log(heard, clock);
  log.Warn("before it is open");
  ASSERT_TRUE(log.Open(LocalFileSystem(), path).ok());
  log.StepStarted("data");
  log.Advance("data", 1, 2, "rows");
  log.Warn("two\nlines");
  log.Say("train", "epoch\a 1");
  log.StepFinished("data", false, true, "2 rows", 0.25, Json());
  const Error error(ErrorCode::kIo, "the end");
  ASSERT_TRUE(log.Close(&error).ok());
  log.Warn("after");
  EXPECT_THAT(heard.calls, ElementsAre("before it is open", "data", "rows", "two\nlines",
                                       "epoch\a 1", "2 rows", "after"));
  EXPECT_EQ(*LocalFileSystem().ReadFile(path),
            "1970-01-01T00:00:01.500Z data started\n"
            "1970-01-01T00:00:01.500Z warning: two lines\n"
            "1970-01-01T00:00:01.500Z train: epoch  1\n"
            "1970-01-01T00:00:01.500Z data failed after 0.250 s, from the cache: 2 rows\n"
            "1970-01-01T00:00:01.500Z error: the end \n");
}

TEST(RunLog, TellsAFailureAtTheEnd) {
  const std::string folder = ::testing::TempDir();
  FaultInjectingFileSystem files(LocalFileSystem(), folder + "/trash");
  (void)LocalFileSystem().RemoveFile(folder + "/full.log");
  Heard heard;
  RunLog log(heard, SystemClock());
  // The second operation is the first append.
  files.FailAt(2, Error(ErrorCode::kIo, "no space left"));
  ASSERT_TRUE(log.Open(files, folder + "/full.log").ok());
  log.Warn("one");
  log.Warn("two");
  const Status closed = log.Close();
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().message(), "no space left");
  EXPECT_EQ(heard.calls.size(), 2U);
}

}  // namespace
}  // namespace slipway::pipeline
