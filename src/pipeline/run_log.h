// The log of a run: what the progress sink was told, with times, for whoever looks later.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/progress.h"

namespace slipway::pipeline {

// Passes everything on to another sink and, once opened, writes a line for each step that begins or
// ends, each warning and each line of a program. Counts of work in between go to the other sink
// only. Thread-safe as that sink is.
class RunLog : public ProgressSink {
 public:
  // References outlive this.
  RunLog(ProgressSink& sink, const Clock& clock) : sink_(sink), clock_(clock) {}

  // Begins the file at `path`, which must not be there yet.
  Status Open(FileSystem& files, const std::string& path);
  // Ends the file, with what ended the run where it was an error; gives the first failure to write,
  // as a sink can't.
  Status Close(const Error* error = nullptr);

  void StepStarted(std::string_view step) override;
  void Advance(std::string_view step, int64_t done, int64_t total, std::string_view unit) override;
  void StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                    double seconds, const Json& facts) override;
  void Warn(std::string_view message) override;
  void Say(std::string_view step, std::string_view line) override;

 private:
  void Write(const std::string& line);

  ProgressSink& sink_;
  const Clock& clock_;
  std::mutex mutex_;  // Guards what follows.
  std::unique_ptr<WritableFile> file_;
  Status status_;
};

}  // namespace slipway::pipeline
