// What the page says of calibration and decision threshold.
#include <fmt/format.h>

#include <array>

#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

std::string CalibrationFigure(const RunReport& report) {
  if (!report.calibration) return "";
  const train::CalibrationResult& calibration = *report.calibration;
  return "<figure><h3>Reliability</h3>" + ReliabilitySvg(calibration.before, calibration.after) +
         fmt::format(
             "<figcaption>Test rows in ten bins of scores; on the line scores are shares."
             "<ul class=\"legend\"><li><i class=\"key s9\"></i>before <b>{}</b></li>"
             "<li><i class=\"key s0\"></i>calibrated <b>{}</b></li></ul>Figures are the "
             "calibration "
             "error.</figcaption></figure>\n",
             FormatMetric(calibration.metrics_before.at("calibration_error")),
             FormatMetric(calibration.metrics_after.at("calibration_error")));
}

std::string ThresholdFigure(const RunReport& report) {
  if (!report.threshold || report.threshold->curve.empty()) return "";
  const train::ThresholdResult& threshold = *report.threshold;
  return "<figure><h3>Threshold</h3>" + ThresholdSvg(threshold, GoalTitle(threshold)) +
         fmt::format(
             "<figcaption>{} by threshold on {}; the line is the chosen one."
             "</figcaption></figure>\n",
             Escape(GoalTitle(threshold)), HeldOutText(threshold.chosen_on));
}

std::string CalibrationTable(const train::CalibrationResult& calibration) {
  std::string rows;
  for (const auto& [metric, after] : calibration.metrics_after) {
    rows += fmt::format(
        R"(<tr><th scope="row">{}</th><td class="num">{}</td><td class="num strong">{}</td></tr>)",
        Escape(MetricTitle(metric)), FormatMetric(calibration.metrics_before.at(metric)),
        FormatMetric(after));
  }
  return TableMarkup(
      "Calibration on the test part",
      R"(<th scope="col">On the test part</th><th scope="col" class="num">Before</th>)"
      R"(<th scope="col" class="num">Calibrated</th>)",
      rows);
}

}  // namespace

std::string AnswersBody(const RunReport& report) {
  std::string out;
  if (report.calibration)
    out += "<p>" + Escape(CalibrationSentence(*report.calibration)) + "</p>\n";
  if (report.threshold) out += "<p>" + Escape(ThresholdSentence(*report.threshold)) + "</p>\n";
  const std::string figures = CalibrationFigure(report) + ThresholdFigure(report);
  if (!figures.empty()) out += "<div class=\"figures\">\n" + figures + "</div>\n";
  if (report.calibration) out += CalibrationTable(*report.calibration);
  return out;
}

}  // namespace slipway::report
