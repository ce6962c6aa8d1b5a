// What an experiment's looks found of each of its versions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/rollout_story_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr std::string_view kGoal = " goal";
constexpr double kPercent = 100;

double ScaleOf(const deploy::GoalResult& result) {
  return result.kind == deploy::GoalKind::kError ? 1 : kPercent;
}

GoalSeries& SeriesOf(const std::string& version, std::vector<GoalSeries>* all) {
  const auto found = std::ranges::find(*all, version, &GoalSeries::version);
  if (found != all->end()) return *found;
  all->push_back({.version = version});
  return all->back();
}

std::string Signed(double value) { return fmt::format("{:+.3g}", value); }

std::string GoalSvg(const GoalSeries& series, size_t checks) {
  const double scale = ScaleOf(series.last);
  const double lower = series.lower.back().second;
  const double upper = series.upper.back().second;
  LinesPlot plot = PlotByCheck(
      checks, "Improvement by check: " + series.version,
      fmt::format("{} at the last of {}, between {} and {}; above the line at {:g} it is better.",
                  Signed(series.improvement.back().second),
                  Plural(static_cast<int64_t>(series.improvement.size()), "look", "looks"),
                  Signed(lower), Signed(upper), scale * series.min_effect));
  plot.y_title = scale == 1 ? "Error less by" : "Points better";
  // The first intervals are as wide as can be: the last one is what the picture is about.
  const double around = std::max(upper - lower, 1e-9) / 2;
  plot.limit = scale * series.min_effect;
  plot.y_low = std::min(plot.limit, lower) - around;
  plot.y_high = std::max(plot.limit, upper) + around;
  plot.y_ticks = {{plot.y_low, Signed(plot.y_low)},
                  {plot.limit, fmt::format("{:g}", plot.limit)},
                  {plot.y_high, Signed(plot.y_high)}};
  plot.lines = {{.series = 1, .dashed = true, .points = series.lower},
                {.series = 1, .dashed = true, .points = series.upper},
                {.series = 1, .points = series.improvement}};
  return LinesSvg(plot);
}

std::string GoalRow(const GoalSeries& series) {
  const deploy::GoalResult& result = series.last;
  const bool share = result.kind != deploy::GoalKind::kError;
  const auto value = [&](double number) {
    return share ? FormatShare(number) : fmt::format("{:.4g}", number);
  };
  const bool better = result.verdict == deploy::GoalVerdict::kBetter;
  const char* const kind = better                                              ? "pass"
                           : result.verdict == deploy::GoalVerdict::kNotBetter ? "warn"
                                                                               : "quiet";
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="reason">{}</td><td>{}</td></tr>)"
      "\n",
      Label(series.version, 40), value(result.value), FormatCount(result.labels),
      value(result.stable_value), FormatCount(result.stable_labels), Label(result.InWords(), 300),
      Badge(kind, deploy::ToString(result.verdict)));
}

}  // namespace

std::vector<GoalSeries> GoalsOf(const RolloutStory& story) {
  std::vector<GoalSeries> all;
  for (size_t i = 0; i < story.checks.size(); ++i) {
    for (const deploy::Finding& finding : story.checks[i].check.findings) {
      if (!finding.metric.ends_with(kGoal)) continue;
      const auto result = deploy::GoalResultFromJson(finding.evidence);
      if (!result.ok()) continue;
      GoalSeries& series =
          SeriesOf(finding.metric.substr(0, finding.metric.size() - kGoal.size()), &all);
      series.last = *result;
      const auto& interval = result->interval;
      if (!std::isfinite(interval.lower) || !std::isfinite(interval.upper)) continue;
      const auto number = static_cast<double>(i + 1);
      const double scale = ScaleOf(*result);
      series.improvement.emplace_back(number, scale * result->improvement);
      series.lower.emplace_back(number, scale * interval.lower);
      series.upper.emplace_back(number, scale * interval.upper);
    }
  }
  if (story.settings) {
    for (GoalSeries& series : all) series.min_effect = story.settings->experiment.min_effect;
  }
  return all;
}

std::string ExperimentBody(const RolloutStory& story) {
  std::string figures, rows;
  for (const GoalSeries& series : GoalsOf(story)) {
    rows += GoalRow(series);
    if (series.improvement.empty()) continue;
    figures += fmt::format("<figure><h3>{}</h3>{}<figcaption>{}</figcaption></figure>\n",
                           Label(series.version, 40), GoalSvg(series, story.checks.size()),
                           "Improvement on the stable version, and dashed its interval.");
  }
  if (rows.empty()) return "";
  if (!figures.empty()) figures = "<div class=\"figures\">\n" + figures + "</div>\n";
  return figures +
         TableMarkup(
             "Versions",
             R"(<th scope="col">Version</th><th scope="col" class="num">Value</th><th scope="col" class="num">Labels</th>)"
             R"(<th scope="col" class="num">Stable</th><th scope="col" class="num">Labels</th><th scope="col">Beside it</th><th scope="col">Verdict</th>)",
             rows) +
         "<p class=\"soft\">The interval holds at all looks at once. A version is better once all "
         "of it lies above the line.</p>\n";
}

}  // namespace slipway::report
