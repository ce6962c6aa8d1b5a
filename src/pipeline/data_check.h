// A table and the verdict on it: what a run begins with, and all that `slipway data validate` does.
#pragma once

#include <string>

#include "config/types.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::pipeline {

struct CheckedTable {
  data::Table table;
  data::DatasetReport report;  // Without profiles.
};

// Reads the file at `path` as `data` says and validates it by its rules. Nothing is said of values
// in columns that nothing uses.
Result<CheckedTable> ReadAndCheck(const config::DataConfig& data, const std::string& path,
                                  int threads, ProgressSink& progress);

}  // namespace slipway::pipeline
