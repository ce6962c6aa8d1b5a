// The results of tests in Markdown, JSON and JUnit.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/junit_internal.h"
#include "report/markdown_internal.h"
#include "report/test_report.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr const char* kRest = "slipway test --output json";

std::string Place(const Location& at) {
  return at.file.empty() ? "" : fmt::format("{}:{}:{}", at.file, at.line, at.column);
}

const char* Mark(TestOutcome outcome) {
  if (outcome == TestOutcome::kPassed) return "✓";
  return outcome == TestOutcome::kFailed ? "✗" : "–";
}

std::string Head(const TestReport& report) {
  std::vector<std::string> facts = {"model " + Code(report.model, 160)};
  if (!report.digest.empty()) facts.push_back(Code(ShortDigest(report.digest)));
  if (!report.source.empty()) facts.push_back("data " + Code(report.source, 160));
  return fmt::format("### {} {} · {} · {}\n\n{}\n\n", report.passed() ? "✓" : "✗",
                     Plain(report.project, 120), Plain(report.environment), CountsText(report),
                     Join(facts, " · "));
}

std::string Failure(const TestResult& test) {
  std::string text = fmt::format("**{}**: {}\n\n", Plain(test.Id()), Plain(test.reason, 600));
  for (const std::string& line : test.details) text += fmt::format("- {}\n", Plain(line, 600));
  if (!test.at.file.empty()) text += fmt::format("- {}\n", Code(Place(test.at), 200));
  return text + "\n";
}

std::string AllTests(const TestReport& report) {
  std::string rows = "| | Test | |\n|:-:|:--|:--|\n";
  for (const TestResult& test : report.tests) {
    rows += fmt::format("| {} | {} | {} |\n", Mark(test.outcome), CodeCell(test.Id(), 120),
                        Plain(test.reason));
  }
  return Details("All tests", rows);
}

// All that a person who reads a failure needs.
std::string WholeText(const TestResult& test) {
  std::string text = test.reason;
  for (const std::string& line : test.details) text += "\n" + line;
  for (const std::string& line : test.notes) text += "\n" + line;
  if (!test.at.file.empty()) text += "\n" + Place(test.at);
  return text;
}

void AddTest(Suite* suite, const TestResult& test) {
  suite->seconds += test.seconds;
  switch (test.outcome) {
    case TestOutcome::kPassed:
      AddCase(suite, test.name,
              "<system-out>" + Escape(CleanText(WholeText(test))) + "</system-out>");
      break;
    case TestOutcome::kFailed:
      AddFailure(suite, test.name, test.group, test.reason, CleanText(WholeText(test)));
      break;
    case TestOutcome::kSkipped: AddSkipped(suite, test.name, test.reason); break;
  }
}

}  // namespace

const char* ToString(TestOutcome outcome) {
  if (outcome == TestOutcome::kPassed) return "passed";
  return outcome == TestOutcome::kFailed ? "failed" : "skipped";
}

int64_t TestReport::Count(TestOutcome outcome) const {
  return std::ranges::count(tests, outcome, &TestResult::outcome);
}

std::string CountsText(const TestReport& report) {
  std::string text = fmt::format("{} passed", report.Count(TestOutcome::kPassed));
  for (const TestOutcome outcome : {TestOutcome::kFailed, TestOutcome::kSkipped}) {
    const int64_t count = report.Count(outcome);
    if (count > 0) text += fmt::format(", {} {}", count, ToString(outcome));
  }
  return text;
}

std::string RenderTestMarkdown(const TestReport& report) {
  std::vector<std::string> parts = {Head(report)};
  for (const TestResult& test : report.tests) {
    if (test.outcome == TestOutcome::kFailed) parts.push_back(Failure(test));
  }
  parts.push_back(AllTests(report));
  return FitParts(parts, kRest);
}

Json RenderTestJson(const TestReport& report) {
  Json tests = Json::array();
  for (const TestResult& test : report.tests) {
    Json one = {{"id", test.Id()},          {"group", test.group},
                {"name", test.name},        {"outcome", ToString(test.outcome)},
                {"reason", test.reason},    {"details", test.details},
                {"notes", test.notes},      {"seconds", test.seconds},
                {"evidence", test.evidence}};
    if (!test.at.file.empty()) one["at"] = Place(test.at);
    tests.push_back(std::move(one));
  }
  return {{"passed", report.passed()},
          {"project", report.project},
          {"environment", report.environment},
          {"model", report.model},
          {"digest", report.digest},
          {"source", report.source},
          {"counts",
           {{"passed", report.Count(TestOutcome::kPassed)},
            {"failed", report.Count(TestOutcome::kFailed)},
            {"skipped", report.Count(TestOutcome::kSkipped)}}},
          {"seconds", report.seconds},
          {"tests", std::move(tests)}};
}

std::string RenderTestJUnit(const TestReport& report) {
  std::vector<Suite> suites;
  for (const TestResult& test : report.tests) {
    auto suite = std::ranges::find(suites, test.group, &Suite::name);
    if (suite == suites.end()) {
      suites.emplace_back().name = test.group;
      suite = std::prev(suites.end());
      suite->timestamp = report.started_at;
      suite->properties = {
          {"environment", report.environment}, {"model", report.model}, {"digest", report.digest}};
    }
    AddTest(&*suite, test);
  }
  return DocumentMarkup("slipway test " + report.project, suites, report.seconds);
}

}  // namespace slipway::report
