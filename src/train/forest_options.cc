#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/text.h"
#include "model/tree_ensemble.h"
#include "train/forest_options_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kDefaultBins = 256;

bool ReadMaxFeatures(const Json& value, ForestOptions* options) {
  if (value.is_null()) {
    options->max_features = FeatureRule::kAll;
  } else if (value == "sqrt") {
    options->max_features = FeatureRule::kSquareRoot;
  } else if (value == "log2") {
    options->max_features = FeatureRule::kLogarithm;
  } else if (ReadAmount(value, 1, &options->max_features_amount)) {
    options->max_features = FeatureRule::kAmount;
  } else {
    return false;
  }
  return true;
}

bool ReadCriterion(const Json& value, ForestOptions* options) {
  // scikit-learn's friedman_mse orders the splits of a node as the squared error does.
  if (value.is_null()) {
    options->criterion.reset();
  } else if (value == "gini") {
    options->criterion = Criterion::kGini;
  } else if (value == "entropy" || value == "log_loss") {
    options->criterion = Criterion::kEntropy;
  } else if (value == "squared_error" || value == "friedman_mse") {
    options->criterion = Criterion::kSquaredError;
  } else {
    return false;
  }
  return true;
}

using Rules = HyperparameterRules<ForestOptions>;

const Rules& ForestRules() {
  using Options = ForestOptions;
  static const Rules rules = {
      {{"n_estimators", "int", "100", "Trees in the forest."},
       "a whole number from 1 to 32768",
       [](const Json& v, Options* o) {
         return ReadInteger(v, 1, model::kMostTrees, &o->n_estimators);
       }},
      {{"criterion", "text or null", "null",
        "Measure of a split: gini (impurity; null for classes), or entropy (Shannon's), also "
        "called "
        "log_loss; of numbers squared_error (null), also called friedman_mse."},
       "\"gini\", \"entropy\", \"log_loss\", \"squared_error\", \"friedman_mse\" or null",
       ReadCriterion},
      {{"max_depth", "int or null", "null",
        "Longest path from root to leaf; null grows until the leaves are pure."},
       "a whole number from 1, or null",
       [](const Json& v, Options* o) {
         return ReadIntegerOrNull(v, 1, kLargestCount, &o->max_depth);
       }},
      MinSamplesSplitRule<Options>(),
      MinSamplesLeafRule<Options>(),
      {{"min_weight_fraction_leaf", "float", "0.0",
        "Share of the rows' total weight that each leaf keeps."},
       "a number from 0.0 to 0.5",
       [](const Json& v, Options* o) {
         return ReadNumber(v, 0, 0.5, &o->min_weight_fraction_leaf);
       }},
      {{"max_features", "text, int, float or null", "sqrt",
        "Columns tried at each split: sqrt or log2 of all, a count, a share, or null for all, "
        "which is the default of numbers. Categories count one a value."},
       "\"sqrt\", \"log2\", a whole number from 1, a share above 0.0 and up to 1.0, or null",
       ReadMaxFeatures},
      MaxLeafNodesRule<Options>(),
      {{"min_impurity_decrease", "float", "0.0",
        "A split lowers the weighted impurity by at least this."},
       "a number from 0.0",
       [](const Json& v, Options* o) {
         return ReadNumber(v, 0, std::numeric_limits<double>::max(), &o->min_impurity_decrease);
       }},
      {{"bootstrap", "bool", "true",
        "Each tree learns from rows drawn with replacement; false gives it all rows."},
       "true or false",
       [](const Json& v, Options* o) { return ReadBool(v, &o->bootstrap); }},
      {{"max_samples", "int, float or null", "null",
        "Rows drawn for each tree; with a point a share; null for as many as there are."},
       "a whole number from 1, a share above 0.0 and up to 1.0, or null",
       [](const Json& v, Options* o) { return ReadAmountOrNull(v, 1, &o->max_samples); }},
      ClassWeightRule<Options>(),
      {{"random_state", "int or null", "null", "Seed of the forest; null takes the run's."},
       "a whole number from 0 to 4294967295, or null",
       [](const Json& v, Options* o) { return ReadSeed(v, &o->random_state); }},
      {{"n_jobs", "int or null", "null",
        "Threads at most; null or -1 for all. The forest is the same on any number."},
       "a whole number other than 0, or null",
       [](const Json& v, Options* o) { return ReadJobs(v, &o->n_jobs); }},
      // What scikit-learn's get_params() gives besides: taken where it asks for nothing.
      {{"ccp_alpha", "float", "0.0", "Pruning, which this forest does not do."},
       "0.0",
       [](const Json& v, Options*) { return v == 0; }},
      {{"oob_score", "bool", "false",
        "Scores by rows not drawn; cross-validation is there instead."},
       "false",
       [](const Json& v, Options*) { return v == false; }},
      {{"warm_start", "bool", "false",
        "Adding trees to an earlier fit, which this forest does not."},
       "false",
       [](const Json& v, Options*) { return v == false; }},
      {{"verbose", "int", "0", "What fitting prints: nothing; progress is shown anyway."},
       "0",
       [](const Json& v, Options*) { return v == 0; }},
      {{"monotonic_cst", "null", "null", "Monotonic constraints, which this forest does not know."},
       "null",
       [](const Json& v, Options*) { return v.is_null(); }},
      {{"max_bins", "int or null", "null",
        "Candidate thresholds a column, at quantiles; null for 256. Slipway's own."},
       "a whole number from 2 to 65535, or null",
       [](const Json& v, Options* o) { return ReadIntegerOrNull(v, 2, 65535, &o->max_bins); }},
  };
  return rules;
}

// What no single hyper-parameter can tell.
void CheckTogether(const ForestOptions& options, std::vector<Error>* errors) {
  if (!options.max_samples || options.bootstrap) return;
  errors->push_back(Error(ErrorCode::kInvalidInput, "rows are only drawn where bootstrap is true")
                        .At(HyperparameterLocation("max_samples"))
                        .Expected("null beside bootstrap: false"));
}

int64_t FeaturesPerNode(const ForestOptions& options, int64_t columns, bool regression) {
  const auto all = static_cast<double>(columns);
  double features = all;
  switch (options.max_features) {
    case FeatureRule::kDefault: features = regression ? all : std::sqrt(all); break;
    case FeatureRule::kSquareRoot: features = std::sqrt(all); break;
    case FeatureRule::kLogarithm: features = std::log2(all); break;
    case FeatureRule::kAll: break;
    case FeatureRule::kAmount: {
      const Amount& amount = options.max_features_amount;
      features = amount.share ? *amount.share * all : static_cast<double>(amount.count);
    }
  }
  return std::clamp<int64_t>(static_cast<int64_t>(features), 1, std::max<int64_t>(columns, 1));
}

Result<int64_t> SamplesPerTree(const ForestOptions& options, int64_t rows) {
  if (!options.max_samples) return rows;
  if (options.max_samples->share) {
    const double samples = *options.max_samples->share * static_cast<double>(rows);
    return std::max<int64_t>(1, static_cast<int64_t>(samples));
  }
  if (options.max_samples->count > rows) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} rows a tree, and training has {}",
                             FormatCount(options.max_samples->count), FormatCount(rows)))
        .At(HyperparameterLocation("max_samples"))
        .Expected(fmt::format("at most {}", rows))
        .Try("a share such as 0.5");
  }
  return options.max_samples->count;
}

Result<Criterion> CriterionFor(const ForestOptions& options, bool regression) {
  if (!options.criterion) return regression ? Criterion::kSquaredError : Criterion::kGini;
  if ((*options.criterion == Criterion::kSquaredError) == regression) return *options.criterion;
  return Error(ErrorCode::kInvalidInput,
               regression ? "this criterion parts classes, and the target is a number to estimate"
                          : "this criterion is of numbers, and the target has classes")
      .At(HyperparameterLocation("criterion"))
      .Expected(regression ? "\"squared_error\" or null" : "\"gini\", \"entropy\" or null");
}

}  // namespace

const std::vector<HyperparameterDoc>& ForestHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = DocsOf(ForestRules());
  return docs;
}

Result<ForestOptions> ParseForestOptions(const Json& hyperparameters) {
  return ParseHyperparameters("random_forest", ForestRules(), hyperparameters, CheckTogether);
}

Result<ForestPlan> PlanForest(const ForestOptions& options, const TrainingShape& shape,
                              const FitSettings& settings) {
  const int64_t rows = shape.rows;
  ForestPlan plan;
  plan.trees = options.n_estimators;
  SLIPWAY_ASSIGN_OR_RETURN(plan.criterion, CriterionFor(options, shape.regression));
  plan.max_depth = options.max_depth;
  plan.features_per_node = FeaturesPerNode(options, shape.columns, shape.regression);
  SLIPWAY_ASSIGN_OR_RETURN(plan.samples_per_tree, SamplesPerTree(options, rows));
  plan.bootstrap = options.bootstrap;
  plan.min_leaf = CountOf(options.min_samples_leaf, rows, 1);
  plan.min_split = CountOf(options.min_samples_split, rows, 2);
  plan.min_weight_share = options.min_weight_fraction_leaf;
  plan.min_impurity_decrease = options.min_impurity_decrease;
  plan.max_leaves = options.max_leaf_nodes;
  plan.max_bins = options.max_bins > 0 ? options.max_bins : kDefaultBins;
  plan.early_stopping = settings.early_stopping;
  plan.seed = options.random_state ? *options.random_state : settings.seed;
  plan.threads = ThreadsFor(options.n_jobs, settings.threads);
  return plan;
}

}  // namespace slipway::train
