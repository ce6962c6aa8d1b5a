// Calibration and decision threshold of a model: fitted after it, on rows that it did not learn
// from.
#pragma once

#include <cstdint>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "pipeline/run_state_internal.h"
#include "train/types.h"

namespace slipway::pipeline {

// Rows that models gave raw scores (rows × outputs) without having learned from them.
struct HeldOut {
  std::vector<int64_t> rows;
  std::vector<double> raw;
  const char* part = "";  // "cross-validation", "validation"
};

// Whether anything is to be found on held-out rows.
bool NeedsHeldOut(const config::ModelConfig& model);

// Raw scores of the folds' rows, by the model of the fold that each is in: kept where something is
// to be found on them. Different folds may be used from different threads.
class FoldScores {
 public:
  // `state` outlives it.
  FoldScores(RunState& state, int folds);

  bool wanted() const { return !scores_.empty(); }
  // Where a fold's scores go; nullptr where nobody wants them.
  std::vector<double>* Of(int fold);
  // Into the cache and out of it; false where they are wanted and not there.
  Status Keep(int fold);
  bool Take(int fold);

  // Every row that a fold scores; without folds the validation part, scored by `model`.
  Result<HeldOut> HeldOutRows(const train::TrainedModel& model) const;

 private:
  RunState& state_;
  std::vector<std::vector<double>> scores_;
};

// Gives the model's scorer its calibration, fitted on `held_out`, and its threshold, chosen on the
// same rows as they are answered then; notes in `state` what they do. Each class has a row there
// (CheckAskedOfSplit).
Status FitAnswer(RunState& state, const HeldOut& held_out, train::TrainedModel* model);

// The notes into the cache, and from there; false where they are not there.
Status KeepAnswer(RunState& state);
bool TakeAnswer(RunState& state);

}  // namespace slipway::pipeline
