// What is said of calibration and decision threshold.
#include <fmt/format.h>

#include "core/text.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {

std::string HeldOutText(const std::string& part) {
  return part == "validation" ? "the validation part" : "the cross-validation folds";
}

std::string CalibrationSentence(const train::CalibrationResult& calibration) {
  const char* method =
      calibration.method == "isotonic" ? "isotonic regression" : "a sigmoid (Platt)";
  return fmt::format(
      "Calibrated by {} on {} of {}, scored by models that had not learned from them.", method,
      Plural(calibration.rows, "row", "rows"), HeldOutText(calibration.fitted_on));
}

std::string GoalTitle(const train::ThresholdResult& threshold) {
  if (threshold.maximize == "cost") return "Cost a row";
  if (threshold.maximize == "youden") return "Youden’s J";
  return MetricTitle(threshold.maximize);
}

namespace {

// The goal within a sentence.
std::string GoalWords(const train::ThresholdResult& threshold) {
  if (threshold.maximize == "cost") return "cost a row";
  return threshold.maximize == "balanced_accuracy" ? "balanced accuracy" : GoalTitle(threshold);
}

}  // namespace

std::string ThresholdSentence(const train::ThresholdResult& threshold) {
  const std::string least = fmt::format("{:.4g}", threshold.least);
  const std::string label = Shorten(CleanText(threshold.positive), 40);
  std::string text =
      fmt::format("The label is “{}” where its probability is at least {}", label, least);
  if (threshold.maximize.empty()) return text + ", as configured.";
  text += fmt::format(": the {} {}, {:.3f}, on {} of {}; with 0.5 it is {:.3f}.",
                      threshold.maximize == "cost" ? "lowest" : "highest", GoalWords(threshold),
                      threshold.value, Plural(threshold.rows, "row", "rows"),
                      HeldOutText(threshold.chosen_on), threshold.value_at_half);
  if (threshold.maximize != "cost") return text;
  return text + fmt::format(" A false positive costs {:g}, a false negative {:g}.",
                            threshold.false_positive, threshold.false_negative);
}

std::string FoldNote(const RunReport& report) {
  if (report.folds.empty() || (!report.calibration && !report.threshold)) return "";
  return "The folds’ models are scored without calibration, and their label is the more probable "
         "class: who chose a curve or a threshold by the folds can’t be judged by them.";
}

}  // namespace slipway::report
