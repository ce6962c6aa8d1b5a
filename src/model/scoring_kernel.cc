#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "core/parallel.h"
#include "model/scorer.h"
#include "model/scoring_kernel_internal.h"

namespace slipway::model {
namespace {

// Rows of one piece of parallel work.
constexpr int64_t kChunkRows = 1024;
// Rows whose raw scores are held at a time.
constexpr int64_t kBlockRows = 256;

std::variant<ForestKernel, LinearScorer> BodyOf(const Scorer& scorer) {
  if (const auto* trees = std::get_if<TreeEnsemble>(&scorer.body)) return ForestKernel(*trees);
  return std::get<LinearScorer>(scorer.body);
}

// Column by column, as a matrix product sums.
void ScoreLinear(const LinearScorer& linear, const data::Matrix& matrix, int64_t begin, int64_t end,
                 double* raw) {
  const int64_t rows = end - begin;
  std::fill_n(raw, rows * linear.outputs, 0.0);
  for (int feature = 0; feature < linear.features; ++feature) {
    const float* values = matrix.Column(feature) + begin;
    for (int output = 0; output < linear.outputs; ++output) {
      const double weight = WeightOf(linear, output, feature);
      for (int64_t row = 0; row < rows; ++row)
        raw[row * linear.outputs + output] += weight * static_cast<double>(values[row]);
    }
  }
  for (int64_t row = 0; row < rows; ++row) {
    for (int output = 0; output < linear.outputs; ++output)
      raw[row * linear.outputs + output] += linear.intercepts[static_cast<size_t>(output)];
  }
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
    case Link::kLogit: {
      const double second = 1 / (1 + std::exp(-raw[0]));
      scores[0] = static_cast<float>(1 - second);
      scores[1] = static_cast<float>(second);
      break;
    }
    case Link::kSoftmax: Softmax(raw, scores); break;
    case Link::kIdentity: break;  // Has no classes.
  }
}

ScoringKernel::ScoringKernel(const Scorer& scorer)
    : body_(BodyOf(scorer)),
      link_(scorer.link),
      offset_(scorer.offset),
      outputs_(scorer.outputs()),
      classes_(scorer.classes()) {}

void ScoringKernel::ScoreRaw(const data::Matrix& matrix, int64_t begin, int64_t end,
                             Workspace* workspace) const {
  workspace->raw.resize(static_cast<size_t>((end - begin) * outputs_));
  const auto* forest = std::get_if<ForestKernel>(&body_);
  if (forest == nullptr) {
    ScoreLinear(std::get<LinearScorer>(body_), matrix, begin, end, workspace->raw.data());
    return;
  }
  workspace->sums.resize(workspace->raw.size());
  forest->Score(matrix, begin, end, workspace->sums.data());
  std::ranges::copy(workspace->sums, workspace->raw.begin());
}

void ScoringKernel::Classify(const data::Matrix& matrix, int64_t begin, int64_t end,
                             Workspace* workspace, float* scores) const {
  const auto* forest = std::get_if<ForestKernel>(&body_);
  if (forest != nullptr && link_ == Link::kProbability) {
    forest->Score(matrix, begin, end, scores);
    return;
  }
  ScoreRaw(matrix, begin, end, workspace);
  const auto outputs = static_cast<size_t>(outputs_);
  for (int64_t row = 0; row < end - begin; ++row) {
    const auto from =
        std::span(workspace->raw).subspan(static_cast<size_t>(row) * outputs, outputs);
    LinkScores(link_, from, scores + row * classes_);
  }
}

void ScoringKernel::Predict(const data::Matrix& matrix, int64_t begin, int64_t end, int64_t place,
                            Predictions* predictions) const {
  Workspace workspace;
  const int64_t block = link_ == Link::kProbability ? end - begin : kBlockRows;
  for (int64_t from = begin; from < end; from += block) {
    const int64_t to = std::min(from + block, end);
    const int64_t first = place + from - begin;
    if (link_ != Link::kIdentity) {
      Classify(matrix, from, to, &workspace, predictions->scores.data() + first * classes_);
      continue;
    }
    ScoreRaw(matrix, from, to, &workspace);
    std::ranges::transform(workspace.raw, predictions->values.begin() + first,
                           [&](double raw) { return raw + offset_; });
  }
  if (link_ == Link::kIdentity) return;
  for (int64_t row = place; row < place + end - begin; ++row) {
    const float* own = predictions->scores.data() + row * classes_;
    predictions->labels[static_cast<size_t>(row)] =
        static_cast<int32_t>(std::max_element(own, own + classes_) - own);
  }
}

Status PredictInBlocks(const ScoringKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions) {
  const auto chunks = static_cast<size_t>((matrix.rows + kChunkRows - 1) / kChunkRows);
  return ParallelFor(chunks, threads > 0 ? threads : AvailableCores(), [&](size_t chunk) -> Status {
    const int64_t begin = static_cast<int64_t>(chunk) * kChunkRows;
    kernel.Predict(matrix, begin, std::min(begin + kChunkRows, matrix.rows), begin, predictions);
    return {};
  });
}

Predictions PredictMatrix(const Scorer& scorer, const data::Matrix& matrix, int threads) {
  const ScoringKernel kernel(scorer);
  Predictions predictions = Predictions::Make(matrix.rows, kernel.classes());
  // An interrupt stops the blocks; the rest is done here, so that no caller ever sees half an
  // answer.
  if (!PredictInBlocks(kernel, matrix, threads, &predictions).ok())
    kernel.Predict(matrix, 0, matrix.rows, 0, &predictions);
  return predictions;
}

}  // namespace slipway::model
