// A project's tests of its data and its model: what `slipway test` does.
//
// Built in are those of the table (as a run validates it), of the model (as a run's gates judge it)
// and of odd rows; the project's own are expectations in YAML (config/expectations.h).
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "core/progress.h"
#include "core/result.h"
#include "report/test_report.h"

namespace slipway::pipeline {

struct TestOptions {
  // A reference; "" for the version of the configuration's model with which the last run of the
  // environment ended, else the newest.
  std::string model;
  // Files of expectations, or folders of them; empty for tests/*.yaml of the project.
  std::vector<std::string> expectations;
  // Parts of names, or patterns with * and ?: of "invariance::marital status". Empty for all.
  std::vector<std::string> select, deselect;
  int threads = 0;  // 0 for all available cores.
};

// A test before it runs.
struct NamedTest {
  std::string id;
  Location at;  // Of an expectation.
};
// Reads the configuration and the expectations, not the table or the model.
Result<std::vector<NamedTest>> ListTests(const config::LoadedConfig& loaded,
                                         const TestOptions& options);

// A failed test is an answer; an Error is what keeps the tests from being asked: expectations with
// mistakes (all at once, with their places), a table or model that can't be read, no test of that
// name. The same on any number of threads.
Result<report::TestReport> RunTests(const config::LoadedConfig& loaded, const TestOptions& options,
                                    ProgressSink& progress);

}  // namespace slipway::pipeline
