// The loss that logistic regression minimizes, and its gradient.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/trainer.h"

namespace slipway::train {

// The mean over rows, by class weight, of the negative log-likelihood: of two classes by the log
// odds of the second (one output), of more by softmax (one output a class). Hastie, Tibshirani and
// Friedman, The Elements of Statistical Learning, section 4.4.1. Refers to the set, which must
// outlive it; used from one thread, and the same on any number of `threads`.
class LogisticLoss {
 public:
  LogisticLoss(const TrainingSet& set, int threads);

  int outputs() const { return outputs_; }
  int64_t features() const { return set_.features.columns; }

  // `weights` are outputs × features, `intercepts` one an output; the gradients are alike.
  double Evaluate(std::span<const double> weights, std::span<const double> intercepts,
                  std::span<double> weight_gradient, std::span<double> intercept_gradient);

 private:
  // Sums of a run of rows, in row order.
  struct Part {
    double loss = 0;
    std::vector<double> weights, intercepts;
    std::vector<double> scores;  // outputs × rows of a block; then what the loss gives back.
  };

  void AddRows(int64_t begin, int64_t end, std::span<const double> weights,
               std::span<const double> intercepts, Part* part) const;
  // Turns scores into the loss's derivatives by them.
  void Derive(int64_t begin, int64_t rows, Part* part) const;

  const TrainingSet& set_;
  int threads_;
  int outputs_;
  int64_t part_rows_;
  double total_weight_ = 0;
  std::vector<Part> parts_;
};

}  // namespace slipway::train
