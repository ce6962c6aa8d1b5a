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

constexpr int64_t kLargestCount = std::numeric_limits<int32_t>::max();
constexpr int64_t kDefaultBins = 256;

bool ReadInteger(const Json& value, int64_t least, int64_t most, int64_t* result) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(most))
    return false;
  const auto number = value.get<int64_t>();
  if (number < least || number > most) return false;
  *result = number;
  return true;
}

bool ReadIntegerOrNull(const Json& value, int64_t least, int64_t most, int64_t* result) {
  if (!value.is_null()) return ReadInteger(value, least, most, result);
  *result = 0;
  return true;
}

bool ReadNumber(const Json& value, double least, double most, double* result) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  if (!(number >= least && number <= most)) return false;
  *result = number;
  return true;
}

// A whole number counts; a number with a point is a share above 0 and at most 1.
bool ReadAmount(const Json& value, int64_t least, Amount* result) {
  if (!value.is_number_float()) {
    result->share.reset();
    return ReadInteger(value, least, kLargestCount, &result->count);
  }
  const auto share = value.get<double>();
  if (!(share > 0 && share <= 1)) return false;
  result->share = share;
  return true;
}

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
  if (value != "gini" && value != "entropy" && value != "log_loss") return false;
  options->criterion = value == "gini" ? Criterion::kGini : Criterion::kEntropy;
  return true;
}

bool ReadRandomState(const Json& value, ForestOptions* options) {
  if (value.is_null()) {
    options->random_state.reset();
    return true;
  }
  int64_t seed = 0;
  if (!ReadInteger(value, 0, std::numeric_limits<uint32_t>::max(), &seed)) return false;
  options->random_state = static_cast<uint32_t>(seed);
  return true;
}

bool ReadMaxSamples(const Json& value, ForestOptions* options) {
  if (value.is_null()) {
    options->max_samples.reset();
    return true;
  }
  Amount amount;
  if (!ReadAmount(value, 1, &amount)) return false;
  options->max_samples = amount;
  return true;
}

bool ReadJobs(const Json& value, ForestOptions* options) {
  if (value.is_null()) {
    options->n_jobs = -1;
    return true;
  }
  return ReadInteger(value, -kLargestCount, kLargestCount, &options->n_jobs) &&
         options->n_jobs != 0;
}

// The labels are checked against the target when the weights are made.
bool IsClassWeight(const Json& value) {
  if (value.is_null() || value == "balanced") return true;
  if (!value.is_object() || value.empty()) return false;
  return std::ranges::all_of(value, [](const Json& weight) {
    double number = 0;
    return ReadNumber(weight, 0, std::numeric_limits<float>::max(), &number);
  });
}

bool ReadBool(const Json& value, bool* result) {
  if (!value.is_boolean()) return false;
  *result = value.get<bool>();
  return true;
}

// One hyper-parameter: its documentation, and how its value is read. `read` is false for an
// unusable value.
struct Rule {
  HyperparameterDoc doc;
  const char* expected;
  bool (*read)(const Json& value, ForestOptions* options);
};

const std::vector<Rule>& Rules() {
  using Options = ForestOptions;
  static const std::vector<Rule> rules = {
      {{"n_estimators", "int", "100", "Trees in the forest."},
       "a whole number from 1 to 32768",
       [](const Json& v, Options* o) {
         return ReadInteger(v, 1, model::kMostTrees, &o->n_estimators);
       }},
      {{"criterion", "text", "gini",
        "Measure of a split: gini (impurity), or entropy (Shannon's), also called log_loss."},
       "\"gini\", \"entropy\" or \"log_loss\"",
       ReadCriterion},
      {{"max_depth", "int or null", "null",
        "Longest path from root to leaf; null grows until the leaves are pure."},
       "a whole number from 1, or null",
       [](const Json& v, Options* o) {
         return ReadIntegerOrNull(v, 1, kLargestCount, &o->max_depth);
       }},
      {{"min_samples_split", "int or float", "2",
        "Rows that a node needs to be split; with a point a share of all rows."},
       "a whole number from 2, or a share above 0.0 and up to 1.0",
       [](const Json& v, Options* o) { return ReadAmount(v, 2, &o->min_samples_split); }},
      {{"min_samples_leaf", "int or float", "1",
        "Rows that each leaf keeps; with a point a share of all rows."},
       "a whole number from 1, or a share above 0.0 and below 1.0",
       [](const Json& v, Options* o) {
         return ReadAmount(v, 1, &o->min_samples_leaf) && o->min_samples_leaf.share.value_or(0) < 1;
       }},
      {{"min_weight_fraction_leaf", "float", "0.0",
        "Share of the rows' total weight that each leaf keeps."},
       "a number from 0.0 to 0.5",
       [](const Json& v, Options* o) {
         return ReadNumber(v, 0, 0.5, &o->min_weight_fraction_leaf);
       }},
      {{"max_features", "text, int, float or null", "sqrt",
        "Columns tried at each split: sqrt or log2 of all, a count, a share, or null for all. "
        "Categories count one a "
        "value."},
       "\"sqrt\", \"log2\", a whole number from 1, a share above 0.0 and up to 1.0, or null",
       ReadMaxFeatures},
      {{"max_leaf_nodes", "int or null", "null", "Leaves of a tree at most, best splits first."},
       "a whole number from 2, or null",
       [](const Json& v, Options* o) {
         return ReadIntegerOrNull(v, 2, kLargestCount, &o->max_leaf_nodes);
       }},
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
       ReadMaxSamples},
      {{"class_weight", "text, map or null", "null",
        "Weight of each label's rows, or balanced for rows / (classes x rows of the class)."},
       "\"balanced\", a map from label to a weight from 0, or null",
       [](const Json& v, Options*) { return IsClassWeight(v); }},
      {{"random_state", "int or null", "null", "Seed of the forest; null takes the run's."},
       "a whole number from 0 to 4294967295, or null",
       ReadRandomState},
      {{"n_jobs", "int or null", "null",
        "Threads at most; null or -1 for all. The forest is the same on any number."},
       "a whole number other than 0, or null",
       ReadJobs},
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

Location Where(const std::string& name) {
  Location location;
  location.field = name.empty() ? "model.hyperparameters" : "model.hyperparameters." + name;
  return location;
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Rule& rule : Rules()) names.push_back(rule.doc.name);
  return names;
}

Error UnknownName(const std::string& name) {
  return Error(ErrorCode::kInvalidInput, "random_forest has no such hyper-parameter")
      .At(Where(name))
      .Expected("one of " + Join(Names(), ", "))
      .Try(NearestName(name, Names()));
}

Error UnusableValue(const Rule& rule, const Json& value) {
  Error error = Error(ErrorCode::kInvalidInput, fmt::format("{} can't be used", CompactJson(value)))
                    .At(Where(rule.doc.name))
                    .Expected(rule.expected);
  // What a Python user writes by habit; YAML reads it as text.
  const bool python_none =
      value == "None" && rule.read(Json(nullptr), std::make_unique<ForestOptions>().get());
  return python_none ? std::move(error).Try("null, which is YAML's None") : error;
}

int64_t RoundUp(double share, int64_t all) {
  return static_cast<int64_t>(std::ceil(share * static_cast<double>(all)));
}

int64_t FeaturesPerNode(const ForestOptions& options, int64_t columns) {
  const auto all = static_cast<double>(columns);
  double features = all;
  switch (options.max_features) {
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
        .At(Where("max_samples"))
        .Expected(fmt::format("at most {}", rows))
        .Try("a share such as 0.5");
  }
  return options.max_samples->count;
}

}  // namespace

const std::vector<HyperparameterDoc>& ForestHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = [] {
    std::vector<HyperparameterDoc> all;
    for (const Rule& rule : Rules()) all.push_back(rule.doc);
    return all;
  }();
  return docs;
}

Result<ForestOptions> ParseForestOptions(const Json& hyperparameters) {
  ForestOptions options;
  if (hyperparameters.is_null()) return options;
  if (!hyperparameters.is_object()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} can't be used", CompactJson(hyperparameters)))
        .At(Where(""))
        .Expected("a map from name to value");
  }
  std::vector<Error> errors;
  for (const auto& [name, value] : hyperparameters.items()) {
    const auto rule = std::ranges::find(
        Rules(), name, [](const Rule& r) -> const std::string& { return r.doc.name; });
    if (rule == Rules().end()) {
      errors.push_back(UnknownName(name));
    } else if (!rule->read(value, &options)) {
      errors.push_back(UnusableValue(*rule, value));
    }
  }
  if (errors.empty() && options.max_samples && !options.bootstrap) {
    errors.push_back(Error(ErrorCode::kInvalidInput, "rows are only drawn where bootstrap is true")
                         .At(Where("max_samples"))
                         .Expected("null beside bootstrap: false"));
  }
  if (errors.empty()) return options;
  Error all = std::move(errors.front());
  for (size_t i = 1; i < errors.size(); ++i) all = std::move(all).Also(std::move(errors[i]));
  return all;
}

Result<ForestPlan> PlanForest(const ForestOptions& options, int64_t rows, int64_t columns,
                              uint64_t seed, int threads) {
  ForestPlan plan;
  plan.trees = options.n_estimators;
  plan.criterion = options.criterion;
  plan.max_depth = options.max_depth;
  plan.features_per_node = FeaturesPerNode(options, columns);
  SLIPWAY_ASSIGN_OR_RETURN(plan.samples_per_tree, SamplesPerTree(options, rows));
  plan.bootstrap = options.bootstrap;
  const Amount& leaf = options.min_samples_leaf;
  const Amount& split = options.min_samples_split;
  plan.min_leaf = leaf.share ? std::max<int64_t>(1, RoundUp(*leaf.share, rows)) : leaf.count;
  plan.min_split = split.share ? std::max<int64_t>(2, RoundUp(*split.share, rows)) : split.count;
  plan.min_weight_share = options.min_weight_fraction_leaf;
  plan.min_impurity_decrease = options.min_impurity_decrease;
  plan.max_leaves = options.max_leaf_nodes;
  plan.max_bins = options.max_bins > 0 ? options.max_bins : kDefaultBins;
  plan.seed = options.random_state ? *options.random_state : seed;
  const int64_t allowed = options.n_jobs > 0 ? options.n_jobs : threads + 1 + options.n_jobs;
  plan.threads = static_cast<int>(std::clamp<int64_t>(allowed, 1, std::max(threads, 1)));
  return plan;
}

}  // namespace slipway::train
