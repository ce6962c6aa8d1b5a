#include <cstring>
#include <optional>
#include <string>

#include "data/preprocessing.h"
#include "model/scorer.h"
#include "pipeline/answer_fit_internal.h"

namespace slipway::pipeline {
namespace {

std::string NameOf(int fold) { return FoldName(fold) + "-scores"; }

Result<HeldOut> ScoreValidationPart(const RunState& state, const train::TrainedModel& model) {
  HeldOut held_out;
  held_out.part = "validation";
  held_out.rows = state.split.RowsOf(data::Part::kValidation);
  SLIPWAY_ASSIGN_OR_RETURN(
      const data::Matrix matrix,
      data::ApplyPreprocessing(model.plan, state.table, held_out.rows, state.threads));
  held_out.raw = model::RawScores(model.scorer, matrix, state.threads);
  return held_out;
}

}  // namespace

FoldScores::FoldScores(RunState& state, int folds) : state_(state) {
  if (NeedsHeldOut(state.config().model)) scores_.resize(static_cast<size_t>(folds));
}

std::vector<double>* FoldScores::Of(int fold) {
  return wanted() ? &scores_[static_cast<size_t>(fold)] : nullptr;
}

Status FoldScores::Keep(int fold) {
  if (!wanted()) return {};
  const std::vector<double>& scores = scores_[static_cast<size_t>(fold)];
  std::string bytes(scores.size() * sizeof(double), '\0');
  std::memcpy(bytes.data(), scores.data(), bytes.size());
  return state_.cache.Put(state_.keys.train, NameOf(fold), bytes);
}

bool FoldScores::Take(int fold) {
  if (!wanted()) return true;
  const std::optional<std::string> bytes = state_.cache.Get(state_.keys.train, NameOf(fold));
  if (!bytes) return false;
  std::vector<double>& scores = scores_[static_cast<size_t>(fold)];
  scores.resize(bytes->size() / sizeof(double));
  std::memcpy(scores.data(), bytes->data(), scores.size() * sizeof(double));
  return true;
}

Result<HeldOut> FoldScores::HeldOutRows(const train::TrainedModel& model) const {
  if (!wanted()) return ScoreValidationPart(state_, model);
  HeldOut held_out;
  held_out.part = "cross-validation";
  for (int fold = 0; fold < static_cast<int>(scores_.size()); ++fold) {
    SLIPWAY_ASSIGN_OR_RETURN(const train::FoldRows rows, train::RowsOfFold(state_.split, fold));
    const std::vector<double>& scores = scores_[static_cast<size_t>(fold)];
    held_out.rows.insert(held_out.rows.end(), rows.test.begin(), rows.test.end());
    held_out.raw.insert(held_out.raw.end(), scores.begin(), scores.end());
  }
  return held_out;
}

}  // namespace slipway::pipeline
