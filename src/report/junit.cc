#include <algorithm>

#include "report/junit_internal.h"
#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

void AddIssue(Suite* suite, const data::Issue& issue) {
  const std::string name = issue.column.empty() ? issue.kind : issue.kind + ": " + issue.column;
  if (issue.severity == data::Severity::kWarning) {
    AddCase(suite, name, "<system-out>warning: " + Escape(IssueText(issue)) + "</system-out>");
    return;
  }
  AddFailure(suite, name, issue.kind, issue.message, IssueText(issue));
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
  if (verdict.outcome == gate::Outcome::kPass) {
    AddCase(suite, verdict.name, "<system-out>" + Label(verdict.reason, 400) + "</system-out>");
  } else if (verdict.dry_run || verdict.outcome == gate::Outcome::kInconclusive) {
    const std::string why = verdict.dry_run ? "dry run: " : "inconclusive: ";
    AddSkipped(suite, verdict.name, why + verdict.reason);
  } else {
    AddFailure(suite, verdict.name, "gate", verdict.reason, CompactJson(verdict.evidence));
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

Properties PropertiesOf(const RunReport& report) {
  return {{"run_id", report.run_id},
          {"environment", report.environment},
          {"model", Reference(report)},
          {"digest", report.digest}};
}

}  // namespace

std::string RenderJUnit(const RunReport& report) {
  std::vector<Suite> suites = {DataSuite(report)};
  if (!report.gates.empty()) suites.push_back(GateSuite(report));
  for (Suite& suite : suites) {
    suite.seconds = SecondsOf(report, suite.name);
    suite.timestamp = report.started_at;
    suite.properties = PropertiesOf(report);
  }
  double seconds = 0;
  for (const auto& [step, spent] : report.timings) seconds += spent;
  return DocumentMarkup("slipway run " + report.run_id, suites, seconds);
}

}  // namespace slipway::report
