// What boosting lowers: a row's loss by its raw scores, and how that changes with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train/trainer.h"

namespace slipway::train {

// The first and second derivative of a row's loss by one of its scores.
struct RowDerivatives {
  double first = 0, second = 0;
};

// Negative log-likelihood of classes. Rows are those of the set; Prepare is called for a row before
// it is asked about, and may be for different rows on several threads.
class LogLoss {
 public:
  explicit LogLoss(const TrainingSet& set)
      : set_(set),
        outputs_(static_cast<size_t>(set.raw_scores())),
        probabilities_(set.classes.size() * outputs_) {}

  size_t outputs() const { return outputs_; }
  // Of each stratum the same share is held out.
  size_t strata() const { return static_cast<size_t>(set_.class_count); }
  size_t StratumOf(size_t row) const { return static_cast<size_t>(set_.classes[row]); }
  double WeightOf(size_t row) const { return set_.WeightOf(row); }

  // The scores that predict every row with the classes' shares of weight.
  std::vector<double> Start(std::span<const uint32_t> rows) const {
    std::vector<double> mass(strata());
    double total = 0;
    for (const uint32_t row : rows) {
      mass[StratumOf(row)] += WeightOf(row);
      total += WeightOf(row);
    }
    // A class without weight has no logarithm.
    constexpr double kLeast = 1e-12;
    const auto log_share = [&](size_t cls) {
      return std::log(std::clamp(total > 0 ? mass[cls] / total : 0, kLeast, 1 - kLeast));
    };
    if (outputs_ == 1) return {log_share(1) - log_share(0)};
    std::vector<double> scores;
    for (size_t cls = 0; cls < outputs_; ++cls) scores.push_back(log_share(cls));
    return scores;
  }

  // `scores` are the row's.
  void Prepare(size_t row, const double* scores) {
    double* own = probabilities_.data() + row * outputs_;
    if (outputs_ == 1) {
      own[0] = 1 / (1 + std::exp(-scores[0]));
      return;
    }
    const double highest = *std::max_element(scores, scores + outputs_);
    double sum = 0;
    for (size_t k = 0; k < outputs_; ++k) sum += own[k] = std::exp(scores[k] - highest);
    for (size_t k = 0; k < outputs_; ++k) own[k] /= sum;
  }

  RowDerivatives DerivativesOf(size_t row, size_t output) const {
    const int32_t truth = set_.classes[row];
    const double p = probabilities_[row * outputs_ + output];
    const int32_t event = outputs_ == 1 ? 1 : static_cast<int32_t>(output);
    const double weight = WeightOf(row);
    return {weight * (p - (truth == event ? 1 : 0)), weight * p * (1 - p)};
  }

  double LossOf(size_t row) const {
    const auto truth = static_cast<size_t>(set_.classes[row]);
    const double p = outputs_ > 1 ? probabilities_[row * outputs_ + truth]
                     : truth == 1 ? probabilities_[row]
                                  : 1 - probabilities_[row];
    return -WeightOf(row) * std::log(std::max(p, 0x1p-52));
  }

 private:
  const TrainingSet& set_;
  size_t outputs_;
  std::vector<double> probabilities_;  // rows × outputs.
};

// Squared error of numbers, the same way.
class SquaredError {
 public:
  explicit SquaredError(const TrainingSet& set)
      : set_(set), values_(set.values), errors_(values_.size()) {}

  static size_t outputs() { return 1; }
  static size_t strata() { return 1; }
  static size_t StratumOf(size_t) { return 0; }
  double WeightOf(size_t row) const { return set_.WeightOf(row); }

  // The mean.
  std::vector<double> Start(std::span<const uint32_t> rows) const {
    double sum = 0, total = 0;
    for (const uint32_t row : rows) {
      sum += WeightOf(row) * values_[row];
      total += WeightOf(row);
    }
    return {total > 0 ? sum / total : 0};
  }

  void Prepare(size_t row, const double* scores) { errors_[row] = scores[0] - values_[row]; }
  RowDerivatives DerivativesOf(size_t row, size_t) const {
    return {WeightOf(row) * errors_[row], WeightOf(row)};
  }
  double LossOf(size_t row) const { return WeightOf(row) * errors_[row] * errors_[row]; }

 private:
  const TrainingSet& set_;
  std::span<const double> values_;
  std::vector<double> errors_;  // Score less truth.
};

}  // namespace slipway::train
