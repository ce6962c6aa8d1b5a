// Runs that ended: `slipway runs`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::pipeline {

// One run as its run.json keeps it.
struct RunEntry {
  std::string run_id;
  std::string started_at;
  // When `slipway run` ended here last: later than it started where one found nothing changed
  // since.
  std::string last_at;
  double seconds = 0;
  std::string source_path, source_digest, algorithm;
  Json hyperparameters = Json::object();
  Json config = Json::object();  // The resolved `data` and `model` sections.
  Json record = Json::object();  // The contract's last line.
};

// Runs under `slipway_directory` (".slipway"), newest first. Directories without a record (runs
// that were interrupted) or with one that no run wrote are left out. kNotFound where there is no
// such directory.
Result<std::vector<RunEntry>> ListRuns(FileSystem& files, const std::string& slipway_directory);

// `run_id` may be shortened as long as it is unique; "latest" is the newest. kNotFound tells near
// ones.
Result<RunEntry> FindRun(FileSystem& files, const std::string& slipway_directory,
                         const std::string& run_id);

// The run that `slipway run` of this environment ended with last, of those that registered a
// version of this model.
Result<std::optional<RunEntry>> LastRunOfModel(FileSystem& files,
                                               const std::string& slipway_directory,
                                               const std::string& environment,
                                               const std::string& model);

// Notes that a run ended now with the record in this directory, as nothing had changed since. What
// keeps it from being written is no error: then the run is as old as it is.
void NoteRunAgain(FileSystem& files, const std::string& run_directory,
                  const Clock& clock = SystemClock());

struct RunDifference {
  std::string key;   // "metrics.auc", "hyperparameters.max_depth", "data.split.train"
  Json left, right;  // null where absent.
};
// What differs in source, configuration, hyper-parameters and metrics.
std::vector<RunDifference> CompareRuns(const RunEntry& left, const RunEntry& right);

// The nearest ".slipway" from `start` upwards; kNotFound where there is none.
Result<std::string> FindSlipwayDirectory(FileSystem& files, const std::string& start);

}  // namespace slipway::pipeline
