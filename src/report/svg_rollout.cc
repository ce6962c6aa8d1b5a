// The pictures of a rollout: its share of the traffic by time, and what the checks saw.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/text.h"
#include "report/rollout_story_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// Heights inside the picture of shares, of its height: the plot, the lanes of signs.
constexpr double kPlotTop = 0.14;
constexpr double kPlotBottom = 0.80;
constexpr double kVerbLane = 0.05;
constexpr double kCheckLane = 0.93;
constexpr double kAll = 100;
// More signs than that lie over each other.
constexpr size_t kMostSigns = 300;
constexpr size_t kMostPoints = 300;

struct Period {
  double begin, end;
  double Share(int64_t at_ms) const { return Position(static_cast<double>(at_ms), begin, end); }
};

double Height(double weight) { return kPlotBottom - (kPlotBottom - kPlotTop) * weight / kAll; }

const char* SignPath(std::string_view kind) {
  if (kind == "pass") return "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z";
  if (kind == "fail") return "M-4 -4L4 4M-4 4L4 -4";
  if (kind == "warn") return "M0 -5L5 0L0 5L-5 0z";
  if (kind == "verb") return "M-4 -4H4L0 4z";
  return "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z";
}

std::string PlacedSign(const char* kind, double share, double height, const std::string& told) {
  return fmt::format(R"(<svg class="sign {}" x="{}" y="{}"><title>{}</title><path d="{}"/></svg>)",
                     kind, Percent(share), Percent(height), Label(told, 200), SignPath(kind));
}

std::string Steps(const RolloutStory& story, const Period& period) {
  std::string areas, lines;
  for (size_t i = 0; i < story.shares.size(); ++i) {
    const double from = std::clamp(period.Share(story.shares[i].at_ms), 0.0, 1.0);
    const bool last = i + 1 == story.shares.size();
    const double to = last ? 1 : std::clamp(period.Share(story.shares[i + 1].at_ms), 0.0, 1.0);
    const double top = Height(story.shares[i].weight);
    areas +=
        fmt::format(R"(<rect class="band" x="{}" y="{}" width="{}" height="{}"/>)", Percent(from),
                    Percent(top), Percent(to - from), Percent(kPlotBottom - top));
    lines += fmt::format(R"(<line class="step" x1="{}" x2="{}" y1="{}" y2="{}"/>)", Percent(from),
                         Percent(to), Percent(top), Percent(top));
    if (last) break;
    lines += fmt::format(R"(<line class="step" x1="{}" x2="{}" y1="{}" y2="{}"/>)", Percent(to),
                         Percent(to), Percent(top), Percent(Height(story.shares[i + 1].weight)));
  }
  return areas + lines;
}

std::string CheckSigns(const RolloutStory& story, const Period& period) {
  const size_t each = story.checks.size() / kMostSigns + 1;
  std::string signs;
  size_t drawn = 0;
  for (size_t i = 0; i < story.checks.size(); ++i) {
    const deploy::Check& check = story.checks[i].check;
    const bool shown = i % each == 0 || check.verdict == deploy::CheckVerdict::kFail;
    if (!shown || drawn > 2 * kMostSigns) continue;
    ++drawn;
    signs += PlacedSign(KindOfCheck(check), period.Share(check.at_ms), kCheckLane,
                        fmt::format("{} check: {}{}{}", TimeOfDay(check.at_ms), CheckWords(check),
                                    check.Reason().empty() ? "" : " · ", check.Reason()));
  }
  return signs;
}

std::string VerbSigns(const RolloutStory& story, const Period& period) {
  std::string signs;
  size_t drawn = 0;
  for (const deploy::RolloutEvent& event : story.decisions) {
    const int64_t at = EventMs(event);
    if (event.kind != "verb" || at > story.end_ms || ++drawn > kMostSigns) continue;
    signs += PlacedSign("verb", period.Share(at), kVerbLane, TimeOfDay(at) + " " + event.text);
  }
  return signs;
}

// So many of the points as a picture can show; the last one is always there.
CheckPoints Thinned(const CheckPoints& points) {
  const size_t each = points.size() / kMostPoints + 1;
  CheckPoints thin;
  for (size_t i = 0; i < points.size(); ++i)
    if (i % each == 0 || i + 1 == points.size()) thin.push_back(points[i]);
  return thin;
}

double Largest(const CheckPoints& points, double least) {
  for (const auto& [number, value] : points) least = std::max(least, value);
  return least;
}

// The next of 1, 2, 2.5, 5 and 10 times a power of ten.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= value) return factor * power;
  return 10 * power;
}

// From 0 to a round figure above the largest. In the middle the axis has its name.
void SetHeight(double largest, bool is_share, LinesPlot* plot) {
  plot->y_low = 0;
  plot->y_high = largest > 0 ? RoundUp(largest) : 1;
  const std::string top =
      is_share ? fmt::format("{:.3g} %", kAll * plot->y_high) : fmt::format("{:.4g}", plot->y_high);
  plot->y_ticks = {{0, "0"}, {plot->y_high / 2, ""}, {plot->y_high, top}};
}

std::string LastText(const CheckPoints& points, bool is_share) {
  if (points.empty()) return "none";
  const double last = points.back().second;
  return is_share ? fmt::format("{:.2f} %", kAll * last) : fmt::format("{:.4g}", last);
}

}  // namespace

LinesPlot PlotByCheck(size_t checks, std::string title, std::string told) {
  LinesPlot plot;
  plot.title = std::move(title);
  plot.told = std::move(told);
  plot.x_title = "Check";
  const size_t last = std::max<size_t>(checks, 1);
  plot.x_low = last == 1 ? 0 : 1;
  plot.x_high = static_cast<double>(last);
  std::vector<size_t> numbers = {1, (last + 1) / 2, last};
  numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  for (const size_t number : numbers)
    plot.x_ticks.emplace_back(static_cast<double>(number), std::to_string(number));
  return plot;
}

std::string SignSvg(const std::string& kind) {
  return fmt::format(
      R"(<svg class="sign {}" viewBox="-6 -6 12 12" aria-hidden="true"><path d="{}"/></svg>)", kind,
      SignPath(kind));
}

std::string ShareSvg(const RolloutStory& story) {
  const Period period = {static_cast<double>(story.begin_ms), static_cast<double>(story.end_ms)};
  std::string grid;
  for (const double weight : {0.0, kAll / 2, kAll}) {
    grid += fmt::format(R"(<line class="grid" x1="0%" x2="100%" y1="{0}" y2="{0}"/>)",
                        Percent(Height(weight)));
  }
  return R"(<svg class="share" role="img">)" +
         Described("Share of the traffic by time",
                   SharesText(story) + ". " + CountsText(story.counts) + ".") +
         grid + Steps(story, period) + CheckSigns(story, period) + VerbSigns(story, period) +
         "</svg>";
}

std::string EvidenceSvg(const EvidenceSeries& series, size_t checks) {
  // Far below and above, one e-value is as good as another.
  constexpr double kLowest = -3;
  constexpr double kHighest = 2.5;  // Times the threshold.
  double least = 0;
  for (const auto& [number, value] : series.points) least = std::min(least, value);
  LinesPlot plot = PlotByCheck(
      checks, "Evidence by check: " + series.metric,
      fmt::format("log10 of the e-value: {:.2f} at the last of {}; {} {:.2f}, at which it is harm.",
                  series.points.back().second,
                  Plural(static_cast<int64_t>(series.points.size()), "check", "checks"),
                  series.rejects ? "it has reached" : "it has not reached", series.threshold));
  plot.y_title = "log₁₀ e";
  plot.y_low = std::max(least, kLowest) - 0.25;
  plot.y_high =
      std::clamp(Largest(series.points, 0), 1.25 * series.threshold, kHighest * series.threshold);
  plot.y_ticks = {{0, "0"}, {series.threshold, fmt::format("{:.2f}", series.threshold)}};
  if (plot.y_low < -1) plot.y_ticks.emplace_back(-1, "-1");
  if (plot.y_low < -2) plot.y_ticks.emplace_back(-2, "-2");
  plot.lines = {{.series = 1, .points = Thinned(series.points)}};
  plot.limit = series.threshold;
  return LinesSvg(plot);
}

std::string RatesSvg(const RateSeries& series, size_t checks) {
  const bool errors = series.metric == "errors";
  LinesPlot plot = PlotByCheck(
      checks, errors ? "Error rates by check" : "Shares of wrong predictions by check",
      fmt::format("So far, at the last check: stable {}, new {}; it may be {:.2f} points worse.",
                  LastText(series.stable, true), LastText(series.canary, true),
                  kAll * series.margin));
  plot.y_title = errors ? "Errors" : "Wrong";
  CheckPoints allowed = series.stable;
  for (auto& [number, rate] : allowed) rate += series.margin;
  SetHeight(Largest(allowed, Largest(series.canary, 0)), true, &plot);
  plot.lines = {{.series = 0, .dashed = true, .points = Thinned(allowed)},
                {.series = 0, .points = Thinned(series.stable)},
                {.series = 1, .points = Thinned(series.canary)}};
  return LinesSvg(plot);
}

std::string ThresholdSeriesSvg(const ThresholdSeries& series, size_t checks) {
  const std::string limit = LastText({{0, series.limit}}, series.is_share);
  LinesPlot plot = PlotByCheck(checks, FindingTitle(series.metric) + " by check",
                               fmt::format("{} at the last check; the limit is {}.",
                                           LastText(series.values, series.is_share), limit));
  plot.y_title = series.is_share ? "Share" : "ms";
  SetHeight(Largest(series.values, series.limit), series.is_share, &plot);
  plot.lines = {{.series = 1, .points = Thinned(series.values)}};
  plot.limit = series.limit;
  return LinesSvg(plot);
}

}  // namespace slipway::report
