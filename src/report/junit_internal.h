// JUnit's XML: suites of test cases.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/types.h"

namespace slipway::report {

using Properties = std::vector<std::pair<std::string, std::string>>;

// A suite in the making: its test cases and their counts.
struct Suite {
  std::string name;
  std::string cases;
  int tests = 0;
  int failures = 0;
  int skipped = 0;
  double seconds = 0;
  std::string timestamp;
  Properties properties;
};

// `inside` is markup, "" for a test that passed without a word; all else is plain text.
void AddCase(Suite* suite, const std::string& name, const std::string& inside);
void AddFailure(Suite* suite, const std::string& name, const std::string& type,
                const std::string& message, const std::string& text);
void AddSkipped(Suite* suite, const std::string& name, const std::string& message);

// The message and a line for each example.
std::string IssueText(const data::Issue& issue);

std::string DocumentMarkup(const std::string& name, const std::vector<Suite>& suites,
                           double seconds);

}  // namespace slipway::report
