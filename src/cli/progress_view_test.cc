#include "cli/progress_view.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/json.h"

namespace slipway::cli {
namespace {

constexpr ProgressColors kBoth = {.out = true, .err = true};

class HandClock : public Clock {
 public:
  WallTime Now() const override { return {}; }
  SteadyTime SteadyNow() const override { return now; }
  void Move(double seconds) {
    now += std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
  }
  SteadyTime now;
};

// A temporary file that is read back as text.
class TextFile {
 public:
  TextFile() : file_(std::tmpfile()) {}
  ~TextFile() { std::fclose(file_); }
  FILE* get() const { return file_; }
  std::string Text() const {
    std::fflush(file_);
    if (std::fseek(file_, 0, SEEK_SET) != 0) return "(not to be read back)";
    std::string text;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  FILE* file_;
};

// A terminal of a given width: what is written to `get()` is read from the other end.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(unsigned short columns) {
    master_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    winsize size = {};
    size.ws_col = columns;
    size.ws_row = 24;
    ioctl(master_, TIOCSWINSZ, &size);
    const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
    if (slave >= 0) file_ = fdopen(slave, "w");
  }
  ~PseudoTerminal() {
    if (file_ != nullptr) std::fclose(file_);
    if (master_ >= 0) close(master_);
  }
  FILE* get() const { return file_; }
  std::string Text() const {
    std::string text;
    char buffer[4096];
    for (ssize_t got = read(master_, buffer, sizeof buffer); got > 0;
         got = read(master_, buffer, sizeof buffer)) {
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }

 private:
  int master_ = -1;
  FILE* file_ = nullptr;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ProgressViewTest, PlainLinesAreOneAStep) {
  TextFile out, err;
  const auto view = MakeProgressView(ProgressStyle::kPlain, {}, out.get(), err.get());
  view->StepStarted("data");
  view->Advance("data", 5000, 10000, "rows");
  view->StepFinished("data", true, false, "10,000 rows × 6 columns", 0.021, Json::object());
  view->StepFinished("split", true, false, "8,000 / 1,000 / 1,000", 0.0001, Json::object());
  view->StepFinished("train", true, true, "random_forest, 100 trees", 0, Json::object());
  view->StepFinished("gates", false, false, "6 of 7", 0.3, Json::object());
  view->Warn("feature3: 1.0 % missing");
  EXPECT_EQ(out.Text(),
            "✓ data       10,000 rows × 6 columns  0.02 s\n"
            "✓ split      8,000 / 1,000 / 1,000\n"
            "✓ train      random_forest, 100 trees  cached\n"
            "✗ gates      6 of 7  0.30 s\n");
  EXPECT_EQ(err.Text(), "warning: feature3: 1.0 % missing\n");
}

TEST(ProgressViewTest, ControlCharactersOfTheDataNeverReachTheOutput) {
  TextFile out, err;
  const auto view = MakeProgressView(ProgressStyle::kPlain, {}, out.get(), err.get());
  view->StepFinished("data", true, false,
                     "column \x1b[2J\nbad\x7f \xc2\x9b"
                     "31m é",
                     0, Json::object());
  view->Warn("a\rb\x07");
  EXPECT_EQ(out.Text(), "✓ data       column  [2J bad   31m é\n");
  EXPECT_EQ(err.Text(), "warning: a b \n");
}

TEST(ProgressViewTest, ColourIsOnlyAroundMarks) {
  TextFile out, err;
  const auto view = MakeProgressView(ProgressStyle::kTerminal, kBoth, out.get(), err.get());
  view->StepFinished("data", true, true, "10 rows", 0, Json::object());
  view->StepFinished("gates", false, false, "6 of 7", 0, Json::object());
  EXPECT_EQ(out.Text(),
            "\x1b[32m✓\x1b[0m data       10 rows  \x1b[2mcached\x1b[0m\n\x1b[31m✗\x1b[0m gates     "
            " 6 of 7\n");
}

TEST(ProgressViewTest, EachStreamHasItsOwnColour) {
  TextFile out, err;
  const auto view =
      MakeProgressView(ProgressStyle::kPlain, {.out = false, .err = true}, out.get(), err.get());
  view->StepFinished("data", true, false, "10 rows", 0, Json::object());
  view->Warn("late");
  EXPECT_EQ(out.Text(), "✓ data       10 rows\n");
  EXPECT_EQ(err.Text(), "\x1b[33mwarning:\x1b[0m late\n");
}

TEST(ProgressViewTest, WithoutATerminalOnStandardErrorThereIsNoBar) {
  TextFile out, err;
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kTerminal, kBoth, out.get(), err.get(), clock);
  view->StepStarted("train");
  clock.Move(1);
  view->Advance("train", 1, 5, "folds");
  EXPECT_EQ(err.Text(), "");
}

TEST(ProgressViewTest, TheTimeStandsAtTheRightEdgeOfATerminal) {
  PseudoTerminal out(60);
  TextFile err;
  ASSERT_NE(out.get(), nullptr);
  const auto view = MakeProgressView(ProgressStyle::kTerminal, {}, out.get(), err.get());
  view->StepFinished("data", true, false, "10 rows × 2", 1.5, Json::object());
  view->StepFinished("train", true, false, std::string(70, 'x'), 1.5, Json::object());
  const std::vector<std::string> lines = Lines(out.Text());
  ASSERT_EQ(lines.size(), 2U);
  // 13 columns before the summary, 11 of it, 30 blanks, 6 of the time: 60.
  EXPECT_EQ(lines[0], "✓ data       10 rows × 2" + std::string(30, ' ') + "1.50 s\r");
  EXPECT_EQ(lines[1], "✓ train      " + std::string(70, 'x') + "  1.50 s\r");
}

TEST(ProgressViewTest, TheBarTellsShareRateAndTimeLeft) {
  TextFile out;
  PseudoTerminal err(100);
  ASSERT_NE(err.get(), nullptr);
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kTerminal, {}, out.get(), err.get(), clock);
  view->StepStarted("train");
  clock.Move(2);
  view->Advance("train", 2, 5, "folds");
  const std::string text = err.Text();
  EXPECT_NE(
      text.find("train      ━━━━━━━━━───────────────  40 %  2 / 5 folds · 1.0 folds/s · 0:03 left"),
      std::string::npos)
      << text;
  view->StepFinished("train", true, false, "done", 2, Json::object());
  EXPECT_EQ(err.Text(), "\r\x1b[K");
  EXPECT_EQ(out.Text(), "✓ train      done  2.00 s\n");
}

TEST(ProgressViewTest, TheBarIsRedrawnTenTimesASecondAtMost) {
  TextFile out;
  PseudoTerminal err(100);
  ASSERT_NE(err.get(), nullptr);
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kTerminal, {}, out.get(), err.get(), clock);
  view->StepStarted("data");
  for (int i = 1; i <= 1000; ++i) {
    clock.Move(0.001);
    view->Advance("data", i, 1000, "rows");
  }
  const size_t drawn = Count(err.Text(), "\r\x1b[K");
  EXPECT_GE(drawn, 9U);
  EXPECT_LE(drawn, 12U);
}

TEST(ProgressViewTest, ABarNeverWrapsOnANarrowTerminal) {
  TextFile out;
  PseudoTerminal err(30);
  ASSERT_NE(err.get(), nullptr);
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kTerminal, {}, out.get(), err.get(), clock);
  view->StepStarted("train");
  err.Text();
  clock.Move(2);
  view->Advance("train", 200000, 5000000, "rows");
  EXPECT_EQ(err.Text().find("━"), std::string::npos);
}

TEST(ProgressViewTest, ALateThreadOfAFinishedStepDrawsNothing) {
  TextFile out, err;
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kJson, {}, out.get(), err.get(), clock);
  view->StepStarted("data");
  view->StepFinished("data", true, false, "", 0, Json::object());
  clock.Move(5);
  view->Advance("data", 1, 2, "rows");
  EXPECT_EQ(Lines(out.Text()).size(), 2U);
}

TEST(ProgressViewTest, JsonLinesForMachines) {
  TextFile out, err;
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kJson, kBoth, out.get(), err.get(), clock);
  view->StepStarted("train");
  clock.Move(1);
  view->Advance("train", 2, 5, "folds");
  view->Warn("a \"quoted\" name\nin two lines");
  view->StepFinished("train", true, false, "5 folds", 2.5, Json{{"folds", 5}});
  const std::vector<std::string> lines = Lines(out.Text());
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], R"({"event":"step_started","step":"train"})");
  EXPECT_EQ(
      lines[1],
      R"({"event":"progress","step":"train","done":2,"total":5,"unit":"folds","per_second":2.0,)"
      R"("seconds_left":1.5})");
  EXPECT_EQ(lines[2], R"({"event":"warning","message":"a \"quoted\" name\nin two lines"})");
  EXPECT_EQ(lines[3],
            R"({"event":"step_finished","step":"train","ok":true,"cached":false,"seconds":2.5,)"
            R"("summary":"5 folds","facts":{"folds":5}})");
  EXPECT_EQ(err.Text(), "");
}

TEST(ProgressViewTest, JsonProgressIsAtMostFourASecond) {
  TextFile out, err;
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kJson, {}, out.get(), err.get(), clock);
  view->StepStarted("data");
  for (int i = 1; i <= 2000; ++i) {
    clock.Move(0.001);
    view->Advance("data", i, 2000, "rows");
  }
  EXPECT_LE(Lines(out.Text()).size(), 10U);
  EXPECT_GE(Lines(out.Text()).size(), 8U);
}

TEST(ProgressViewTest, ManyThreadsAdvanceOneStep) {
  TextFile out, err;
  HandClock clock;
  const auto view = MakeProgressView(ProgressStyle::kJson, {}, out.get(), err.get(), clock);
  view->StepStarted("data");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&view, t] {
      for (int i = 0; i < 1000; ++i) view->Advance("data", t * 1000 + i, 4000, "rows");
    });
  }
  threads.clear();
  view->StepFinished("data", true, false, "", 0, Json::object());
  for (const std::string& line : Lines(out.Text()))
    EXPECT_TRUE(ParseJson(line, "line").ok()) << line;
}

}  // namespace
}  // namespace slipway::cli
