// From a row's raw scores to its probabilities and its label.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "model/types.h"

namespace slipway::model {

// An isotonic curve with what is between its knots.
struct IsotonicTable {
  explicit IsotonicTable(const IsotonicCurve& curve);
  double At(double score) const;

  std::vector<double> scores;
  std::vector<double> probabilities;
  std::vector<double> slopes;  // From each knot to the next; 0 at the last.
};

// Immutable, safe from several threads. Not for regressions.
class ScoreLink {
 public:
  explicit ScoreLink(const Scorer& scorer);

  // From one row's raw scores, which are spent, to its probabilities.
  void Probabilities(std::span<double> raw, float* scores) const;
  // The class index of a row with these probabilities.
  int32_t LabelOf(const float* scores) const;
  // Raw scores are the probabilities.
  bool plain() const { return link_ == Link::kProbability && !calibrated(); }

 private:
  bool calibrated() const { return !std::holds_alternative<std::monostate>(curves_); }
  double Calibrated(size_t curve, double score) const;

  Link link_;
  int classes_;
  std::variant<std::monostate, std::vector<SigmoidCurve>, std::vector<IsotonicTable>> curves_;
  std::optional<DecisionThreshold> threshold_;
};

// What `link` says of one row's raw scores, which are spent.
void LinkScores(Link link, std::span<double> raw, float* scores);

}  // namespace slipway::model
