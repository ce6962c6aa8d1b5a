#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "train/boosting_options_internal.h"

namespace slipway::train {
namespace {

using Options = BoostingOptions;

constexpr int64_t kMostRounds = 100'000;
constexpr int64_t kDefaultBins = 256;
// scikit-learn's HistGradientBoosting stops by as many.
constexpr int64_t kEarlyStoppingPatience = 10;

bool ReadLoss(const Json& value, Options* options) {
  if (value.is_null()) {
    options->loss.reset();
  } else if (value == "log_loss") {
    options->loss = BoostingLoss::kLogLoss;
  } else if (value == "squared_error") {
    options->loss = BoostingLoss::kSquaredError;
  } else {
    return false;
  }
  return true;
}

Status CheckLoss(const Options& options, bool regression) {
  if (!options.loss || (*options.loss == BoostingLoss::kSquaredError) == regression) return {};
  return Error(ErrorCode::kInvalidInput,
               regression ? "this loss is of classes, and the target is a number to estimate"
                          : "this loss is of numbers, and the target has classes")
      .At(HyperparameterLocation("loss"))
      .Expected(regression ? "\"squared_error\" or null" : "\"log_loss\" or null");
}

const HyperparameterRules<Options>& Rules() {
  constexpr double kLargest = std::numeric_limits<double>::max();
  static const HyperparameterRules<Options> rules = {
      {{"n_estimators", "int", "100", "Rounds; each grows a tree, one a class for more than two."},
       "a whole number from 1 to 100000",
       [](const Json& v, Options* o) { return ReadInteger(v, 1, kMostRounds, &o->n_estimators); }},
      {{"loss", "text or null", "null",
        "What is lowered: log_loss (the negative log-likelihood; null for classes) or "
        "squared_error (null for numbers)."},
       "\"log_loss\", \"squared_error\" or null",
       ReadLoss},
      {{"learning_rate", "float", "0.1", "What each tree's step is multiplied by."},
       "a number above 0",
       [](const Json& v, Options* o) {
         return ReadNumber(v, std::numeric_limits<double>::min(), kLargest, &o->learning_rate);
       }},
      {{"max_depth", "int or null", "3", "Longest path from root to leaf; null for no limit."},
       "a whole number from 1, or null",
       [](const Json& v, Options* o) {
         return ReadIntegerOrNull(v, 1, kLargestCount, &o->max_depth);
       }},
      MaxLeafNodesRule<Options>(),
      MinSamplesSplitRule<Options>(),
      MinSamplesLeafRule<Options>(),
      {{"subsample", "float", "1.0", "Share of the rows that each tree learns from."},
       "a share above 0.0 and up to 1.0",
       [](const Json& v, Options* o) {
         return ReadNumber(v, std::numeric_limits<double>::min(), 1, &o->subsample);
       }},
      {{"max_features", "int, float or null", "null",
        "Columns tried at each split: a count, a share, or null for all."},
       "a whole number from 1, a share above 0.0 and up to 1.0, or null",
       [](const Json& v, Options* o) { return ReadAmountOrNull(v, 1, &o->max_features); }},
      {{"l2_regularization", "float", "0.0",
        "Added to a leaf's second derivatives: shorter steps."},
       "a number from 0.0",
       [](const Json& v, Options* o) { return ReadNumber(v, 0, kLargest, &o->l2_regularization); }},
      {{"n_iter_no_change", "int or null", "null",
        "Rounds without progress on held-out rows that end the fit; null for all rounds."},
       "a whole number from 1, or null",
       [](const Json& v, Options* o) {
         return ReadIntegerOrNull(v, 1, kMostRounds, &o->n_iter_no_change);
       }},
      {{"validation_fraction", "float", "0.1", "Share of the rows held out for n_iter_no_change."},
       "a share above 0.0 and below 1.0",
       [](const Json& v, Options* o) {
         return ReadNumber(v, std::numeric_limits<double>::min(), 1, &o->validation_fraction) &&
                o->validation_fraction < 1;
       }},
      {{"tol", "float", "0.0001", "Least progress of the held-out loss that counts as such."},
       "a number from 0.0",
       [](const Json& v, Options* o) { return ReadNumber(v, 0, kLargest, &o->tol); }},
      ClassWeightRule<Options>(),
      {{"random_state", "int or null", "null", "Seed of what is drawn; null takes the run's."},
       "a whole number from 0 to 4294967295, or null",
       [](const Json& v, Options* o) { return ReadSeed(v, &o->random_state); }},
      {{"n_jobs", "int or null", "null",
        "Threads at most; null or -1 for all. The trees are the same on any number."},
       "a whole number other than 0, or null",
       [](const Json& v, Options* o) { return ReadJobs(v, &o->n_jobs); }},
      {{"max_bins", "int or null", "null", "Candidate thresholds a column; null for 256."},
       "a whole number from 2 to 256, or null",
       [](const Json& v, Options* o) { return ReadIntegerOrNull(v, 2, 256, &o->max_bins); }},
      // What scikit-learn's get_params() gives besides: taken where it asks for nothing else.
      {{"criterion", "text", "friedman_mse",
        "Taken, and without effect: a split's worth is what a Newton step gains."},
       "\"friedman_mse\" or \"squared_error\"",
       [](const Json& v, Options*) { return v == "friedman_mse" || v == "squared_error"; }},
      {{"min_weight_fraction_leaf", "float", "0.0", "Share of weight a leaf, which is not there."},
       "0.0",
       [](const Json& v, Options*) { return v == 0; }},
      {{"min_impurity_decrease", "float", "0.0", "Least worth of a split, which is not there."},
       "0.0",
       [](const Json& v, Options*) { return v == 0; }},
      {{"init", "null", "null", "Another model to start from, which is not there."},
       "null",
       [](const Json& v, Options*) { return v.is_null(); }},
      {{"ccp_alpha", "float", "0.0", "Pruning, which is not there."},
       "0.0",
       [](const Json& v, Options*) { return v == 0; }},
      {{"warm_start", "bool", "false", "Going on from an earlier fit, which is not there."},
       "false",
       [](const Json& v, Options*) { return v == false; }},
      {{"verbose", "int", "0", "What fitting prints: nothing; progress is shown anyway."},
       "0",
       [](const Json& v, Options*) { return v == 0; }},
  };
  return rules;
}

}  // namespace

const std::vector<HyperparameterDoc>& BoostingHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = DocsOf(Rules());
  return docs;
}

Result<BoostingOptions> ParseBoostingOptions(const Json& hyperparameters) {
  return ParseHyperparameters("gradient_boosting", Rules(), hyperparameters);
}

Result<BoostingPlan> PlanBoosting(const BoostingOptions& options, const TrainingShape& shape,
                                  const FitSettings& settings) {
  SLIPWAY_RETURN_IF_ERROR(CheckLoss(options, shape.regression));
  const int64_t rows = shape.rows, columns = shape.columns;
  BoostingPlan plan;
  plan.rounds = options.n_estimators;
  plan.learning_rate = options.learning_rate;
  plan.row_share = options.subsample;
  plan.max_depth = options.max_depth;
  plan.max_leaves = options.max_leaf_nodes;
  plan.min_split = CountOf(options.min_samples_split, rows, 2);
  plan.min_leaf = CountOf(options.min_samples_leaf, rows, 1);
  plan.l2 = options.l2_regularization;
  plan.features_per_node = columns;
  if (options.max_features) {
    const Amount& amount = *options.max_features;
    const double count = amount.share ? *amount.share * static_cast<double>(columns)
                                      : static_cast<double>(amount.count);
    plan.features_per_node = std::clamp<int64_t>(static_cast<int64_t>(count), 1, columns);
  }
  plan.patience = options.n_iter_no_change;
  if (plan.patience == 0 && settings.early_stopping) plan.patience = kEarlyStoppingPatience;
  plan.validation_share = options.validation_fraction;
  plan.tol = options.tol;
  plan.max_bins = options.max_bins > 0 ? options.max_bins : kDefaultBins;
  plan.seed = options.random_state ? *options.random_state : settings.seed;
  plan.threads = ThreadsFor(options.n_jobs, settings.threads);
  return plan;
}

}  // namespace slipway::train
