// The end of the page: how long it took and what the model came from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostLineage = 200;

std::string CodeRow(const std::string& term, const std::string& value) {
  return fmt::format(R"(<tr><th scope="row">{}</th><td><code>{}</code></td></tr>)"
                     "\n",
                     Label(term, 80), Label(value, 200));
}

std::string HyperparameterTable(const RunReport& report) {
  const auto parameters = Flatten(report.hyperparameters);
  if (parameters.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostLineage, parameters.size()); ++i) {
    rows += CodeRow(parameters[i].first, parameters[i].second);
  }
  return "<h3>Hyper-parameters</h3>" +
         TableMarkup("Hyper-parameters", R"(<th scope="col">Name</th><th scope="col">Value</th>)",
                     rows);
}

}  // namespace

std::string TimingsBody(const RunReport& report) {
  if (report.timings.empty()) return "";
  double total = 0;
  double longest = 0;
  for (const auto& [step, seconds] : report.timings) {
    if (!std::isfinite(seconds)) continue;
    total += seconds;
    longest = std::max(longest, seconds);
  }
  std::string rows;
  for (const auto& [step, seconds] : report.timings) {
    const bool cached = std::ranges::find(report.cached, step) != report.cached.end();
    rows += fmt::format(R"(<li><span class="name">{}{}</span>{}<span class="num">{}</span></li>)"
                        "\n",
                        Label(step, 40), cached ? " " + Badge("quiet", "cached") : "",
                        BarSvg(longest > 0 ? seconds / longest : 0), FormatStepSeconds(seconds));
  }
  return fmt::format("<ul class=\"bars\">\n{}</ul>\n<p class=\"soft\">{} in all.</p>\n", rows,
                     FormatStepSeconds(total));
}

std::string LineageBody(const RunReport& report) {
  std::string rows;
  const auto lineage = LineageRows(report);
  for (size_t i = 0; i < std::min(kMostLineage, lineage.size()); ++i) {
    rows += CodeRow(lineage[i].first, lineage[i].second);
  }
  std::string out;
  if (!rows.empty()) {
    out = TableMarkup("Lineage", R"(<th scope="col">What</th><th scope="col">Digest or value</th>)",
                      rows);
  }
  return out + HyperparameterTable(report);
}

}  // namespace slipway::report
