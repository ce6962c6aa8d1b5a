#include "core/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "core/clock.h"
#include "core/interrupt.h"

namespace slipway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Ran {
  Result<ProcessEnd> end;
  std::vector<std::string> lines;
};

Ran Call(ProcessOptions options) {
  std::vector<std::string> lines;
  options.output = [&](std::string_view line) { lines.emplace_back(line); };
  auto end = LocalProcessRunner().Run(options);
  return {std::move(end), std::move(lines)};
}

TEST(Process, TellsLinesAndExitCode) {
  const Ran ran = Call({.command = "echo out; echo err >&2; printf 'no end'; exit 7"});
  ASSERT_TRUE(ran.end.ok());
  EXPECT_EQ(ran.end->exit_code, 7);
  EXPECT_THAT(ran.lines, ElementsAre("out", "err", "no end"));
}

TEST(Process, RunsInItsFolderWithItsVariablesAndNoInput) {
  const Ran ran = Call({.command = "pwd; echo $GREETING; cat; echo $HOME | wc -l",
                        .directory = "/usr",
                        .environment = {{"GREETING", "a b"}, {"HOME", ""}}});
  EXPECT_THAT(ran.lines, ElementsAre("/usr", "a b", "1"));
}

TEST(Process, ASignalIsToldAsSuch) {
  const Ran ran = Call({.command = "kill -SEGV $$"});
  ASSERT_TRUE(ran.end.ok());
  EXPECT_EQ(ran.end->exit_code, -1);
  EXPECT_EQ(ran.end->signal, SIGSEGV);
}

TEST(Process, ATimeOutEndsAllThatItStarted) {
  const Stopwatch watch;
  const Ran ran = Call({.command = "sleep 60 & echo $!; sleep 60", .timeout_seconds = 0.2});
  ASSERT_FALSE(ran.end.ok());
  EXPECT_EQ(ran.end.error().code(), ErrorCode::kTimeout);
  EXPECT_LT(watch.seconds(), 20);
  ASSERT_EQ(ran.lines.size(), 1U);
  // Gone, or a zombie that nobody has waited for yet.
  const Ran left =
      Call({.command = "grep -sv zombie /proc/" + ran.lines[0] + "/status | grep State"});
  EXPECT_THAT(left.lines, ElementsAre());
}

TEST(Process, WhatAShellStartedGetsTimeToEndByItself) {
  const Ran ran = Call({.command = "(trap 'sleep 0.3; echo saved; exit' TERM; "
                                   "while :; do sleep 0.05; done); true",
                        .timeout_seconds = 0.2});
  EXPECT_FALSE(ran.end.ok());
  EXPECT_THAT(ran.lines, Contains("saved"));
}

TEST(Process, WhoLeavesTheGroupAndWritesForEverHoldsUpNobody) {
  const Stopwatch watch;
  const Ran ran = Call({.command = "setsid yes & sleep 0.1"});
  EXPECT_TRUE(ran.end.ok());
  EXPECT_LT(watch.seconds(), 20);
}

// `yes` would go on for ever where a closed pipe were an error of the write only.
TEST(Process, AClosedPipeEndsAProgram) {
  const Ran ran = Call({.command = "yes | head -n 1", .timeout_seconds = 20});
  EXPECT_TRUE(ran.end.ok());
  EXPECT_THAT(ran.lines, ElementsAre("y"));
}

TEST(Process, WhatItLeavesRunningEndsWithIt) {
  const Stopwatch watch;
  const Ran ran = Call({.command = "sleep 60 & echo done"});
  EXPECT_THAT(ran.lines, ElementsAre("done"));
  EXPECT_LT(watch.seconds(), 20);
}

TEST(Process, MemoryIsLimited) {
  const Ran ran = Call({.command = "ulimit -v", .memory_bytes = int64_t{1} << 30});
  EXPECT_THAT(ran.lines, ElementsAre("1048576"));
}

// The system forgets who ended where SIGCHLD is ignored: that must not be waited for for ever.
TEST(Process, AnEndThatNobodyIsToldOfIsAnError) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const Ran ran = Call({.command = "echo done; exit 3"});
  std::signal(SIGCHLD, before);
  ASSERT_FALSE(ran.end.ok());
  EXPECT_EQ(ran.end.error().code(), ErrorCode::kIo);
  EXPECT_THAT(ran.lines, ElementsAre("done"));
}

// Exits with what the program ended with.
void RunWithSignalsIgnored() {
  std::signal(SIGCHLD, SIG_IGN);
  InstallInterruptHandlers();
  const auto end = LocalProcessRunner().Run({.command = "exit 3"});
  std::_Exit(end.ok() ? end->exit_code : 0);
}

TEST(Process, WhoStartedUsMayHaveSignalsIgnored) {
  EXPECT_EXIT(RunWithSignalsIgnored(), ::testing::ExitedWithCode(3), "");
}

// Exits with 1 where the signal set the flag.
void HangUp(void (*before)(int)) {
  std::signal(SIGHUP, before);
  InstallInterruptHandlers();
  std::raise(SIGHUP);
  std::_Exit(Interrupted() ? 1 : 0);
}

TEST(Interrupt, AClosedTerminalInterrupts) {
  EXPECT_EXIT(HangUp(SIG_DFL), ::testing::ExitedWithCode(1), "");
  EXPECT_EXIT(HangUp(SIG_IGN), ::testing::ExitedWithCode(0), "") << "as under nohup";
}

TEST(Process, AFolderThatIsNotThereIsAnError) {
  const Ran ran = Call({.command = "true", .directory = "/nowhere"});
  ASSERT_FALSE(ran.end.ok());
  EXPECT_THAT(ran.end.error().ToString(), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace slipway
