// Square plots: curves and points over two axes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// The plot of a square chart inside its viewBox.
constexpr double kPlotLeft = 46;
constexpr double kPlotTop = 10;
constexpr double kPlotSize = 320;
constexpr double kChartWidth = 380;
constexpr double kChartHeight = 376;

// Labels at shares of a side.
using Ticks = std::vector<std::pair<double, std::string>>;

const Ticks& ShareTicks() {
  static const Ticks ticks = {{0, "0"}, {0.25, "0.25"}, {0.5, "0.5"}, {0.75, "0.75"}, {1, "1"}};
  return ticks;
}

Ticks TicksOver(double low, double high) {
  Ticks ticks;
  for (const double tick : {0.0, 0.5, 1.0})
    ticks.emplace_back(tick, fmt::format("{:.3g}", low + tick * (high - low)));
  return ticks;
}

// A square plot's grid.
std::string PlotAxes(const Ticks& x_ticks, const Ticks& y_ticks, const std::string& x_title,
                     const std::string& y_title) {
  std::string out;
  for (const auto& [tick, label] : x_ticks) {
    const double x = kPlotLeft + tick * kPlotSize;
    out += fmt::format(R"(<path class="grid" d="M{} {}V{}"/>)", At(x), At(kPlotTop),
                       At(kPlotTop + kPlotSize));
    out += fmt::format(R"(<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>)", At(x),
                       At(kPlotTop + kPlotSize + 18), label);
  }
  for (const auto& [tick, label] : y_ticks) {
    const double y = kPlotTop + (1 - tick) * kPlotSize;
    out += fmt::format(R"(<path class="grid" d="M{} {}H{}"/>)", At(kPlotLeft), At(y),
                       At(kPlotLeft + kPlotSize));
    out += fmt::format(R"(<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>)",
                       At(kPlotLeft - 8), At(y + 4), label);
  }
  out += fmt::format(R"(<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>)",
                     At(kPlotLeft + kPlotSize / 2), At(kPlotTop + kPlotSize + 40), x_title);
  out += fmt::format(
      R"svg(<text class="axis" transform="translate(12 {}) rotate(-90)" text-anchor="middle">{}</text>)svg",
      At(kPlotTop + kPlotSize / 2), y_title);
  return out;
}

// From the lower left to the upper right.
std::string Diagonal() {
  return fmt::format(R"(<path class="chance" d="M{} {}L{} {}"/>)", At(kPlotLeft),
                     At(kPlotTop + kPlotSize), At(kPlotLeft + kPlotSize), At(kPlotTop));
}

std::string PlotHead(const std::string& title, const std::string& told) {
  return fmt::format(R"(<svg class="chart" role="img" viewBox="0 0 {} {}">)", At(kChartWidth),
                     At(kChartHeight)) +
         Described(title, told);
}

// A point of the plot, by shares of its sides.
struct Place {
  double x = 0, y = 0;
};

std::string PointAt(const Place& place) {
  return At(kPlotLeft + place.x * kPlotSize) + " " + At(kPlotTop + (1 - place.y) * kPlotSize);
}

std::string Line(const std::vector<Place>& places, int series, const char* more = "") {
  std::string path;
  for (const Place& place : places) path += (path.empty() ? "M" : "L") + PointAt(place);
  return fmt::format(R"(<path class="curve s{}{}" d="{}"/>)", series, more, path);
}

std::string BinLine(const std::vector<train::ReliabilityBin>& bins, int series) {
  std::vector<Place> places;
  std::string dots;
  for (const train::ReliabilityBin& bin : bins) {
    places.push_back({bin.score, bin.share});
    dots += fmt::format(R"(<circle class="spot s{}" cx="{}" cy="{}" r="3.5"/>)", series,
                        At(kPlotLeft + bin.score * kPlotSize),
                        At(kPlotTop + (1 - bin.share) * kPlotSize));
  }
  return Line(places, series) + dots;
}

}  // namespace

double AreaUnder(const std::vector<train::RocPoint>& curve) {
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
            (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
  }
  return area;
}

std::string RocSvg(const NamedCurves& curves) {
  std::string told = "True positive rate over false positive rate.";
  std::string lines;
  for (size_t i = 0; i < curves.size(); ++i) {
    told += fmt::format(" {}: area {:.3f}.", Shorten(CleanText(curves[i].first), 40),
                        AreaUnder(curves[i].second));
    std::vector<Place> places;
    for (const train::RocPoint& point : curves[i].second)
      places.push_back({point.false_positive_rate, point.true_positive_rate});
    lines += Line(places, static_cast<int>(i % 10));
  }
  return PlotHead("ROC curve", told) +
         PlotAxes(ShareTicks(), ShareTicks(), "False positive rate", "True positive rate") +
         Diagonal() + lines + "</svg>";
}

std::string EstimateSvg(const std::vector<RunReport::Estimate>& estimates) {
  double low = estimates.front().truth, high = low;
  for (const RunReport::Estimate& point : estimates) {
    low = std::min({low, point.truth, point.estimate});
    high = std::max({high, point.truth, point.estimate});
  }
  const Ticks ticks = TicksOver(low, high);
  std::string points;
  for (const RunReport::Estimate& point : estimates) {
    points += fmt::format(R"(<circle class="point" cx="{}" cy="{}" r="2.5"/>)",
                          At(kPlotLeft + Position(point.truth, low, high) * kPlotSize),
                          At(kPlotTop + (1 - Position(point.estimate, low, high)) * kPlotSize));
  }
  const std::string told =
      fmt::format("Estimates over true numbers from {:.3g} to {:.3g}.", low, high);
  return PlotHead("Estimates", told) + PlotAxes(ticks, ticks, "True", "Estimate") + Diagonal() +
         points + "</svg>";
}

std::string LinesSvg(const LinesPlot& plot) {
  const auto across = [&](double x) {
    return std::clamp(Position(x, plot.x_low, plot.x_high), 0., 1.);
  };
  const auto up = [&](double y) {
    return std::clamp(Position(y, plot.y_low, plot.y_high), 0., 1.);
  };
  Ticks x_ticks, y_ticks;
  for (const auto& [x, label] : plot.x_ticks) x_ticks.emplace_back(across(x), label);
  for (const auto& [y, label] : plot.y_ticks) y_ticks.emplace_back(up(y), label);
  std::string drawn;
  if (std::isfinite(plot.limit)) {
    drawn +=
        fmt::format(R"(<path class="limit" d="M{} {}H{}"/>)", At(kPlotLeft),
                    At(kPlotTop + (1 - up(plot.limit)) * kPlotSize), At(kPlotLeft + kPlotSize));
  }
  for (const PlotLine& line : plot.lines) {
    std::vector<Place> places;
    std::string dots;
    for (const auto& [x, y] : line.points) {
      places.push_back({across(x), up(y)});
      dots += fmt::format(R"(<circle class="spot s{}" cx="{}" cy="{}" r="2.5"/>)", line.series,
                          At(kPlotLeft + across(x) * kPlotSize),
                          At(kPlotTop + (1 - up(y)) * kPlotSize));
    }
    drawn += Line(places, line.series, line.dashed ? " dashed" : "") + (line.dashed ? "" : dots);
  }
  return PlotHead(plot.title, plot.told) + PlotAxes(x_ticks, y_ticks, plot.x_title, plot.y_title) +
         drawn + "</svg>";
}

std::string ReliabilitySvg(const std::vector<train::ReliabilityBin>& before,
                           const std::vector<train::ReliabilityBin>& after) {
  std::string told = "Share of events over mean score, in bins of scores. After calibration:";
  for (const train::ReliabilityBin& bin : after)
    told += fmt::format(" {:.2f} of {} where scores are {:.2f}.", bin.share,
                        Plural(bin.rows, "row", "rows"), bin.score);
  return PlotHead("Reliability", told) +
         PlotAxes(ShareTicks(), ShareTicks(), "Mean score", "Share of events") + Diagonal() +
         BinLine(before, 9) + BinLine(after, 0) + "</svg>";
}

std::string ThresholdSvg(const train::ThresholdResult& threshold, const std::string& goal) {
  double low = threshold.value, high = low;
  for (const train::ThresholdPoint& point : threshold.curve) {
    low = std::min(low, point.value);
    high = std::max(high, point.value);
  }
  std::vector<Place> places;
  for (const train::ThresholdPoint& point : threshold.curve)
    places.push_back({std::min(point.threshold, 1.0), Position(point.value, low, high)});
  const std::string told =
      fmt::format("{} from {:.3g} to {:.3g} over thresholds; {:.3g} at the chosen one, {:.3g}.",
                  goal, low, high, threshold.value, static_cast<double>(threshold.least));
  std::string axes = PlotAxes(ShareTicks(), TicksOver(low, high), "Threshold", goal);
  const double x = kPlotLeft + std::min<double>(threshold.least, 1) * kPlotSize;
  axes += fmt::format(R"(<path class="limit" d="M{} {}V{}"/>)", At(x), At(kPlotTop),
                      At(kPlotTop + kPlotSize));
  return PlotHead("Decision threshold", told) + axes + Line(places, 0) + "</svg>";
}

}  // namespace slipway::report
