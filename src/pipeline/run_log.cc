#include "pipeline/run_log.h"

#include <fmt/format.h>

#include "core/text.h"

namespace slipway::pipeline {

Status RunLog::Open(FileSystem& files, const std::string& path) {
  const std::lock_guard lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(file_, files.CreateFile(path));
  return {};
}

Status RunLog::Close(const Error* error) {
  if (error != nullptr) Write(Printable(error->Render()));
  const std::lock_guard lock(mutex_);
  if (!file_) return {};
  Status closed = file_->Close();
  file_.reset();
  return status_.ok() ? closed : status_;
}

void RunLog::StepStarted(std::string_view step) {
  sink_.StepStarted(step);
  Write(fmt::format("{} started", step));
}

void RunLog::Advance(std::string_view step, int64_t done, int64_t total, std::string_view unit) {
  sink_.Advance(step, done, total, unit);
}

void RunLog::StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                          double seconds, const Json& facts) {
  sink_.StepFinished(step, ok, cached, summary, seconds, facts);
  Write(fmt::format("{} {} after {:.3f} s{}: {}", step, ok ? "passed" : "failed", seconds,
                    cached ? ", from the cache" : "", Printable(summary)));
}

void RunLog::Warn(std::string_view message) {
  sink_.Warn(message);
  Write(fmt::format("warning: {}", Printable(message)));
}

void RunLog::Say(std::string_view step, std::string_view line) {
  sink_.Say(step, line);
  Write(fmt::format("{}: {}", step, Printable(line)));
}

void RunLog::Write(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!file_ || !status_.ok()) return;
  status_ = file_->Append(fmt::format("{} {}\n", FormatTimestamp(clock_.Now()), line));
}

}  // namespace slipway::pipeline
