// Pictures as inline SVG. Colours come from the page's style sheet by class, so that light, dark
// and print agree.
//
// Text inside a picture does not shrink on a narrow page: wide charts draw only marks, in per cent
// of their width, and leave the words to the HTML around them.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "report/types.h"
#include "train/metrics.h"

namespace slipway::report {

// Where a value stands from `low` (0) to `high` (1); in the middle where these are one.
double Position(double value, double low, double high);
// Coordinates with two digits after the point, without trailing zeros.
std::string At(double value);
// A share of the box, cut to [0, 1]; 0 for NaN, so that a figure that is unknown leaves no mark.
std::string Percent(double share);
// <title> and <desc> of plain text.
std::string Described(const std::string& title, const std::string& description);

// A histogram that fills its box; class "s<series>" colours it. `title` and `description` are told
// to screen readers.
std::string HistogramSvg(const std::vector<int64_t>& counts, int series, const std::string& title,
                         const std::string& description);

// A horizontal bar of `share` of the box, for a table's row whose figures stand beside it.
std::string BarSvg(double share, const char* css_class = "bar");

// The same with a line from one deviation below its end to one above.
std::string SpreadBarSvg(double share, double deviation);

// Two histograms over each other in the same bins, each of shares of its own total: the first as an
// area, the second as an outline. A total of 0 leaves its one out.
std::string PairHistogramSvg(const std::vector<int64_t>& first, int64_t first_total,
                             const std::vector<int64_t>& second, int64_t second_total,
                             const std::string& title, const std::string& description);

// Two bars below each other, in the colours of PairHistogramSvg.
std::string PairBarsSvg(double first, double second);

// A bar from 0, with a line at `limit` in the middle; twice the limit and more fill it.
std::string LimitBarSvg(double value, double limit);

// One bar cut into parts by their share.
std::string StackSvg(const std::vector<int64_t>& parts, const std::string& title);

// An estimate on a scale: its interval, its value and the limit it has to reach. NaN leaves a mark
// out.
struct RangeMarks {
  double value = 0, low = 0, high = 0, limit = 0;
};
std::string RangeSvg(const RangeMarks& marks);

// Values as dots on a scale from `low` to `high`, with their mean and a band of one standard
// deviation.
std::string DotsSvg(const std::vector<double>& values, double mean, double deviation, double low,
                    double high);

using NamedCurves = std::vector<std::pair<std::string, std::vector<train::RocPoint>>>;
// Receiver operating characteristics, one curve a class, and the diagonal of guessing.
std::string RocSvg(const NamedCurves& curves);
// Estimates over what is true, both on one scale, and the line on which they are equal.
std::string EstimateSvg(const std::vector<RunReport::Estimate>& estimates);
// Area under a curve, by trapezoids.
double AreaUnder(const std::vector<train::RocPoint>& curve);

// Mean scores and shares of events, with the diagonal on which probabilities are right.
std::string ReliabilitySvg(const std::vector<train::ReliabilityBin>& before,
                           const std::vector<train::ReliabilityBin>& after);
// What a threshold was chosen by, over thresholds; a line at the chosen one. `goal` names it.
std::string ThresholdSvg(const train::ThresholdResult& threshold, const std::string& goal);

// Lines of figures over one another in a square plot. A pair is a place and its label or its value.
struct PlotLine {
  int series = 0;       // Class "s<series>" colours it.
  bool dashed = false;  // Without dots at its points.
  std::vector<std::pair<double, double>> points;
};
struct LinesPlot {
  std::string title, told;  // Told to screen readers; plain text.
  std::string x_title, y_title;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  std::vector<std::pair<double, std::string>> x_ticks, y_ticks;
  std::vector<PlotLine> lines;
  double limit = std::numeric_limits<double>::quiet_NaN();  // A line across; NaN for none.
};
// Points beyond a side of the plot are drawn on it.
std::string LinesSvg(const LinesPlot& plot);

// A line a trial over the rungs that it reached, from `low` to `high`; the chosen one stands out.
// For a search of two rungs or more.
std::string TrialsSvg(const train::SearchOutcome& search, double low, double high);

// Truth by row, shaded by the share of the row. For up to about twenty classes.
std::string ConfusionSvg(const std::vector<std::string>& classes,
                         const std::vector<int64_t>& counts);

}  // namespace slipway::report
