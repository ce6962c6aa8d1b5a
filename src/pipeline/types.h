// A run of the line: what it was asked, and how it ended.
#pragma once

#include <string>

#include "core/json.h"

namespace slipway::pipeline {

struct RunOptions {
  bool verify = false;    // Hash source files again, even those known unchanged by their times.
  bool no_cache = false;  // Do every step again; results still go to the cache.
  int threads = 0;        // 0 for all available cores.
};

// What the pipeline stage ends in. `record` is the last JSON line of the contract.
struct Run {
  std::string run_id;
  bool passed = false;
  bool unchanged = false;   // Nothing had changed since this run: no step was done again.
  std::string directory;    // .slipway/runs/<run_id>
  std::string report_path;  // report.html in it
  double seconds = 0;
  Json record;
};

}  // namespace slipway::pipeline
