// What the page says of the model: metrics, how it decides, folds.
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

constexpr size_t kMostCurves = 10;
constexpr size_t kMostCells = 20;    // Classes in the confusion picture.
constexpr size_t kMostClasses = 50;  // Rows in the table of classes.
constexpr size_t kMostConfused = 15;
constexpr size_t kMostFolds = 20;

double ValueOf(const train::Metrics& metrics, const std::string& name) {
  const auto it = metrics.find(name);
  return it == metrics.end() ? std::nan("") : it->second;
}

std::string MetricRow(const RunReport& report, const std::string& metric) {
  const auto interval = report.intervals.find(metric);
  const gate::Verdict* limit = LimitFor(report, metric);
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td class="num strong">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)"
      "\n",
      Escape(MetricTitle(metric)), FormatMetric(ValueOf(report.metrics, metric)),
      interval == report.intervals.end()
          ? "–"
          : FormatInterval(interval->second.first, interval->second.second),
      limit == nullptr ? "–" : Escape(LimitText(*limit)),
      FormatMetric(ValueOf(report.train_metrics, metric)));
}

// Shown ones first, then the others in their order.
std::vector<std::string> AllMetrics(const RunReport& report) {
  std::vector<std::string> names = ShownMetrics(report);
  for (const auto& [name, value] : report.metrics) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string RocFigure(const RunReport& report) {
  if (report.roc.empty()) return "";
  const NamedCurves curves(
      report.roc.begin(),
      report.roc.begin() + static_cast<std::ptrdiff_t>(std::min(kMostCurves, report.roc.size())));
  std::string keys;
  for (size_t i = 0; i < curves.size(); ++i) {
    keys += fmt::format(R"(<li><i class="key s{}"></i>{} <b>{}</b></li>)", i % 10,
                        Label(curves[i].first, 30), FormatMetric(AreaUnder(curves[i].second)));
  }
  if (report.roc.size() > kMostCurves) {
    keys += fmt::format("<li class=\"soft\">{} more in report.json</li>",
                        report.roc.size() - kMostCurves);
  }
  return "<figure><h3>ROC</h3>" + RocSvg(curves) +
         "<figcaption>Area under the curve<ul class=\"legend\">" + keys +
         "</ul></figcaption></figure>\n";
}

// The pairs of classes that are taken for one another most often, where a picture would have too
// many cells.
std::string MostConfused(const RunReport& report) {
  struct Pair {
    size_t truth, predicted;
    int64_t count;
  };
  const size_t n = report.classes.size();
  std::vector<Pair> pairs;
  for (size_t i = 0; i < n * n; ++i) {
    if (i / n != i % n && report.confusion[i] > 0)
      pairs.push_back({i / n, i % n, report.confusion[i]});
  }
  std::ranges::stable_sort(pairs, [](const Pair& a, const Pair& b) { return a.count > b.count; });
  std::string rows;
  for (size_t i = 0; i < std::min(kMostConfused, pairs.size()); ++i) {
    rows += fmt::format(R"(<tr><th scope="row">{}</th><td>{}</td><td class="num">{}</td></tr>)",
                        Label(report.classes[pairs[i].truth], 40),
                        Label(report.classes[pairs[i].predicted], 40), FormatCount(pairs[i].count));
  }
  return TableMarkup(
      "Most confused classes",
      R"(<th scope="col">True</th><th scope="col">Taken for</th><th scope="col" class="num">Rows</th>)",
      rows);
}

std::string ConfusionFigure(const RunReport& report) {
  if (!HasConfusion(report)) return "";
  if (report.classes.size() > kMostCells) {
    return "<figure><h3>Most confused classes</h3>" + MostConfused(report) + "</figure>\n";
  }
  return "<figure><h3>Confusion matrix</h3>" + ConfusionSvg(report.classes, report.confusion) +
         "<figcaption>Rows of the test part; shaded by the share of the true "
         "class.</figcaption></figure>\n";
}

std::string ScoreFigure(const RunReport& report) {
  if (report.score_histograms.empty()) return "";
  const bool binary =
      report.positive >= 0 && static_cast<size_t>(report.positive) < report.classes.size();
  const size_t shown = std::min(kMostCurves, report.score_histograms.size());
  std::string rows;
  for (size_t i = 0; i < shown; ++i) {
    const RunReport::ScoreHistogram& histogram = report.score_histograms[i];
    int64_t total = 0;
    for (const int64_t count : histogram.counts) total += count;
    const std::string name = Shorten(CleanText(histogram.truth), 40);
    rows += fmt::format(
        R"(<div class="scores"><p>{} <span class="soft">{}</span></p>{}</div>)", Escape(name),
        Plural(total, "row", "rows"),
        HistogramSvg(histogram.counts, static_cast<int>(i), "Scores of rows labelled " + name,
                     "Counts in bins of equal width from score 0 to 1."));
  }
  const std::string what =
      binary ? "Score of " + Label(report.classes[static_cast<size_t>(report.positive)], 40) +
                   ", by true label"
             : "Score of the row’s own class, by true label";
  return "<figure><h3>Scores</h3>" + rows +
         R"(<p class="ends"><span>0</span><span>0.5</span><span>1</span></p><figcaption>)" + what +
         ". Each with a height of its own.</figcaption></figure>\n";
}

std::string EstimateFigure(const RunReport& report) {
  if (report.estimates.empty()) return "";
  return "<figure><h3>Estimates</h3>" + EstimateSvg(report.estimates) +
         fmt::format(
             "<figcaption>{} of the test part; on the line the estimate is "
             "right.</figcaption></figure>\n",
             Plural(std::ssize(report.estimates), "row", "rows"));
}

std::string ErrorFigure(const RunReport& report) {
  const RunReport::ErrorHistogram& errors = report.errors;
  if (errors.counts.empty()) return "";
  return "<figure><h3>Errors</h3><div class=\"scores\">" +
         HistogramSvg(errors.counts, 0, "Errors of the estimates",
                      fmt::format("Counts in bins of equal width from {} to {}.",
                                  FormatMetric(errors.low), FormatMetric(errors.high))) +
         fmt::format(R"(</div><p class="ends"><span>{}</span><span>{}</span></p>)",
                     FormatMetric(errors.low), FormatMetric(errors.high)) +
         "<figcaption>Estimate less truth, over all test rows.</figcaption></figure>\n";
}

std::string ClassTable(const RunReport& report) {
  const std::vector<ClassFigures> figures = FiguresByClass(report);
  if (figures.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostClasses, figures.size()); ++i) {
    rows += fmt::format(
        R"(<tr><th scope="row">{}</th><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)",
        Label(report.classes[i], 40), FormatCount(figures[i].rows),
        FormatMetric(figures[i].precision), FormatMetric(figures[i].recall),
        FormatMetric(figures[i].f1));
  }
  std::string out =
      "<h3>By class</h3>" +
      TableMarkup(
          "Figures by class",
          R"(<th scope="col">Class</th><th scope="col" class="num">Test rows</th><th scope="col" class="num">Precision</th>)"
          R"(<th scope="col" class="num">Recall</th><th scope="col" class="num">F1</th>)",
          rows);
  if (figures.size() > kMostClasses) {
    out += fmt::format("<p class=\"soft\">{} more in report.json.</p>\n",
                       figures.size() - kMostClasses);
  }
  return out;
}

// One scale for all metrics that are shares, so that they can be compared by eye.
struct Scale {
  double low = 1;
  double high = 0;
};

bool IsShare(const std::vector<double>& values) {
  return !values.empty() && std::ranges::all_of(values, [](double v) { return v >= 0 && v <= 1; });
}

Scale FoldScale(const RunReport& report, const std::vector<std::string>& metrics) {
  Scale scale;
  for (const std::string& metric : metrics) {
    for (const double value : train::FoldValues(report.folds, metric)) {
      scale.low = std::min(scale.low, std::floor(value * 20 - 0.2) / 20);
      scale.high = std::max(scale.high, std::ceil(value * 20 + 0.2) / 20);
    }
  }
  return {std::max(0.0, scale.low), std::min(1.0, scale.high)};
}

std::string FoldPictures(const RunReport& report, const std::vector<std::string>& shown) {
  std::vector<std::string> metrics;
  for (const std::string& metric : shown) {
    if (metric != "log_loss" && IsShare(train::FoldValues(report.folds, metric)))
      metrics.push_back(metric);
  }
  if (metrics.empty()) return "";
  const Scale scale = FoldScale(report, metrics);
  std::string out = "<div class=\"folds\">";
  for (const std::string& metric : metrics) {
    const std::vector<double> values = train::FoldValues(report.folds, metric);
    const train::Spread statistics = train::SpreadOf(values);
    out +=
        fmt::format(R"(<span class="name">{}</span>{}<span class="num">{} ± {}</span>)",
                    Escape(MetricTitle(metric)),
                    DotsSvg(values, statistics.mean, statistics.deviation, scale.low, scale.high),
                    FormatMetric(statistics.mean), FormatMetric(statistics.deviation));
  }
  return out +
         fmt::format(
             R"(<span></span><span class="ends"><span>{:.2f}</span><span>{:.2f}</span></span><span></span></div>)",
             scale.low, scale.high);
}

std::string FoldTable(const RunReport& report, const std::vector<std::string>& metrics) {
  std::string head =
      R"(<th scope="col">Fold</th><th scope="col" class="num">Trained on</th><th scope="col" class="num">Scored on</th>)";
  for (const std::string& metric : metrics) {
    head += fmt::format(R"(<th scope="col" class="num">{}</th>)", Escape(MetricTitle(metric)));
  }
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFolds, report.folds.size()); ++i) {
    const train::FoldResult& fold = report.folds[i];
    rows +=
        fmt::format(R"(<tr><th scope="row">{}</th><td class="num">{}</td><td class="num">{}</td>)",
                    fold.fold + 1, FormatCount(fold.train_rows), FormatCount(fold.test_rows));
    for (const std::string& metric : metrics) {
      rows +=
          fmt::format(R"(<td class="num">{}</td>)", FormatMetric(ValueOf(fold.metrics, metric)));
    }
    rows += "</tr>\n";
  }
  return TableMarkup("Folds", head, rows);
}

// After "12 test rows".
const char* HowNew(const RunReport& report) {
  if (report.algorithm == kReadyGraph) return "; whether the graph learned from them is not known";
  return report.algorithm == kProgram ? " that the program was not given"
                                      : " that the model never saw";
}

}  // namespace

std::string MetricsBody(const RunReport& report) {
  if (!HasModel(report)) return "";
  std::string rows;
  for (const std::string& metric : AllMetrics(report)) rows += MetricRow(report, metric);
  std::string out = TableMarkup(
      "Metrics",
      R"(<th scope="col">Metric</th><th scope="col" class="num">Test</th><th scope="col" class="num">95 % interval</th>)"
      R"(<th scope="col" class="num">Needs</th><th scope="col" class="num">Training</th>)",
      rows);
  if (report.test_rows > 0) {
    out += fmt::format("<p class=\"soft\">On {}{}; intervals by bootstrap over them.</p>\n",
                       Plural(report.test_rows, "test row", "test rows"), HowNew(report));
  }
  return out;
}

std::string PicturesBody(const RunReport& report) {
  const std::string figures = RocFigure(report) + ConfusionFigure(report) + ScoreFigure(report) +
                              EstimateFigure(report) + ErrorFigure(report);
  return figures.empty() ? ""
                         : "<div class=\"figures\">\n" + figures + "</div>\n" + ClassTable(report);
}

std::string CrossValidationBody(const RunReport& report) {
  if (report.folds.empty()) return "";
  const std::vector<std::string> metrics = ShownMetrics(report);
  std::string out = FoldPictures(report, metrics) + FoldTable(report, metrics);
  if (report.folds.size() > kMostFolds) {
    out += fmt::format("<p class=\"soft\">{} more in report.json.</p>\n",
                       report.folds.size() - kMostFolds);
  }
  const std::string note = FoldNote(report);
  return note.empty() ? out : out + "<p class=\"soft\">" + Escape(note) + "</p>\n";
}

}  // namespace slipway::report
