#include <algorithm>
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

}  // namespace

ScoringKernel::ScoringKernel(const Scorer& scorer)
    : body_(BodyOf(scorer)),
      link_(scorer),
      regression_(scorer.link == Link::kIdentity),
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
  if (forest != nullptr && link_.plain()) {
    forest->Score(matrix, begin, end, scores);
    return;
  }
  ScoreRaw(matrix, begin, end, workspace);
  const auto outputs = static_cast<size_t>(outputs_);
  for (int64_t row = 0; row < end - begin; ++row) {
    const auto from =
        std::span(workspace->raw).subspan(static_cast<size_t>(row) * outputs, outputs);
    link_.Probabilities(from, scores + row * classes_);
  }
}

void ScoringKernel::Predict(const data::Matrix& matrix, int64_t begin, int64_t end, int64_t place,
                            Predictions* predictions) const {
  Workspace workspace;
  const int64_t block = link_.plain() ? end - begin : kBlockRows;
  for (int64_t from = begin; from < end; from += block) {
    const int64_t to = std::min(from + block, end);
    const int64_t first = place + from - begin;
    if (!regression_) {
      Classify(matrix, from, to, &workspace, predictions->scores.data() + first * classes_);
      continue;
    }
    ScoreRaw(matrix, from, to, &workspace);
    std::ranges::transform(workspace.raw, predictions->values.begin() + first,
                           [&](double raw) { return raw + offset_; });
  }
  if (regression_) return;
  for (int64_t row = place; row < place + end - begin; ++row) {
    predictions->labels[static_cast<size_t>(row)] =
        link_.LabelOf(predictions->scores.data() + row * classes_);
  }
}

void ScoringKernel::ScoreRaw(const data::Matrix& matrix, int64_t begin, int64_t end,
                             double* raw) const {
  Workspace workspace;
  ScoreRaw(matrix, begin, end, &workspace);
  std::ranges::copy(workspace.raw, raw);
}

namespace {

// Calls `work` for pieces of `rows` rows, side by side; fails only when interrupted.
template <typename Work>
Status InChunks(int64_t rows, int threads, const Work& work) {
  const auto chunks = static_cast<size_t>((rows + kChunkRows - 1) / kChunkRows);
  return ParallelFor(chunks, threads > 0 ? threads : AvailableCores(), [&](size_t chunk) -> Status {
    const int64_t begin = static_cast<int64_t>(chunk) * kChunkRows;
    work(begin, std::min(begin + kChunkRows, rows));
    return {};
  });
}

}  // namespace

Status PredictInBlocks(const ScoringKernel& kernel, const data::Matrix& matrix, int threads,
                       Predictions* predictions) {
  return InChunks(matrix.rows, threads, [&](int64_t begin, int64_t end) {
    kernel.Predict(matrix, begin, end, begin, predictions);
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

std::vector<double> RawScores(const Scorer& scorer, const data::Matrix& matrix, int threads) {
  const ScoringKernel kernel(scorer);
  const int64_t outputs = scorer.outputs();
  std::vector<double> raw(static_cast<size_t>(matrix.rows * outputs));
  const Status done = InChunks(matrix.rows, threads, [&](int64_t begin, int64_t end) {
    kernel.ScoreRaw(matrix, begin, end, raw.data() + begin * outputs);
  });
  if (!done.ok()) kernel.ScoreRaw(matrix, 0, matrix.rows, raw.data());
  return raw;
}

Predictions PredictRaw(const Scorer& scorer, std::vector<double> raw) {
  const ScoreLink link(scorer);
  const auto outputs = static_cast<size_t>(scorer.outputs());
  Predictions predictions =
      Predictions::Make(static_cast<int64_t>(raw.size() / outputs), scorer.classes());
  for (int64_t row = 0; row < predictions.rows; ++row) {
    float* own = predictions.scores.data() + row * predictions.classes;
    link.Probabilities(std::span(raw).subspan(static_cast<size_t>(row) * outputs, outputs), own);
    predictions.labels[static_cast<size_t>(row)] = link.LabelOf(own);
  }
  return predictions;
}

}  // namespace slipway::model
