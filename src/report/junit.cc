#include <fmt/format.h>

#include <algorithm>

#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// A suite in the making: its test cases and their counts.
struct Suite {
  std::string name;
  std::string cases;
  int tests = 0;
  int failures = 0;
  int skipped = 0;
};

// `inside` is markup, "" for a test that passed without a word.
void AddCase(Suite* suite, const std::string& name, const std::string& inside) {
  ++suite->tests;
  const std::string head = fmt::format(R"(    <testcase classname="slipway.{}" name="{}")",
                                       suite->name, Label(name, 200));
  suite->cases +=
      inside.empty() ? head + "/>\n" : head + ">\n      " + inside + "\n    </testcase>\n";
}

std::string ExampleLines(const data::Issue& issue) {
  std::string lines;
  for (const data::Example& example : issue.examples) {
    lines += fmt::format("\nrow {}: {}", example.row,
                         example.missing ? "missing" : Shorten(CleanText(example.value), 80));
  }
  return lines;
}

void AddIssue(Suite* suite, const data::Issue& issue) {
  const std::string name = issue.column.empty() ? issue.kind : issue.kind + ": " + issue.column;
  if (issue.severity == data::Severity::kWarning) {
    AddCase(
        suite, name,
        "<system-out>warning: " + Escape(issue.message + ExampleLines(issue)) + "</system-out>");
    return;
  }
  ++suite->failures;
  AddCase(suite, name,
          fmt::format(R"(<failure type="{}" message="{}">{}</failure>)", Escape(issue.kind),
                      Label(issue.message, 400), Escape(issue.message + ExampleLines(issue))));
}

Suite DataSuite(const RunReport& report) {
  Suite suite;
  suite.name = "data";
  for (const data::Issue& issue : report.dataset.issues) AddIssue(&suite, issue);
  // A run without errors has to show a test too, or CI calls the suite empty.
  if (suite.failures == 0 && report.dataset.passed) AddCase(&suite, "validation rules", "");
  return suite;
}

void AddGate(Suite* suite, const gate::Verdict& verdict) {
  const std::string reason = Label(verdict.reason, 400);
  if (verdict.outcome == gate::Outcome::kPass) {
    AddCase(suite, verdict.name, "<system-out>" + reason + "</system-out>");
  } else if (verdict.dry_run || verdict.outcome == gate::Outcome::kInconclusive) {
    ++suite->skipped;
    const char* why = verdict.dry_run ? "dry run: " : "inconclusive: ";
    AddCase(suite, verdict.name, fmt::format(R"(<skipped message="{}{}"/>)", why, reason));
  } else {
    ++suite->failures;
    AddCase(suite, verdict.name,
            fmt::format(R"(<failure type="gate" message="{}">{}</failure>)", reason,
                        Escape(CompactJson(verdict.evidence))));
  }
}

Suite GateSuite(const RunReport& report) {
  Suite suite;
  suite.name = "gates";
  for (const gate::Verdict& verdict : report.gates) AddGate(&suite, verdict);
  return suite;
}

double SecondsOf(const RunReport& report, const std::string& step) {
  const auto it = std::ranges::find(report.timings, step, &std::pair<std::string, double>::first);
  return it == report.timings.end() ? 0 : it->second;
}

std::string Property(const std::string& name, const std::string& value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, Escape(value));
}

std::string SuiteMarkup(const RunReport& report, const Suite& suite) {
  std::string out = fmt::format(
      R"(  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}" timestamp="{}">)"
      "\n    <properties>\n",
      suite.name, suite.tests, suite.failures, suite.skipped, SecondsOf(report, suite.name),
      Escape(report.started_at));
  out += Property("run_id", report.run_id) + Property("environment", report.environment);
  out += Property("model", Reference(report)) + Property("digest", report.digest);
  return out + "    </properties>\n" + suite.cases + "  </testsuite>\n";
}

}  // namespace

std::string RenderJUnit(const RunReport& report) {
  std::vector<Suite> suites = {DataSuite(report)};
  if (!report.gates.empty()) suites.push_back(GateSuite(report));
  int tests = 0;
  int failures = 0;
  int skipped = 0;
  std::string body;
  for (const Suite& suite : suites) {
    tests += suite.tests;
    failures += suite.failures;
    skipped += suite.skipped;
    body += SuiteMarkup(report, suite);
  }
  double seconds = 0;
  for (const auto& [step, spent] : report.timings) seconds += spent;
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      R"(<testsuites name="slipway run {}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}">)"
      "\n{}</testsuites>\n",
      Escape(report.run_id), tests, failures, skipped, seconds, body);
}

}  // namespace slipway::report
