#include "cli/progress_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/text.h"

namespace slipway::cli {
namespace {

constexpr size_t kNameWidth = 11;
// Beyond this a time at the right edge is too far from its line to be read together.
constexpr size_t kWidestLine = 110;
constexpr size_t kBarCells = 24;
constexpr double kShortestShownSeconds = 0.005;
constexpr double kRedrawSeconds = 0.1;
constexpr double kJsonSeconds = 0.25;
// A rate measured over less than this says nothing yet.
constexpr double kSteadyRateSeconds = 0.3;

constexpr const char* kGreen = "32";
constexpr const char* kRed = "31";
constexpr const char* kYellow = "33";
constexpr const char* kCyan = "36";
constexpr const char* kDim = "2";

std::string Paint(bool color, const char* sgr, const std::string& text) {
  return color ? fmt::format("\x1b[{}m{}\x1b[0m", sgr, text) : text;
}

std::string PadName(std::string_view step) {
  std::string name = Printable(step);
  const size_t width = TextWidth(name);
  if (width < kNameWidth) name.append(kNameWidth - width, ' ');
  return name.back() == ' ' ? name : name + " ";
}

// A step that runs now.
struct Running {
  Clock::SteadyTime started;
  std::optional<Clock::SteadyTime> told;  // When it was last drawn or written.
  int64_t done = 0;
  int64_t total = 0;
  std::string unit;
};

double SecondsBetween(Clock::SteadyTime from, Clock::SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

// Takes what is new into `step`; false while its last telling is less than `pause` ago. Threads
// report out of order, so the count never goes back.
bool Tell(Running* step, int64_t done, int64_t total, std::string_view unit, Clock::SteadyTime now,
          double pause) {
  step->done = std::max(step->done, done);
  step->total = total;
  step->unit = unit;
  if (step->told && SecondsBetween(*step->told, now) < pause) return false;
  step->told = now;
  return true;
}

// Work a second, 0 where it is not known yet.
double Rate(const Running& step, Clock::SteadyTime now) {
  const double elapsed = SecondsBetween(step.started, now);
  return elapsed >= kSteadyRateSeconds ? static_cast<double>(step.done) / elapsed : 0;
}

std::string FormatRate(double rate) {
  return rate >= 10 ? FormatCount(std::llround(rate)) : fmt::format("{:.1f}", rate);
}

std::string FormatTimeLeft(double seconds) {
  const int64_t whole = std::llround(std::ceil(seconds));
  return whole < 3600 ? fmt::format("{}:{:02} left", whole / 60, whole % 60)
                      : fmt::format("{} h {:02} min left", whole / 3600, whole % 3600 / 60);
}

// "3 / 5 folds · 1.4 folds/s · 0:02 left".
std::string Pace(const Running& step, Clock::SteadyTime now) {
  const std::string unit = Printable(step.unit);
  std::string text = FormatCount(step.done);
  if (step.total > 0) text += " / " + FormatCount(step.total);
  text += " " + unit;
  const double rate = Rate(step, now);
  if (rate <= 0) return text;
  text += fmt::format(" · {} {}/s", FormatRate(rate), unit);
  if (step.total > step.done)
    text += " · " + FormatTimeLeft(static_cast<double>(step.total - step.done) / rate);
  return text;
}

struct FinishedStep {
  std::string_view step;
  bool ok;
  bool cached;
  std::string_view summary;
  double seconds;
};

// "✓ data       10,000 rows × 6 columns      0.02 s", the time at column `width`, or after two
// blanks where that is 0.
std::string FinishedLine(const FinishedStep& finished, bool color, size_t width) {
  const std::string summary = Printable(finished.summary);
  std::string name = PadName(finished.step);
  std::string line =
      Paint(color, finished.ok ? kGreen : kRed, finished.ok ? "✓" : "✗") + " " + name + summary;
  std::string right;
  if (finished.cached) {
    right = "cached";
  } else if (finished.seconds >= kShortestShownSeconds) {
    right = FormatSeconds(finished.seconds);
  }
  if (right.empty()) return line + "\n";
  const size_t used = 2 + TextWidth(name) + TextWidth(summary) + TextWidth(right);
  const size_t blanks = std::max<size_t>(2, width > used ? width - used : 0);
  return line + std::string(blanks, ' ') + Paint(color, kDim, right) + "\n";
}

// What a program of the user's said, a little aside.
std::string SaidLine(std::string_view line, bool color) {
  return Paint(color, kDim, "  │ " + Printable(line)) + "\n";
}

void Write(FILE* file, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

class PlainView : public ProgressSink {
 public:
  PlainView(ProgressColors colors, FILE* out, FILE* err) : colors_(colors), out_(out), err_(err) {}

  void StepStarted(std::string_view) override {}
  void Advance(std::string_view, int64_t, int64_t, std::string_view) override {}
  void StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                    double seconds, const Json&) override {
    const std::lock_guard lock(mutex_);
    Write(out_, FinishedLine({step, ok, cached, summary, seconds}, colors_.out, 0));
  }
  void Warn(std::string_view message) override {
    const std::lock_guard lock(mutex_);
    Write(err_, Paint(colors_.err, kYellow, "warning:") + " " + Printable(message) + "\n");
  }
  void Say(std::string_view, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    Write(err_, SaidLine(line, colors_.err));
  }

 private:
  const ProgressColors colors_;
  FILE* const out_;
  FILE* const err_;
  std::mutex mutex_;
};

class TerminalView : public ProgressSink {
 public:
  TerminalView(ProgressColors colors, FILE* out, FILE* err, const Clock& clock)
      : colors_(colors), out_(out), err_(err), clock_(clock), draws_(isatty(fileno(err)) != 0) {}
  ~TerminalView() override { Erase(); }

  void StepStarted(std::string_view step) override {
    const std::lock_guard lock(mutex_);
    Running& running = running_[std::string(step)];
    running = {};
    running.started = clock_.SteadyNow();
    Draw(step, running, running.started);
  }

  void Advance(std::string_view step, int64_t done, int64_t total, std::string_view unit) override {
    const std::lock_guard lock(mutex_);
    const auto it = running_.find(step);
    if (it == running_.end()) return;  // A late thread of a step that is over.
    const Clock::SteadyTime now = clock_.SteadyNow();
    if (Tell(&it->second, done, total, unit, now, kRedrawSeconds)) Draw(step, it->second, now);
  }

  void StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                    double seconds, const Json&) override {
    const std::lock_guard lock(mutex_);
    if (const auto it = running_.find(step); it != running_.end()) running_.erase(it);
    Erase();
    const size_t width = std::min(TerminalWidth(out_), kWidestLine);
    Write(out_, FinishedLine({step, ok, cached, summary, seconds}, colors_.out, width));
  }

  void Warn(std::string_view message) override {
    const std::lock_guard lock(mutex_);
    Erase();
    Write(err_, Paint(colors_.err, kYellow, "warning:") + " " + Printable(message) + "\n");
  }

  void Say(std::string_view, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    Erase();
    Write(err_, SaidLine(line, colors_.err));
  }

 private:
  void Erase() {
    if (!drawn_) return;
    Write(err_, "\r\x1b[K");
    drawn_ = false;
  }

  std::string Bar(const Running& step) const {
    const double share =
        std::clamp(static_cast<double>(step.done) / static_cast<double>(step.total), 0.0, 1.0);
    const auto full = static_cast<size_t>(std::floor(share * kBarCells));
    std::string done;
    std::string rest;
    for (size_t i = 0; i < kBarCells; ++i) (i < full ? done : rest) += i < full ? "━" : "─";
    return Paint(colors_.err, kCyan, done) + Paint(colors_.err, kDim, rest) +
           fmt::format(" {:3.0f} %  ", share * 100);
  }

  // One line that fits: a line that wraps can't be erased.
  void Draw(std::string_view step, const Running& running, Clock::SteadyTime now) {
    if (!draws_) return;
    static constexpr std::array<const char*, 4> kSpinner = {"◐", "◓", "◑", "◒"};
    const size_t width = TerminalWidth(err_);
    const std::string name = PadName(step);
    std::string line =
        "\r\x1b[K" + Paint(colors_.err, kCyan, kSpinner[frame_++ % kSpinner.size()]) + " " + name;
    size_t used = 2 + TextWidth(name);
    const std::string pace = running.unit.empty() ? "" : Pace(running, now);
    if (running.total > 0 && used + kBarCells + 8 + TextWidth(pace) < width) {
      line += Bar(running);
      used += kBarCells + 8;
    }
    if (used + TextWidth(pace) < width) line += pace;
    Write(err_, line);
    drawn_ = true;
  }

  const ProgressColors colors_;
  FILE* const out_;
  FILE* const err_;
  const Clock& clock_;
  const bool draws_;
  std::mutex mutex_;  // Guards what follows, and writing.
  std::map<std::string, Running, std::less<>> running_;
  size_t frame_ = 0;
  bool drawn_ = false;
};

class JsonView : public ProgressSink {
 public:
  JsonView(FILE* out, const Clock& clock) : out_(out), clock_(clock) {}

  void StepStarted(std::string_view step) override {
    const std::lock_guard lock(mutex_);
    Running& running = running_[std::string(step)];
    running = {};
    running.started = clock_.SteadyNow();
    WriteLine({{"event", "step_started"}, {"step", step}});
  }

  void Advance(std::string_view step, int64_t done, int64_t total, std::string_view unit) override {
    const std::lock_guard lock(mutex_);
    const auto it = running_.find(step);
    if (it == running_.end()) return;
    const Clock::SteadyTime now = clock_.SteadyNow();
    if (!Tell(&it->second, done, total, unit, now, kJsonSeconds)) return;
    Json event = {{"event", "progress"},
                  {"step", step},
                  {"done", it->second.done},
                  {"total", total},
                  {"unit", unit}};
    if (const double rate = Rate(it->second, now); rate > 0) {
      event["per_second"] = rate;
      if (total > 0)
        event["seconds_left"] =
            static_cast<double>(std::max<int64_t>(0, total - it->second.done)) / rate;
    }
    WriteLine(event);
  }

  void StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                    double seconds, const Json& facts) override {
    const std::lock_guard lock(mutex_);
    if (const auto it = running_.find(step); it != running_.end()) running_.erase(it);
    WriteLine({{"event", "step_finished"},
               {"step", step},
               {"ok", ok},
               {"cached", cached},
               {"seconds", seconds},
               {"summary", summary},
               {"facts", facts}});
  }

  void Warn(std::string_view message) override {
    const std::lock_guard lock(mutex_);
    WriteLine({{"event", "warning"}, {"message", message}});
  }

  void Say(std::string_view step, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    WriteLine({{"event", "output"}, {"step", step}, {"line", Printable(line)}});
  }

 private:
  void WriteLine(const Json& event) { Write(out_, CompactJson(event) + "\n"); }

  FILE* const out_;
  const Clock& clock_;
  std::mutex mutex_;  // Guards what follows, and writing.
  std::map<std::string, Running, std::less<>> running_;
};

}  // namespace

size_t TerminalWidth(FILE* file) {
  if (isatty(fileno(file)) == 0) return 0;
  winsize size = {};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long written = columns != nullptr ? std::strtol(columns, nullptr, 10) : 0;
  return written > 0 ? static_cast<size_t>(written) : 80;
}

std::unique_ptr<ProgressSink> MakeProgressView(ProgressStyle style, ProgressColors colors,
                                               FILE* out, FILE* err, const Clock& clock) {
  switch (style) {
    case ProgressStyle::kTerminal: return std::make_unique<TerminalView>(colors, out, err, clock);
    case ProgressStyle::kJson: return std::make_unique<JsonView>(out, clock);
    case ProgressStyle::kPlain: break;
  }
  return std::make_unique<PlainView>(colors, out, err);
}

}  // namespace slipway::cli
