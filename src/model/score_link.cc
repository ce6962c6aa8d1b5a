#include <algorithm>
#include <cmath>

#include "model/score_link_internal.h"

namespace slipway::model {
namespace {

double Logistic(double score) { return 1 / (1 + std::exp(-score)); }

void AnswerTwo(double second, float* scores) {
  scores[0] = static_cast<float>(1 - second);
  scores[1] = static_cast<float>(second);
}

// Leaves powers in `raw`.
void Softmax(std::span<double> raw, float* scores) {
  const double highest = *std::ranges::max_element(raw);
  double sum = 0;
  for (double& value : raw) {
    value = std::exp(value - highest);
    sum += value;
  }
  std::ranges::transform(raw, scores,
                         [&](double power) { return static_cast<float>(power / sum); });
}

}  // namespace

void LinkScores(Link link, std::span<double> raw, float* scores) {
  switch (link) {
    case Link::kProbability:
      std::ranges::transform(raw, scores, [](double value) { return static_cast<float>(value); });
      break;
    case Link::kLogit: AnswerTwo(Logistic(raw[0]), scores); break;
    case Link::kSoftmax: Softmax(raw, scores); break;
    case Link::kIdentity: break;  // Has no classes.
  }
}

IsotonicTable::IsotonicTable(const IsotonicCurve& curve)
    : scores(curve.scores), probabilities(curve.probabilities), slopes(curve.scores.size()) {
  for (size_t i = 0; i + 1 < scores.size(); ++i)
    slopes[i] = (probabilities[i + 1] - probabilities[i]) / (scores[i + 1] - scores[i]);
}

double IsotonicTable::At(double score) const {
  score = std::max(score, scores.front());
  const auto after = std::ranges::upper_bound(scores, score);
  const auto knot = static_cast<size_t>(after - scores.begin()) - 1;
  return probabilities[knot] + (score - scores[knot]) * slopes[knot];
}

ScoreLink::ScoreLink(const Scorer& scorer)
    : link_(scorer.link), classes_(scorer.classes()), threshold_(scorer.threshold) {
  if (!scorer.calibration) return;
  const auto& curves = scorer.calibration->curves;
  if (const auto* sigmoids = std::get_if<std::vector<SigmoidCurve>>(&curves)) {
    curves_ = *sigmoids;
    return;
  }
  auto& tables = curves_.emplace<std::vector<IsotonicTable>>();
  for (const IsotonicCurve& curve : std::get<std::vector<IsotonicCurve>>(curves))
    tables.emplace_back(curve);
}

double ScoreLink::Calibrated(size_t curve, double score) const {
  if (const auto* tables = std::get_if<std::vector<IsotonicTable>>(&curves_))
    return (*tables)[curve].At(score);
  const SigmoidCurve& sigmoid = std::get<std::vector<SigmoidCurve>>(curves_)[curve];
  return Logistic(sigmoid.slope * score + sigmoid.intercept);
}

void ScoreLink::Probabilities(std::span<double> raw, float* scores) const {
  if (!calibrated()) return LinkScores(link_, raw, scores);
  // The only score, or that of the second class.
  if (classes_ == 2) return AnswerTwo(Calibrated(0, raw.back()), scores);
  double sum = 0;
  for (size_t cls = 0; cls < raw.size(); ++cls) {
    raw[cls] = Calibrated(cls, raw[cls]);
    sum += raw[cls];
  }
  std::ranges::transform(raw, scores, [&](double value) {
    return static_cast<float>(sum == 0 ? 1 / static_cast<double>(classes_) : value / sum);
  });
}

int32_t ScoreLink::LabelOf(const float* scores) const {
  if (!threshold_)
    return static_cast<int32_t>(std::max_element(scores, scores + classes_) - scores);
  const int positive = threshold_->positive;
  return scores[positive] >= threshold_->least ? positive : 1 - positive;
}

}  // namespace slipway::model
