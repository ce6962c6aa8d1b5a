// Looking for hyper-parameters before the folds and the final model are fitted.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/clock.h"
#include "core/random.h"
#include "core/text.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/run_state_internal.h"
#include "pipeline/settings_check.h"
#include "train/halving.h"
#include "train/search_space.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

constexpr uint64_t kCandidateStream = uint64_t{1} << 41U;
constexpr uint64_t kShareStream = kCandidateStream + 1;

// Of the configured folds; without any, the validation part is scored. A trainer of ours gets the
// rows that count, of which shares are taken.
Result<std::vector<train::FoldRows>> RowsToSearchBy(const RunState& state) {
  std::vector<train::FoldRows> all;
  const int folds = state.config().model.training_config.cross_validation;
  for (int fold = 0; fold < folds; ++fold) {
    SLIPWAY_ASSIGN_OR_RETURN(train::FoldRows rows, train::RowsOfFold(state.split, fold));
    all.push_back(std::move(rows));
  }
  if (folds == 0) {
    all.push_back(
        {state.split.RowsOf(data::Part::kTrain), state.split.RowsOf(data::Part::kValidation)});
  }
  if (ComesAsGraph(state.config().model)) return all;
  for (train::FoldRows& rows : all)
    rows.train = train::RowsThatCount(state.row_weights, rows.train);
  return all;
}

// What is tried: where the space is the trainer's own, the configured values first.
Result<std::vector<Json>> Candidates(const RunState& state) {
  const config::ModelConfig& model = state.config().model;
  SLIPWAY_ASSIGN_OR_RETURN(const Json written, SearchSpaceOf(model));
  SLIPWAY_ASSIGN_OR_RETURN(const train::SearchSpace space, train::ParseSearchSpace(written));
  std::vector<Json> candidates;
  if (model.search_space.is_null()) candidates.push_back(Json::object());
  for (Json& drawn :
       train::DrawCandidates(space, model.search.trials - static_cast<int>(candidates.size()),
                             DeriveSeed(ModelSeed(model), kCandidateStream))) {
    candidates.push_back(std::move(drawn));
  }
  return candidates;
}

// The configuration with the hyper-parameters of a trial.
config::Config WithTrial(const config::Config& config, const Json& hyperparameters) {
  config::Config changed = config;
  if (!changed.model.hyperparameters.is_object()) changed.model.hyperparameters = Json::object();
  changed.model.hyperparameters.update(hyperparameters);
  return changed;
}

// The fits of the trials. Each that was done is in the cache, whatever then becomes of the search.
class TrialFits {
 public:
  static Result<TrialFits> Make(RunState& state) {
    TrialFits fits(state);
    SLIPWAY_ASSIGN_OR_RETURN(fits.rows_, RowsToSearchBy(state));
    SLIPWAY_ASSIGN_OR_RETURN(fits.search_.candidates, Candidates(state));
    if (!ComesAsGraph(state.config().model)) {
      SLIPWAY_ASSIGN_OR_RETURN(fits.trainer_, train::MakeTrainer(state.config().model.model_type));
    }
    for (const Json& candidate : fits.search_.candidates) {
      fits.configs_.push_back(WithTrial(state.config(), candidate));
    }
    fits.search_.metric = MetricOr(state, state.config().model.search.metric);
    fits.search_.folds = static_cast<int>(fits.rows_.size());
    fits.search_.least_rows = std::ssize(fits.rows_.front().train);
    for (const train::FoldRows& rows : fits.rows_) {
      fits.search_.rows += std::ssize(rows.train);
      fits.search_.least_rows = std::min(fits.search_.least_rows, std::ssize(rows.train));
    }
    fits.search_.rows /= fits.search_.folds;
    // Programs run one after another, as each may use all cores by itself.
    fits.search_.threads = fits.trainer_ == nullptr ? 1 : state.threads;
    return fits;
  }

  Result<train::SearchOutcome> Run() {
    const Stopwatch watch;
    return train::SearchByHalving(
        search_,
        {.score = [this](int trial, double share, int fold,
                         int threads) { return Score(trial, share, fold, threads); },
         .out_of_time = [&] { return watch.seconds() > state_->config().model.search.seconds; },
         .progress =
             [this](int64_t done, int64_t total) {
               state_->progress.Advance("search", done, total, "fits");
             }});
  }

 private:
  explicit TrialFits(RunState& state) : state_(&state) {}

  Result<double> Score(int trial, double share, int fold, int threads) {
    const config::Config& config = configs_[static_cast<size_t>(trial)];
    const std::string key = TrialKey(state_->keys, config, state_->graph_digest, share, fold);
    std::optional<train::FoldResult> result = TakeFoldResult(*state_, key, kTrialName);
    if (!result) {
      SLIPWAY_ASSIGN_OR_RETURN(result, Fit(config, share, fold, threads));
      SLIPWAY_RETURN_IF_ERROR(state_->cache.PutJson(key, kTrialName, train::ToJson(*result)));
    }
    const auto value = result->metrics.find(search_.metric);
    return value == result->metrics.end() ? std::numeric_limits<double>::quiet_NaN()
                                          : value->second;
  }

  Result<train::FoldResult> Fit(const config::Config& config, double share, int fold, int threads) {
    const uint64_t seed = DeriveSeed(ModelSeed(config.model), kShareStream);
    const train::FoldRows rows =
        train::TakeShare(rows_[static_cast<size_t>(fold)], state_->target, share,
                         DeriveSeed(seed, static_cast<uint64_t>(fold)));
    if (trainer_ == nullptr) {
      return FitGraphFold(*state_, FitInputOf(*state_, config, state_->threads), rows, fold);
    }
    return train::FitFold(*trainer_, FitInputOf(*state_, config, threads), rows, fold);
  }

  RunState* state_;
  std::unique_ptr<train::Trainer> trainer_;  // Null for a program of the user's.
  std::vector<train::FoldRows> rows_;        // One a fold.
  std::vector<config::Config> configs_;      // One a trial.
  train::Search search_;
};

std::string SearchSummary(const train::SearchOutcome& outcome) {
  const train::Trial& chosen = outcome.chosen();
  const train::Spread spread = train::SpreadOf(chosen.rungs.back().scores);
  const auto failed = std::ranges::count_if(
      outcome.trials, [](const train::Trial& trial) { return !trial.failure.empty(); });
  std::string summary =
      fmt::format("{} · {} {:.3f}", Plural(std::ssize(outcome.trials), "trial", "trials"),
                  outcome.metric, spread.mean);
  if (spread.deviation > 0) summary += fmt::format(" ± {:.3f}", spread.deviation);
  summary += " · " + train::InWords(chosen);
  if (failed > 0) summary += fmt::format(" · {} could not be fitted", failed);
  if (outcome.out_of_time) summary += " · out of time";
  return summary;
}

}  // namespace

Result<StepEnd> SearchStep(RunState& state) {
  StepEnd end;
  const std::optional<Json> kept = state.cache.GetJson(state.keys.search, "search");
  auto outcome = kept ? train::SearchOutcomeFromJson(*kept)
                      : Error(ErrorCode::kNotFound, "no search is in the cache");
  end.cached = outcome.ok();
  if (!end.cached) {
    SLIPWAY_ASSIGN_OR_RETURN(TrialFits fits, TrialFits::Make(state));
    outcome = fits.Run();
    if (!outcome.ok()) return Placed(std::move(outcome).error(), state.loaded);
    // Kept before anything is fitted with it: who goes on after an interrupt chooses the same.
    SLIPWAY_RETURN_IF_ERROR(
        state.cache.PutJson(state.keys.search, "search", train::ToJson(*outcome)));
  }
  state.tuned = WithTrial(state.config(), outcome->chosen().hyperparameters);
  AddHyperparameters(state.tuned->model.hyperparameters, &state.keys);
  state.report.hyperparameters = state.tuned->model.hyperparameters;
  state.report.search = *std::move(outcome);
  const train::SearchOutcome& search = state.report.search;
  end.summary = SearchSummary(search);
  end.facts = {{"metric", search.metric},
               {"trials", search.trials.size()},
               {"out_of_time", search.out_of_time},
               {"mean", search.chosen().rungs.back().mean()},
               {"hyperparameters", search.chosen().hyperparameters}};
  return end;
}

}  // namespace slipway::pipeline
