#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "train/logistic_loss_internal.h"

namespace slipway::train {
namespace {

// Rows whose scores stay in the first-level cache while the columns pass by.
constexpr int64_t kBlockRows = 512;
// Pieces of parallel work: their number bounds the memory of partial gradients.
constexpr int64_t kMostParts = 64;
constexpr int64_t kLeastPartRows = 4096;

int64_t PartRows(int64_t rows) {
  return std::max(kLeastPartRows, (rows + kMostParts - 1) / kMostParts);
}

}  // namespace

LogisticLoss::LogisticLoss(const TrainingSet& set, int threads)
    : set_(set),
      threads_(threads),
      outputs_(set.raw_scores()),
      part_rows_(PartRows(set.features.rows)),
      parts_(static_cast<size_t>((set.features.rows + part_rows_ - 1) / part_rows_)) {
  total_weight_ = set.TotalWeight();
  for (Part& part : parts_) {
    part.weights.resize(static_cast<size_t>(outputs_ * features()));
    part.intercepts.resize(static_cast<size_t>(outputs_));
    part.scores.resize(static_cast<size_t>(outputs_ * kBlockRows));
  }
}

void LogisticLoss::Derive(int64_t begin, int64_t rows, Part* part) const {
  const std::span<const int32_t> classes = set_.classes.subspan(static_cast<size_t>(begin));
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t truth = classes[static_cast<size_t>(row)];
    const double weight = set_.WeightOf(static_cast<size_t>(begin + row));
    double* own = part->scores.data() + row;
    if (outputs_ == 1) {
      const double score = *own, power = std::exp(-std::abs(score));
      const double second = score >= 0 ? 1 / (1 + power) : power / (1 + power);
      part->loss += weight * (std::max(score, 0.0) + std::log1p(power) - truth * score);
      *own = weight * (second - truth);
      continue;
    }
    double highest = own[0], sum = 0;
    for (int k = 1; k < outputs_; ++k) highest = std::max(highest, own[k * kBlockRows]);
    part->loss += weight * (highest - own[truth * kBlockRows]);
    for (int k = 0; k < outputs_; ++k) {
      own[k * kBlockRows] = std::exp(own[k * kBlockRows] - highest);
      sum += own[k * kBlockRows];
    }
    part->loss += weight * std::log(sum);
    for (int k = 0; k < outputs_; ++k)
      own[k * kBlockRows] = weight * (own[k * kBlockRows] / sum - (k == truth ? 1 : 0));
  }
}

void LogisticLoss::AddRows(int64_t begin, int64_t end, std::span<const double> weights,
                           std::span<const double> intercepts, Part* part) const {
  part->loss = 0;
  std::ranges::fill(part->weights, 0.0);
  std::ranges::fill(part->intercepts, 0.0);
  const auto columns = static_cast<size_t>(features());
  for (int64_t from = begin; from < end; from += kBlockRows) {
    const int64_t rows = std::min(kBlockRows, end - from);
    for (int k = 0; k < outputs_; ++k) {
      double* scores = part->scores.data() + k * kBlockRows;
      std::fill_n(scores, rows, intercepts[static_cast<size_t>(k)]);
      for (size_t column = 0; column < columns; ++column) {
        const double weight = weights[static_cast<size_t>(k) * columns + column];
        if (weight == 0) continue;
        const float* values = set_.features.Column(static_cast<int64_t>(column)) + from;
        for (int64_t row = 0; row < rows; ++row)
          scores[row] += weight * static_cast<double>(values[row]);
      }
    }
    Derive(from, rows, part);
    for (int k = 0; k < outputs_; ++k) {
      const double* derivatives = part->scores.data() + k * kBlockRows;
      for (size_t column = 0; column < columns; ++column) {
        const float* values = set_.features.Column(static_cast<int64_t>(column)) + from;
        // Four sums side by side, in an order that does not change.
        double sums[4] = {0, 0, 0, 0};
        int64_t row = 0;
        for (; row + 4 <= rows; row += 4) {
          for (int lane = 0; lane < 4; ++lane)
            sums[lane] += derivatives[row + lane] * static_cast<double>(values[row + lane]);
        }
        for (; row < rows; ++row) sums[0] += derivatives[row] * static_cast<double>(values[row]);
        part->weights[static_cast<size_t>(k) * columns + column] +=
            (sums[0] + sums[1]) + (sums[2] + sums[3]);
      }
      for (int64_t row = 0; row < rows; ++row)
        part->intercepts[static_cast<size_t>(k)] += derivatives[row];
    }
  }
}

double LogisticLoss::Evaluate(std::span<const double> weights, std::span<const double> intercepts,
                              std::span<double> weight_gradient,
                              std::span<double> intercept_gradient) {
  // An interrupt leaves parts undone; who minimizes looks for it and drops the result.
  (void)ParallelFor(parts_.size(), threads_, [&](size_t part) -> Status {
    const int64_t begin = static_cast<int64_t>(part) * part_rows_;
    AddRows(begin, std::min(begin + part_rows_, set_.features.rows), weights, intercepts,
            &parts_[part]);
    return {};
  });
  std::ranges::fill(weight_gradient, 0.0);
  std::ranges::fill(intercept_gradient, 0.0);
  double loss = 0;
  for (const Part& part : parts_) {
    loss += part.loss;
    for (size_t i = 0; i < part.weights.size(); ++i) weight_gradient[i] += part.weights[i];
    for (size_t k = 0; k < part.intercepts.size(); ++k) intercept_gradient[k] += part.intercepts[k];
  }
  for (double& one : weight_gradient) one /= total_weight_;
  for (double& one : intercept_gradient) one /= total_weight_;
  return loss / total_weight_;
}

}  // namespace slipway::train
