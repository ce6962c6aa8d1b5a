// What the page says of parts of the test rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostSlices = 60;

std::string SliceRow(const train::Slice& slice, const std::vector<std::string>& metrics,
                     const std::string& compared) {
  std::string row = fmt::format(R"(<tr><th scope="row">{}</th><td class="num">{}</td>)",
                                Label(train::NameOf(slice), 120), FormatCount(slice.rows));
  for (const std::string& metric : metrics) {
    const auto value = slice.metrics.find(metric);
    row += fmt::format(R"(<td class="num">{}</td>)",
                       value == slice.metrics.end() ? "–" : FormatMetric(value->second));
  }
  const auto interval = slice.intervals.find(compared);
  row += fmt::format(R"(<td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)"
                     "\n",
                     interval == slice.intervals.end()
                         ? "–"
                         : FormatInterval(interval->second.first, interval->second.second),
                     FormatDifference(slice.difference), FormatChance(slice.q_value));
  return row;
}

std::string SliceTable(const RunReport& report, const std::string& name,
                       const std::vector<train::Slice>& slices) {
  const std::vector<std::string> metrics = SliceMetrics(report);
  const std::string compared = MetricTitle(report.slices.metric);
  std::string head = R"(<th scope="col">Slice</th><th scope="col" class="num">Test rows</th>)";
  for (const std::string& metric : metrics)
    head += fmt::format(R"(<th scope="col" class="num">{}</th>)", Escape(MetricTitle(metric)));
  head += fmt::format(
      R"(<th scope="col" class="num">95 % of {0}</th><th scope="col" class="num">{0} against all</th><th scope="col" class="num">q</th>)",
      Escape(compared));
  std::string rows;
  for (size_t i = 0; i < std::min(kMostSlices, slices.size()); ++i)
    rows += SliceRow(slices[i], metrics, report.slices.metric);
  return TableMarkup(name, head, rows) +
         MoreIn(slices.size() - std::min(kMostSlices, slices.size()), "report.json");
}

}  // namespace

std::string SlicesBody(const RunReport& report) {
  const train::SliceReport& slices = report.slices;
  if (slices.metric.empty()) return "";
  std::string out;
  if (!slices.named.empty()) {
    out += SliceTable(report, "Slices", slices.named) +
           fmt::format("<p class=\"soft\">{}</p>\n", Escape(NamedSlicesNote(report)));
  }
  if (slices.looked_at == 0) return out;
  out += "<h3>Worst slices found</h3>\n";
  if (!slices.found.empty()) out += SliceTable(report, "Worst slices found", slices.found);
  return out + fmt::format("<p class=\"soft\">{}</p>\n", Escape(FoundSlicesNote(report)));
}

}  // namespace slipway::report
