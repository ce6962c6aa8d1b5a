// What the page says of the data: issues, the split, and each column's distribution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostIssues = 100;
constexpr size_t kMostCards = 60;
constexpr size_t kMostRows = 2000;
constexpr size_t kTopCategories = 5;
constexpr size_t kMedian = 4;  // In ColumnProfile::quantiles.

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

double MissingShare(const data::ColumnProfile& column) {
  return column.count > 0 ? static_cast<double>(column.missing) / static_cast<double>(column.count)
                          : 0;
}

std::string MissingText(const data::ColumnProfile& column) {
  return column.missing == 0 ? "none missing" : FormatShare(MissingShare(column)) + " missing";
}

std::string SmallFact(const std::string& term, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, Escape(value));
}

std::string NumberCard(const data::ColumnProfile& column) {
  std::string out;
  if (!column.histogram.counts.empty()) {
    const std::string low = FormatIn(column, column.histogram.low);
    const std::string high = FormatIn(column, column.histogram.high);
    out += HistogramSvg(
        column.histogram.counts, 0, "Distribution of " + Shorten(CleanText(column.name), 60),
        fmt::format("From {} to {}; {} at most in a bin.", low, high,
                    FormatCount(*std::ranges::max_element(column.histogram.counts))));
    out += fmt::format("<p class=\"ends\"><span>{}</span><span>{}</span></p>", low, high);
  }
  if (column.count == column.missing) return out;
  std::string facts;
  if (column.quantiles.size() > kMedian)
    facts += SmallFact("median", FormatIn(column, column.quantiles[kMedian]));
  if (column.type == data::ColumnType::kNumeric) {
    const auto present = static_cast<double>(column.count - column.missing);
    facts += SmallFact("mean", FormatNumber(column.mean, false));
    facts += SmallFact("sd", FormatNumber(std::sqrt(column.m2 / present), false));
  }
  return out + "<dl class=\"small\">" + facts +
         SmallFact("distinct", FormatCount(column.distinct)) + "</dl>";
}

std::string CategoryCard(const data::ColumnProfile& column) {
  const int64_t present = column.count - column.missing;
  std::string rows;
  for (size_t i = 0; i < std::min(kTopCategories, column.top.size()); ++i) {
    const data::CategoryCount& top = column.top[i];
    const double share =
        present > 0 ? static_cast<double>(top.count) / static_cast<double>(present) : 0;
    rows += fmt::format(R"(<li><span class="name">{}</span>{}<span class="num">{}</span></li>)",
                        top.value.empty() ? "<em>empty</em>" : Label(top.value, 40), BarSvg(share),
                        FormatShare(share));
  }
  std::string out = "<ul class=\"tops\">" + rows + "</ul>";
  const int64_t others =
      column.distinct - static_cast<int64_t>(std::min(kTopCategories, column.top.size()));
  if (others > 0)
    out +=
        fmt::format("<p class=\"soft\">and {}</p>", Plural(others, "other value", "other values"));
  return out;
}

std::string ColumnCard(const data::ColumnProfile& column, bool is_target) {
  const std::string body =
      column.type == data::ColumnType::kCategory ? CategoryCard(column) : NumberCard(column);
  const std::string tag = is_target ? " " + Badge("quiet", "target") : "";
  return fmt::format(
      R"(<article><h3 title="{}">{}</h3><p class="kind">{}{} · <span class="{}">{}</span></p>{}</article>)"
      "\n",
      Label(column.name, 200), Label(column.name, 48), data::ToString(column.type), tag,
      column.missing > 0 ? "lacks" : "soft", MissingText(column), body);
}

std::string ColumnRow(const data::ColumnProfile& column) {
  std::string middle = "–";
  std::string range = "–";
  if (column.type == data::ColumnType::kCategory) {
    if (!column.top.empty()) middle = Label(column.top[0].value, 30);
  } else if (column.count > column.missing) {
    range = Escape(FormatIn(column, column.min) + " – " + FormatIn(column, column.max));
    if (column.quantiles.size() > kMedian)
      middle = Escape(FormatIn(column, column.quantiles[kMedian]));
  }
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td>{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)"
      "\n",
      Label(column.name, 60), data::ToString(column.type), FormatShare(MissingShare(column)),
      FormatCount(column.distinct), middle, range);
}

std::string OtherColumns(const std::vector<data::ColumnProfile>& profiles) {
  if (profiles.size() <= kMostCards) return "";
  const size_t end = std::min(profiles.size(), kMostCards + kMostRows);
  std::string rows;
  for (size_t i = kMostCards; i < end; ++i) rows += ColumnRow(profiles[i]);
  std::string out =
      fmt::format("<h3>The other {}</h3>\n",
                  Plural(static_cast<int64_t>(profiles.size() - kMostCards), "column", "columns"));
  out += TableMarkup(
      "Other columns",
      R"(<th scope="col">Column</th><th scope="col">Type</th><th scope="col" class="num">Missing</th>)"
      R"(<th scope="col" class="num">Distinct</th><th scope="col" class="num">Median or most frequent</th>)"
      R"(<th scope="col" class="num">Range</th>)",
      rows);
  if (end < profiles.size()) {
    out += fmt::format("<p class=\"soft\">{} more in report.json.</p>",
                       FormatCount(static_cast<int64_t>(profiles.size() - end)));
  }
  return out;
}

std::string Part(int index, const char* name, int64_t rows, int64_t total) {
  const double share = total > 0 ? static_cast<double>(rows) / static_cast<double>(total) : 0;
  return fmt::format(R"(<li><i class="key p{}"></i>{} <b>{}</b> {}</li>)", index, name,
                     FormatCount(rows), FormatShare(share));
}

}  // namespace

std::string IssuesBody(const RunReport& report) {
  const data::DatasetReport& data = report.dataset;
  std::string facts = Fact("Rows", FormatCount(data.rows)) +
                      Fact("Columns", FormatCount(data.columns)) +
                      Fact("Found", IssueSummary(data));
  if (!report.target.empty()) facts += Fact("Target", Shorten(CleanText(report.target), 60));
  if (!report.source_path.empty())
    facts += Fact("Source", Shorten(CleanText(report.source_path), 160));
  std::string out = "<dl class=\"facts\">" + facts + "</dl>\n";
  if (data.issues.empty()) return out + "<p>Every rule holds and nothing was conspicuous.</p>\n";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostIssues, data.issues.size()); ++i)
    rows += IssueRow(data.issues[i]);
  out += TableMarkup(
      "Data issues",
      R"(<th scope="col">Severity</th><th scope="col">Column</th><th scope="col">What was found</th>)",
      rows);
  if (data.issues.size() > kMostIssues) {
    out += fmt::format("<p class=\"soft\">{} more in report.json.</p>\n",
                       FormatCount(static_cast<int64_t>(data.issues.size() - kMostIssues)));
  }
  return out;
}

std::string SplitBody(const RunReport& report) {
  const int64_t total = report.train_rows + report.validation_rows + report.test_rows;
  if (total == 0) return "";
  std::string out =
      StackSvg({report.train_rows, report.validation_rows, report.test_rows}, "Rows of each part");
  out += "<ul class=\"legend\">" + Part(0, "training", report.train_rows, total);
  out += Part(1, "validation", report.validation_rows, total) +
         Part(2, "test", report.test_rows, total);
  return out + "</ul>\n";
}

std::string ColumnsBody(const RunReport& report) {
  const std::vector<data::ColumnProfile>& profiles = report.dataset.profiles;
  if (profiles.empty()) return "";
  std::string out = fmt::format("<p class=\"soft\">{}</p>\n<div class=\"cards\">\n",
                                report.train_rows > 0 ? "Of the training part." : "Of all rows.");
  for (size_t i = 0; i < std::min(kMostCards, profiles.size()); ++i) {
    out += ColumnCard(profiles[i], profiles[i].name == report.target);
  }
  return out + "</div>\n" + OtherColumns(profiles);
}

}  // namespace slipway::report
