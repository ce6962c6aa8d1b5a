// A table and the verdict on it: what a run begins with, and all that `slipway data validate` does.
#pragma once

#include <string>

#include "config/types.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::pipeline {

// How `data` has its table read.
data::ReadOptions ReadOptionsFor(const config::DataConfig& data, int threads);

struct CheckedTable {
  data::Table table;
  data::DatasetReport report;  // With the profiles of all rows.
};

// Reads the file at `path` as `data` says and validates it by its rules. Nothing is said of values
// in columns that nothing uses.
Result<CheckedTable> ReadAndCheck(const config::DataConfig& data, const std::string& path,
                                  int threads, ProgressSink& progress,
                                  const Clock& clock = SystemClock());

// The same verdict in bounded memory, for tables of any size.
Result<data::DatasetReport> CheckSource(const config::DataConfig& data, const std::string& path,
                                        int threads, ProgressSink& progress,
                                        const Clock& clock = SystemClock());

}  // namespace slipway::pipeline
