#include <algorithm>
#include <limits>
#include <string>

#include "train/hyperparameters_internal.h"
#include "train/logistic_options_internal.h"

namespace slipway::train {
namespace {

using Options = LogisticOptions;

constexpr double kSmallest = std::numeric_limits<double>::min();
constexpr double kLargest = std::numeric_limits<double>::max();

bool ReadStrength(const Json& value, Options* options) {
  if (value.is_null()) {
    options->inverse_strength.reset();
    return true;
  }
  double number = 0;
  if (!ReadNumber(value, kSmallest, kLargest, &number)) return false;
  options->inverse_strength = number;
  return true;
}

bool ReadPenalty(const Json& value, Options* options) {
  if (value.is_null() || value == "none") {
    options->penalty = Penalty::kNone;
  } else if (value == "l1") {
    options->penalty = Penalty::kL1;
  } else if (value == "l2") {
    options->penalty = Penalty::kL2;
  } else if (value == "elasticnet") {
    options->penalty = Penalty::kElasticNet;
  } else {
    return false;
  }
  return true;
}

// All of scikit-learn's find the same minimum; ours is L-BFGS, or OWL-QN with an L1 penalty.
bool IsSolver(const Json& value) {
  constexpr const char* kSolvers[] = {"lbfgs",           "liblinear", "newton-cg",
                                      "newton-cholesky", "sag",       "saga"};
  return std::ranges::any_of(kSolvers, [&](const char* solver) { return value == solver; });
}

const HyperparameterRules<Options>& Rules() {
  static const HyperparameterRules<Options> rules = {
      {{"C", "float or null", "1.0",
        "Inverse of the penalty's strength: the smaller, the smaller the weights; null for no "
        "penalty."},
       "a number above 0, or null",
       ReadStrength},
      {{"l1_ratio", "float", "0.0",
        "Share of the penalty on absolute weights (L1); the rest is on their squares (L2)."},
       "a number from 0.0 to 1.0, or null",
       [](const Json& v, Options* o) { return v.is_null() || ReadNumber(v, 0, 1, &o->l1_ratio); }},
      {{"penalty", "text or null", "l2",
        "The older name of l1_ratio: l2 (0), l1 (1), elasticnet (as l1_ratio says), or null for "
        "none."},
       "\"l2\", \"l1\", \"elasticnet\" or null",
       ReadPenalty},
      {{"fit_intercept", "bool", "true", "A constant beside the weights, without a penalty."},
       "true or false",
       [](const Json& v, Options* o) { return ReadBool(v, &o->fit_intercept); }},
      {{"tol", "float", "0.0001", "Done when no component of the mean loss's gradient is larger."},
       "a number above 0",
       [](const Json& v, Options* o) { return ReadNumber(v, kSmallest, kLargest, &o->tol); }},
      {{"max_iter", "int", "100", "Iterations at most."},
       "a whole number from 1",
       [](const Json& v, Options* o) { return ReadInteger(v, 1, kLargestCount, &o->max_iter); }},
      ClassWeightRule<Options>(),
      {{"n_jobs", "int or null", "null",
        "Threads at most; null or -1 for all. The weights are the same on any number."},
       "a whole number other than 0, or null",
       [](const Json& v, Options* o) { return ReadJobs(v, &o->n_jobs); }},
      {{"solver", "text", "lbfgs",
        "Taken, and without effect: all of scikit-learn's look for the same minimum."},
       "\"lbfgs\", \"liblinear\", \"newton-cg\", \"newton-cholesky\", \"sag\" or \"saga\"",
       [](const Json& v, Options*) { return IsSolver(v); }},
      {{"random_state", "int or null", "null", "Taken, and without effect: nothing is drawn."},
       "a whole number from 0 to 4294967295, or null",
       [](const Json& v, Options*) {
         std::optional<uint32_t> seed;
         return ReadSeed(v, &seed);
       }},
      // What scikit-learn's get_params() gives besides: taken where it asks for nothing.
      {{"dual", "bool", "false", "Another way to the same minimum, which is not there."},
       "false",
       [](const Json& v, Options*) { return v == false; }},
      {{"intercept_scaling", "float", "1", "For liblinear's intercept only."},
       "1",
       [](const Json& v, Options*) { return v == 1; }},
      {{"warm_start", "bool", "false", "Going on from an earlier fit, which is not there."},
       "false",
       [](const Json& v, Options*) { return v == false; }},
      {{"verbose", "int", "0", "What fitting prints: nothing; progress is shown anyway."},
       "0",
       [](const Json& v, Options*) { return v == 0; }},
  };
  return rules;
}

double L1Share(const Options& options) {
  switch (options.penalty) {
    case Penalty::kL1: return 1;
    case Penalty::kL2: return 0;
    default: return options.l1_ratio;
  }
}

void CheckTogether(const Options& options, std::vector<Error>* errors) {
  const bool says_otherwise = options.l1_ratio != 0 && options.l1_ratio != L1Share(options);
  if (!says_otherwise) return;
  errors->push_back(Error(ErrorCode::kInvalidInput, "penalty says something else")
                        .At(HyperparameterLocation("l1_ratio"))
                        .Expected("l1_ratio alone, or penalty: elasticnet beside it"));
}

}  // namespace

const std::vector<HyperparameterDoc>& LogisticHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = DocsOf(Rules());
  return docs;
}

Result<LogisticOptions> ParseLogisticOptions(const Json& hyperparameters) {
  return ParseHyperparameters("logistic_regression", Rules(), hyperparameters, CheckTogether);
}

LogisticPlan PlanLogistic(const LogisticOptions& options, double total_weight, int threads) {
  LogisticPlan plan;
  if (options.inverse_strength && options.penalty != Penalty::kNone) {
    const double strength = 1 / (*options.inverse_strength * total_weight);
    plan.l1 = strength * L1Share(options);
    plan.l2 = strength * (1 - L1Share(options));
  }
  plan.fit_intercept = options.fit_intercept;
  plan.tol = options.tol;
  plan.max_iter = static_cast<int>(options.max_iter);
  plan.threads = ThreadsFor(options.n_jobs, threads);
  return plan;
}

}  // namespace slipway::train
