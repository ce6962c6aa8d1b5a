#include <algorithm>
#include <cmath>

#include "pipeline/evaluation_pictures_internal.h"

namespace slipway::pipeline {
namespace {

constexpr int kScoreBins = 20;
constexpr size_t kErrorBins = 30;
// More curves, or points, than this are not a picture any more.
constexpr int kMaxCurves = 10;
constexpr size_t kMaxPoints = 500;

report::RunReport::ScoreHistogram ScoresOf(int truth_class, int score_class,
                                           const data::Target& truth,
                                           const model::Predictions& predictions,
                                           const std::string& label) {
  report::RunReport::ScoreHistogram histogram{label, std::vector<int64_t>(kScoreBins)};
  for (size_t row = 0; row < truth.classes.size(); ++row) {
    if (truth.classes[row] != truth_class) continue;
    const float score = predictions.Score(static_cast<int64_t>(row), score_class);
    const int bin = std::clamp(static_cast<int>(score * kScoreBins), 0, kScoreBins - 1);
    ++histogram.counts[static_cast<size_t>(bin)];
  }
  return histogram;
}

void AddClassPictures(const data::Target& truth, const model::Predictions& predictions,
                      Evaluation* evaluation) {
  const bool binary = truth.positive >= 0;
  const int curves = std::min(truth.class_count(), kMaxCurves);
  for (int cls = 0; cls < curves; ++cls) {
    const std::string& label = truth.labels[static_cast<size_t>(cls)];
    if (!binary || cls == truth.positive) {
      evaluation->roc.emplace_back(label, train::RocCurve(truth.classes, predictions, cls));
    }
    evaluation->score_histograms.push_back(
        ScoresOf(cls, binary ? truth.positive : cls, truth, predictions, label));
  }
  evaluation->confusion = train::ConfusionMatrix(truth.classes, predictions);
}

report::RunReport::ErrorHistogram ErrorsOf(const std::vector<double>& errors) {
  report::RunReport::ErrorHistogram histogram;
  if (errors.empty()) return histogram;
  const auto [low, high] = std::ranges::minmax(errors);
  histogram = {low, high, std::vector<int64_t>(kErrorBins)};
  for (const double error : errors) {
    const double share = high > low ? std::clamp((error - low) / (high - low), 0.0, 1.0) : 0;
    const auto bin = static_cast<size_t>(share * static_cast<double>(kErrorBins));
    ++histogram.counts[std::min(bin, kErrorBins - 1)];
  }
  return histogram;
}

void AddEstimatePictures(const data::Target& truth, const model::Predictions& predictions,
                         Evaluation* evaluation) {
  const std::vector<double>&values = truth.values, &estimates = predictions.values;
  const size_t points = std::min(kMaxPoints, values.size());
  for (size_t i = 0; i < points; ++i) {
    const size_t row = i * values.size() / points;
    evaluation->estimates.push_back({values[row], estimates[row]});
  }
  std::vector<double> errors(values.size());
  std::ranges::transform(estimates, values, errors.begin(), std::minus<>());
  evaluation->errors = ErrorsOf(errors);
}

}  // namespace

void AddPictures(const data::Target& truth, const model::Predictions& predictions,
                 Evaluation* evaluation) {
  truth.task == data::Task::kClassification ? AddClassPictures(truth, predictions, evaluation)
                                            : AddEstimatePictures(truth, predictions, evaluation);
}

}  // namespace slipway::pipeline
