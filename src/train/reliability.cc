#include <array>

#include "train/metrics_internal.h"

namespace slipway::train {

int32_t PositiveClass(const data::Target& target, int classes) {
  if (classes != 2) return -1;
  return target.positive >= 0 ? target.positive : 1;
}

size_t CalibrationBinOf(double score) {
  size_t bin = 0;
  while (bin + 1 < kCalibrationBins &&
         score > static_cast<double>(bin + 1) / static_cast<double>(kCalibrationBins)) {
    ++bin;
  }
  return bin;
}

std::vector<ReliabilityBin> Reliability(const data::Target& truth,
                                        const model::Predictions& predictions) {
  const int32_t positive = PositiveClass(truth, predictions.classes);
  std::array<ReliabilityBin, kCalibrationBins> bins;
  for (size_t row = 0; row < truth.classes.size(); ++row) {
    const int32_t looked_at = positive >= 0 ? positive : predictions.labels[row];
    const double score = predictions.Score(static_cast<int64_t>(row), looked_at);
    ReliabilityBin& bin = bins[CalibrationBinOf(score)];
    ++bin.rows;
    bin.score += score;
    bin.share += truth.classes[row] == looked_at ? 1 : 0;
  }
  std::vector<ReliabilityBin> filled;
  for (ReliabilityBin bin : bins) {
    if (bin.rows == 0) continue;
    bin.score /= static_cast<double>(bin.rows);
    bin.share /= static_cast<double>(bin.rows);
    filled.push_back(bin);
  }
  return filled;
}

}  // namespace slipway::train
