#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "train/hyperparameters_internal.h"
#include "train/linear_options_internal.h"

namespace slipway::train {
namespace {

using Options = LeastSquaresOptions;
using Rule = HyperparameterRule<Options>;
using Rules = HyperparameterRules<Options>;

constexpr double kLargest = std::numeric_limits<double>::max();

// All of scikit-learn's find the same minimum; ours solves the normal equations.
bool IsSolver(const Json& value) {
  constexpr std::array kSolvers = {"auto",      "svd", "cholesky", "lsqr",
                                   "sparse_cg", "sag", "saga",     "lbfgs"};
  return std::ranges::any_of(kSolvers, [&](const char* solver) { return value == solver; });
}

Rule InterceptRule() {
  return {{"fit_intercept", "bool", "true", "A constant beside the weights, without a penalty."},
          "true or false",
          [](const Json& v, Options* o) { return ReadBool(v, &o->fit_intercept); }};
}

Rule JobsRule() {
  return {{"n_jobs", "int or null", "null",
           "Threads at most; null or -1 for all. The weights are the same on any number."},
          "a whole number other than 0, or null",
          [](const Json& v, Options* o) { return ReadJobs(v, &o->n_jobs); }};
}

// What scikit-learn's get_params() gives besides: taken where it asks for nothing.
void AddShared(Rules* rules) {
  rules->push_back({{"copy_X", "bool", "true", "Taken, and without effect: data stays as it is."},
                    "true or false",
                    [](const Json& v, Options*) { return v.is_boolean(); }});
  rules->push_back({{"tol", "float", "1e-6", "Taken, and without effect: the solution is exact."},
                    "a number from 0.0",
                    [](const Json& v, Options*) {
                      double tol = 0;
                      return ReadNumber(v, 0, kLargest, &tol);
                    }});
  rules->push_back({{"positive", "bool", "false", "Weights from 0 only, which are not there."},
                    "false",
                    [](const Json& v, Options*) { return v == false; }});
}

const Rules& LinearRules() {
  static const Rules rules = [] {
    Rules made = {InterceptRule(), JobsRule()};
    AddShared(&made);
    return made;
  }();
  return rules;
}

const Rules& RidgeRules() {
  static const Rules rules = [] {
    Rules made = {{{"alpha", "float", "1.0",
                    "Strength of the penalty on the weights' squares: the larger, the smaller they "
                    "are."},
                   "a number from 0.0",
                   [](const Json& v, Options* o) { return ReadNumber(v, 0, kLargest, &o->alpha); }},
                  InterceptRule(),
                  JobsRule()};
    AddShared(&made);
    made.push_back(
        {{"solver", "text", "auto",
          "Taken, and without effect: all of scikit-learn's look for the same minimum."},
         "\"auto\", \"svd\", \"cholesky\", \"lsqr\", \"sparse_cg\", \"sag\", \"saga\" or "
         "\"lbfgs\"",
         [](const Json& v, Options*) { return IsSolver(v); }});
    made.push_back({{"max_iter", "int or null", "null",
                     "Taken, and without effect: there are no "
                     "iterations."},
                    "a whole number from 1, or null",
                    [](const Json& v, Options*) {
                      int64_t most = 0;
                      return ReadIntegerOrNull(v, 1, kLargestCount, &most);
                    }});
    made.push_back(
        {{"random_state", "int or null", "null", "Taken, and without effect: nothing is drawn."},
         "a whole number from 0 to 4294967295, or null",
         [](const Json& v, Options*) {
           std::optional<uint32_t> seed;
           return ReadSeed(v, &seed);
         }});
    return made;
  }();
  return rules;
}

}  // namespace

const std::vector<HyperparameterDoc>& LinearHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = DocsOf(LinearRules());
  return docs;
}

const std::vector<HyperparameterDoc>& RidgeHyperparameters() {
  static const std::vector<HyperparameterDoc> docs = DocsOf(RidgeRules());
  return docs;
}

Result<Options> ParseLinearOptions(const Json& hyperparameters) {
  return ParseHyperparameters("linear_regression", LinearRules(), hyperparameters);
}

Result<Options> ParseRidgeOptions(const Json& hyperparameters) {
  Options defaults;
  defaults.alpha = 1;
  return ParseHyperparameters("ridge", RidgeRules(), hyperparameters, {}, defaults);
}

LeastSquaresPlan PlanLeastSquares(const Options& options, int threads) {
  return {options.alpha, options.fit_intercept, ThreadsFor(options.n_jobs, threads)};
}

}  // namespace slipway::train
