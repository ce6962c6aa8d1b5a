#include <fmt/format.h>

#include "report/junit_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

std::string Property(const std::string& name, const std::string& value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, Escape(value));
}

std::string SuiteMarkup(const Suite& suite) {
  std::string out = fmt::format(
      R"(  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}" timestamp="{}">)"
      "\n    <properties>\n",
      suite.name, suite.tests, suite.failures, suite.skipped, suite.seconds,
      Escape(suite.timestamp));
  for (const auto& [name, value] : suite.properties) out += Property(name, value);
  return out + "    </properties>\n" + suite.cases + "  </testsuite>\n";
}

}  // namespace

void AddCase(Suite* suite, const std::string& name, const std::string& inside) {
  ++suite->tests;
  const std::string head = fmt::format(R"(    <testcase classname="slipway.{}" name="{}")",
                                       suite->name, Label(name, 200));
  suite->cases +=
      inside.empty() ? head + "/>\n" : head + ">\n      " + inside + "\n    </testcase>\n";
}

void AddFailure(Suite* suite, const std::string& name, const std::string& type,
                const std::string& message, const std::string& text) {
  ++suite->failures;
  AddCase(suite, name,
          fmt::format(R"(<failure type="{}" message="{}">{}</failure>)", Escape(type),
                      Label(message, 400), Escape(text)));
}

void AddSkipped(Suite* suite, const std::string& name, const std::string& message) {
  ++suite->skipped;
  AddCase(suite, name, fmt::format(R"(<skipped message="{}"/>)", Label(message, 400)));
}

std::string IssueText(const data::Issue& issue) {
  std::string lines = issue.message;
  for (const data::Example& example : issue.examples) {
    lines += fmt::format("\nrow {}: {}", example.row,
                         example.missing ? "missing" : Shorten(CleanText(example.value), 80));
  }
  return lines;
}

std::string DocumentMarkup(const std::string& name, const std::vector<Suite>& suites,
                           double seconds) {
  int tests = 0;
  int failures = 0;
  int skipped = 0;
  std::string body;
  for (const Suite& suite : suites) {
    tests += suite.tests;
    failures += suite.failures;
    skipped += suite.skipped;
    body += SuiteMarkup(suite);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      R"(<testsuites name="{}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}">)"
      "\n{}</testsuites>\n",
      Escape(name), tests, failures, skipped, seconds, body);
}

}  // namespace slipway::report
