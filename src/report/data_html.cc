#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/data_report.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostCards = 500;
constexpr size_t kMostBars = 10;
constexpr const char* kRest = "the JSON report";

std::string Facts(const DataReport& report) {
  std::string facts = Fact("Rows", FormatCount(report.dataset.rows)) +
                      Fact("Columns", FormatCount(report.dataset.columns));
  if (!report.source.empty()) facts += Fact("Source", Shorten(CleanText(report.source), 160));
  if (!report.target.empty()) facts += Fact("Target", Shorten(CleanText(report.target), 60));
  if (!report.made_at.empty()) facts += Fact("Made", ReadableTime(report.made_at));
  return facts;
}

std::string Top(const DataReport& report) {
  PageTop top = {.eyebrow = "Slipway data report",
                 .title = report.title,
                 .kind = "",
                 .verdict = "",
                 .lede = DataSentence(report),
                 .facts = Facts(report)};
  if (report.judged) {
    top.kind = report.dataset.passed ? "pass" : "fail";
    top.verdict = report.dataset.passed ? "Passed" : "Failed";
  }
  return TopMarkup(top);
}

std::string IssuesBody(const DataReport& report) {
  if (report.dataset.issues.empty() && !report.judged) return "";
  return IssueTable(report.dataset, kRest);
}

std::string TypeStack(const std::vector<data::ColumnProfile>& profiles) {
  const std::vector<int64_t> counts = CountTypes(profiles);
  const auto total = static_cast<int64_t>(profiles.size());
  std::string legend;
  for (const data::ColumnType type :
       {data::ColumnType::kNumeric, data::ColumnType::kCategory, data::ColumnType::kTimestamp}) {
    const auto index = static_cast<int>(type);
    const int64_t count = counts[static_cast<size_t>(index)];
    if (count > 0) legend += StackLegend(index, data::ToString(type), count, total);
  }
  return StackSvg(counts, "Columns of each type") + "<ul class=\"legend\">" + legend + "</ul>\n";
}

std::string CellFacts(const DataReport& report) {
  const MissingCells missing = CountMissing(report.dataset.profiles);
  std::string facts = Fact("Missing values", FormatShare(missing.share)) +
                      Fact("Columns with missing values",
                           fmt::format("{} of {}", FormatCount(missing.columns),
                                       FormatCount(std::ssize(report.dataset.profiles))));
  if (report.repeated.rows > 0) facts += Fact("Repeated rows", RepeatedText(report.repeated));
  return "<dl class=\"facts\">" + facts + "</dl>\n";
}

// The columns with the most of `share`, largest first; those of 0 and NaN are left out.
template <typename Share>
std::string LargestShares(const std::vector<data::ColumnProfile>& profiles, const char* title,
                          const Share& share) {
  std::vector<const data::ColumnProfile*> columns;
  for (const data::ColumnProfile& profile : profiles) {
    if (share(profile) > 0) columns.push_back(&profile);
  }
  if (columns.empty()) return "";
  std::ranges::stable_sort(columns,
                           [&](const auto* a, const auto* b) { return share(*a) > share(*b); });
  std::string lines;
  for (size_t i = 0; i < std::min(kMostBars, columns.size()); ++i) {
    lines += BarLine(Label(columns[i]->name, 48), BarSvg(share(*columns[i])),
                     FormatShare(share(*columns[i]))) +
             "\n";
  }
  return fmt::format("<div><h3>{}</h3>\n<ul class=\"bars\">\n{}</ul></div>\n", title, lines);
}

std::string OverviewBody(const DataReport& report) {
  const std::vector<data::ColumnProfile>& profiles = report.dataset.profiles;
  if (profiles.empty()) return "";
  const std::string bars =
      LargestShares(profiles, "Most is missing in", MissingShare) +
      LargestShares(profiles, "Most of the target is told by",
                    [](const data::ColumnProfile& column) { return column.association; });
  return TypeStack(profiles) + CellFacts(report) +
         (bars.empty() ? "" : "<div class=\"figures\">\n" + bars + "</div>\n");
}

}  // namespace

std::string RenderDataHtml(const DataReport& report) {
  Page page;
  page.title = Label(report.title);
  if (report.judged) page.title += report.dataset.passed ? " · passed" : " · failed";
  page.top = Top(report);
  page.sections = {{"data", "Issues", IssuesBody(report)},
                   {"overview", "Overview", OverviewBody(report)},
                   {"columns", "Columns",
                    ColumnsBody(report.dataset.profiles, {.rows = "Of all rows.",
                                                          .target = report.target,
                                                          .most_cards = kMostCards,
                                                          .rest = kRest})}};
  page.footer = FooterText(report.slipway_version, report.made_at);
  return PageMarkup(page);
}

}  // namespace slipway::report
