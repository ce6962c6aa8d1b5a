// What the page says of a table as a whole: its issues, and the split.
#include <fmt/format.h>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostIssues = 100;
constexpr size_t kMostIssueBytes = 250'000;
constexpr size_t kMostCards = 60;
constexpr const char* kRest = "report.json";

std::string ExampleList(const data::Issue& issue) {
  if (issue.examples.empty()) return "";
  std::string out = "<p class=\"examples\">";
  for (const data::Example& example : issue.examples) {
    const std::string value =
        example.missing ? "<em>missing</em>" : "<code>" + Label(example.value, 40) + "</code>";
    out += fmt::format("<span>row {} {}</span> ", FormatCount(example.row), value);
  }
  const auto shown = static_cast<int64_t>(issue.examples.size());
  if (issue.count > shown)
    out += fmt::format("<span>and {} more</span>", FormatCount(issue.count - shown));
  return out + "</p>";
}

std::string IssueRow(const data::Issue& issue) {
  const bool error = issue.severity == data::Severity::kError;
  return fmt::format(
      R"(<tr><td>{}</td><th scope="row">{}</th><td class="reason">{}{}</td></tr>)"
      "\n",
      Badge(error ? "fail" : "warn", error ? "Error" : "Warning"),
      issue.column.empty() ? "<span class=\"soft\">whole table</span>" : Breakable(issue.column),
      Label(issue.message, 400), ExampleList(issue));
}

}  // namespace

std::string IssueTable(const data::DatasetReport& dataset, std::string_view rest) {
  if (dataset.issues.empty()) return "<p>Every rule holds and nothing was conspicuous.</p>\n";
  const Fitted rows = FitItems(dataset.issues, 0, kMostIssues, kMostIssueBytes, IssueRow);
  return TableMarkup(
             "Data issues",
             R"(<th scope="col">Severity</th><th scope="col">Column</th><th scope="col">What was found</th>)",
             rows.markup) +
         MoreIn(dataset.issues.size() - rows.shown, rest);
}

std::string RunIssues(const RunReport& report) {
  const data::DatasetReport& data = report.dataset;
  std::string facts = Fact("Rows", FormatCount(data.rows)) +
                      Fact("Columns", FormatCount(data.columns)) +
                      Fact("Found", IssueSummary(data));
  if (!report.target.empty()) facts += Fact("Target", Shorten(CleanText(report.target), 60));
  if (!report.source_path.empty())
    facts += Fact("Source", Shorten(CleanText(report.source_path), 160));
  return "<dl class=\"facts\">" + facts + "</dl>\n" + IssueTable(data, kRest);
}

std::string SplitBody(const RunReport& report) {
  const int64_t total = report.train_rows + report.validation_rows + report.test_rows;
  if (total == 0) return "";
  std::string out =
      StackSvg({report.train_rows, report.validation_rows, report.test_rows}, "Rows of each part");
  out += "<ul class=\"legend\">" + StackLegend(0, "training", report.train_rows, total);
  out += StackLegend(1, "validation", report.validation_rows, total) +
         StackLegend(2, "test", report.test_rows, total);
  return out + "</ul>\n";
}

std::string RunColumns(const RunReport& report) {
  return ColumnsBody(report.dataset.profiles,
                     {.rows = report.train_rows > 0 ? "Of the training part." : "Of all rows.",
                      .target = report.target,
                      .most_cards = kMostCards,
                      .rest = kRest});
}

}  // namespace slipway::report
