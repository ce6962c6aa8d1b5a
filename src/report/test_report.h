// What `slipway test` found: tests with their outcomes, for people, pull requests and CI.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::report {

enum class TestOutcome { kPassed, kFailed, kSkipped };
const char* ToString(TestOutcome outcome);  // "passed", "failed", "skipped"

struct TestResult {
  std::string group;  // "data", "performance", "invariance", …
  std::string name;   // Unique in its group.
  TestOutcome outcome = TestOutcome::kPassed;
  std::string reason;                // A sentence: what was found, and what was expected.
  std::vector<std::string> details;  // Of a failure: a line for each row that shows it.
  std::vector<std::string> notes;    // What to look at, passed or not.
  Location at;                       // Where it is expected; without a file for what is built in.
  double seconds = 0;
  Json evidence = Json::object();

  // "invariance::marital status".
  std::string Id() const { return group + "::" + name; }
};

struct TestReport {
  std::string project, label, environment;
  std::string model;  // "credit-risk:3", or a path.
  std::string digest;
  std::string source;  // Of the rows; "" where no test needed any.
  std::string started_at, slipway_version;
  double seconds = 0;
  std::vector<TestResult> tests;

  int64_t Count(TestOutcome outcome) const;
  // No test failed.
  bool passed() const { return Count(TestOutcome::kFailed) == 0; }
};

// "23 passed, 1 failed, 2 skipped".
std::string CountsText(const TestReport& report);

// Fit for a pull-request comment: under 60,000 characters.
std::string RenderTestMarkdown(const TestReport& report);
// {"passed", "model", "digest", "tests": [{"id", "group", "name", "outcome", "reason", …}], …}.
Json RenderTestJson(const TestReport& report);
// One test suite a group.
std::string RenderTestJUnit(const TestReport& report);

}  // namespace slipway::report
