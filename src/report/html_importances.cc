// What the page says of single features: what the model made of them, what it loses without them,
// and which were left out.
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

constexpr size_t kMostFeatures = 20;
constexpr size_t kMostDropped = 50;

// docs/models.md has the formulas.
const char* ImportanceMeaning(const std::string& algorithm) {
  if (algorithm == "random_forest") return "Share of the mean decrease in impurity";
  if (algorithm == "gradient_boosting") return "Share of what splits gained";
  return "Share of weights times what their columns vary";
}

// What preprocessing left out before the model saw it.
std::string LeftOut(const RunReport& report) {
  std::string out;
  if (!report.dropped.empty()) {
    std::string rows;
    for (size_t i = 0; i < std::min(kMostDropped, report.dropped.size()); ++i) {
      rows += fmt::format(R"(<tr><th scope="row">{}</th><td>{}</td></tr>)"
                          "\n",
                          Label(report.dropped[i].name, 48),
                          Escape(Shorten(CleanText(report.dropped[i].reason), 120)));
    }
    out += "<h3>Left out by feature selection</h3>\n" +
           TableMarkup("Features left out",
                       R"(<th scope="col">Feature</th><th scope="col">Why</th>)", rows);
    if (report.dropped.size() > kMostDropped) {
      out += fmt::format("<p class=\"soft\">{} more in report.json.</p>\n",
                         report.dropped.size() - kMostDropped);
    }
  }
  if (report.outlier_rows > 0) {
    out += fmt::format("<p class=\"soft\">{} with outliers left out of training.</p>\n",
                       Plural(report.outlier_rows, "training row", "training rows"));
  }
  return out;
}

// Shares of the fit, one bar a feature.
std::string FittedImportances(const RunReport& report) {
  if (report.importances.empty()) return "";
  const double most = std::max(report.importances.front().importance, 1e-12);
  const size_t shown = std::min(kMostFeatures, report.importances.size());
  std::string rows;
  double rest = 0;
  for (size_t i = 0; i < report.importances.size(); ++i) {
    const train::FeatureImportance& feature = report.importances[i];
    if (i >= shown) {
      rest += feature.importance;
      continue;
    }
    rows += fmt::format(R"(<li><span class="name">{}</span>{}<span class="num">{}</span></li>)"
                        "\n",
                        Label(feature.feature, 48), BarSvg(feature.importance / most),
                        FormatShare(feature.importance));
  }
  std::string out = "<ul class=\"bars\">\n" + rows + "</ul>\n";
  if (report.importances.size() > shown) {
    out += fmt::format("<p class=\"soft\">{} together: {}.</p>\n",
                       Plural(static_cast<int64_t>(report.importances.size() - shown),
                              "other feature", "other features"),
                       FormatShare(rest));
  }
  return out + fmt::format(
                   "<p class=\"soft\">{}; a category’s columns are summed, and so are a "
                   "time’s.</p>\n",
                   ImportanceMeaning(report.algorithm));
}

// What the metric falls by when a feature is shuffled, one bar with its spread a feature.
std::string PermutedImportances(const RunReport& report) {
  const train::PermutationReport& permutation = report.permutation;
  if (permutation.features.empty()) return "";
  double most = 1e-12;
  for (const train::PermutationImportance& one : permutation.features) {
    if (std::isfinite(one.mean)) most = std::max(most, one.mean + one.deviation);
  }
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, permutation.features.size()); ++i) {
    const train::PermutationImportance& one = permutation.features[i];
    rows += BarLine(Label(one.feature, 48), SpreadBarSvg(one.mean / most, one.deviation / most),
                    FormatMetric(one.mean) + " ± " + FormatMetric(one.deviation)) +
            "\n";
  }
  std::string out =
      "<h3>By shuffling</h3>\n<ul class=\"bars\">\n" + rows + "</ul>\n" +
      MoreIn(permutation.features.size() - std::min(kMostFeatures, permutation.features.size()),
             "report.json");
  return out + fmt::format(
                   "<p class=\"soft\">How much {} is {} than {} on {} when a feature’s values are "
                   "shuffled, {}; the line is one standard deviation.</p>\n",
                   Escape(MetricTitle(permutation.metric)),
                   train::LowerIsBetter(permutation.metric) ? "greater" : "lower",
                   FormatMetric(permutation.whole),
                   Plural(permutation.rows, "test row", "test rows"),
                   Plural(permutation.repeats, "time", "times"));
}

}  // namespace

std::string ImportancesBody(const RunReport& report) {
  return FittedImportances(report) + PermutedImportances(report) + LeftOut(report);
}

}  // namespace slipway::report
