// A table's report in Markdown, JSON and JUnit.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/text.h"
#include "report/data_report.h"
#include "report/junit_internal.h"
#include "report/markdown_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostAssociations = 20;
constexpr const char* kRest = "--report FILE.json";

std::string Head(const DataReport& report) {
  const std::string mark = !report.judged ? "" : report.dataset.passed ? "✓ " : "✗ ";
  const std::string verdict = !report.judged ? "" : report.dataset.passed ? " passed" : " failed";
  std::string facts;
  if (!report.source.empty()) facts += Code(report.source, 160);
  if (!report.target.empty()) {
    facts += (facts.empty() ? "" : " · ") + ("target " + Code(report.target));
  }
  return fmt::format("### {}{}{}\n\n{}\n\n", mark, Plain(report.title, 120), verdict,
                     Plain(DataSentence(report), 600)) +
         (facts.empty() ? "" : facts + "\n\n");
}

std::string Issues(const DataReport& report) {
  if (!report.dataset.issues.empty()) return IssueList(report.dataset, kRest);
  return report.judged ? "Every rule holds and nothing was conspicuous.\n\n" : "";
}

std::string Overview(const DataReport& report) {
  const MissingCells missing = CountMissing(report.dataset.profiles);
  std::string rows;
  if (!report.dataset.profiles.empty()) {
    rows += fmt::format("| Missing values | {} |\n| Columns with missing values | {} |\n",
                        FormatShare(missing.share), FormatCount(missing.columns));
  }
  if (report.repeated.rows > 0) {
    rows += "| Repeated rows | " + RepeatedText(report.repeated) + " |\n";
  }
  return rows.empty() ? "" : "| Table | |\n|:--|--:|\n" + rows + "\n";
}

std::string AssociationTable(const DataReport& report) {
  std::vector<const data::ColumnProfile*> columns;
  for (const data::ColumnProfile& profile : report.dataset.profiles) {
    if (!std::isnan(profile.association)) columns.push_back(&profile);
  }
  if (columns.empty()) return "";
  std::ranges::stable_sort(
      columns, [](const auto* a, const auto* b) { return a->association > b->association; });
  std::string rows;
  for (size_t i = 0; i < std::min(kMostAssociations, columns.size()); ++i) {
    rows += fmt::format("| {} | {} |\n", CodeCell(columns[i]->name),
                        FormatShare(columns[i]->association));
  }
  return "| Column | Tells of the target |\n|:--|--:|\n" + rows;
}

// Issues of the same kind in the same column.
struct Finding {
  const data::Issue* first = nullptr;
  bool failed = false;
  std::string text;
};

std::vector<Finding> Findings(const DataReport& report) {
  std::vector<Finding> findings;
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const data::Issue& issue : report.dataset.issues) {
    const auto [place, added] = places.try_emplace({issue.kind, issue.column}, findings.size());
    if (added) findings.push_back({&issue, false, ""});
    Finding& finding = findings[place->second];
    const bool error = issue.severity == data::Severity::kError;
    finding.failed |= error && report.judged;
    if (!finding.text.empty()) finding.text += '\n';
    finding.text += (error ? "error: " : "warning: ") + IssueText(issue);
  }
  return findings;
}

void AddFinding(Suite* suite, const Finding& finding) {
  const data::Issue& issue = *finding.first;
  const std::string name = issue.column.empty() ? issue.kind : issue.kind + ": " + issue.column;
  if (finding.failed) {
    AddFailure(suite, name, issue.kind, issue.message, finding.text);
  } else {
    AddCase(suite, name, "<system-out>" + Escape(finding.text) + "</system-out>");
  }
}

// A table that holds every rule has to show that too, or CI calls the suite empty.
void AddSoundColumns(const DataReport& report, Suite* suite) {
  std::set<std::string> conspicuous;
  for (const data::Issue& issue : report.dataset.issues) conspicuous.insert(issue.column);
  if (!conspicuous.contains("")) AddCase(suite, "whole table", "");
  for (const data::ColumnProfile& column : report.dataset.profiles) {
    if (!conspicuous.contains(column.name)) AddCase(suite, "column: " + column.name, "");
  }
}

}  // namespace

std::string RenderDataMarkdown(const DataReport& report) {
  return FitParts({Head(report), Issues(report), Overview(report),
                   Details("What tells of the target", AssociationTable(report)),
                   Details("Columns", ColumnTable(report.dataset.profiles, kRest))},
                  kRest);
}

Json RenderDataJson(const DataReport& report) {
  Json json = {{"source", report.source}};
  if (report.judged) json.update(data::ToJson(report.dataset));
  json["rows"] = report.dataset.rows;
  if (report.repeated.rows > 0) {
    json["repeated_rows"] = {{"count", report.repeated.repeated},
                             {"sampled_share", report.repeated.sampled_share},
                             {"relative_error", report.repeated.relative_error}};
  }
  if (report.judged) return json;
  json["columns"] = Json::array();
  for (const data::ColumnProfile& profile : report.dataset.profiles) {
    json["columns"].push_back(data::ToJson(profile));
  }
  return json;
}

std::string RenderDataJUnit(const DataReport& report) {
  Suite suite;
  suite.name = "data";
  suite.timestamp = report.made_at;
  suite.properties = {{"source", report.source},
                      {"rows", std::to_string(report.dataset.rows)},
                      {"columns", std::to_string(report.dataset.columns)}};
  for (const Finding& finding : Findings(report)) AddFinding(&suite, finding);
  AddSoundColumns(report, &suite);
  return DocumentMarkup("slipway data " + report.title, {suite}, 0);
}

}  // namespace slipway::report
