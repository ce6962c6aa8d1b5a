// Tables of hyper-parameters: one row documents a name and reads its value.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/trainer.h"

namespace slipway::train {

// scikit-learn's "int or float": a number of things, or a share of all of them.
struct Amount {
  int64_t count = 0;
  std::optional<double> share;
};

inline constexpr int64_t kLargestCount = std::numeric_limits<int32_t>::max();

// Each is false for a value that can't be used, bounds included.
bool ReadInteger(const Json& value, int64_t least, int64_t most, int64_t* result);
bool ReadIntegerOrNull(const Json& value, int64_t least, int64_t most,
                       int64_t* result);  // null is 0.
bool ReadNumber(const Json& value, double least, double most, double* result);
bool ReadBool(const Json& value, bool* result);
// A whole number counts; a number with a point is a share above 0 and at most 1.
bool ReadAmount(const Json& value, int64_t least, Amount* result);
bool ReadAmountOrNull(const Json& value, int64_t least, std::optional<Amount>* result);
// A whole number from 0 to 2^32 - 1, or null.
bool ReadSeed(const Json& value, std::optional<uint32_t>* result);
// A whole number other than 0, or null for -1.
bool ReadJobs(const Json& value, int64_t* result);
// "balanced", null, or a map to weights; the labels are checked against the target later.
bool IsClassWeight(const Json& value);

// The count of an amount, shares rounded up, at least `least`.
int64_t CountOf(const Amount& amount, int64_t all, int64_t least);

// scikit-learn's n_jobs: below 0 all threads but -1 - n_jobs.
int ThreadsFor(int64_t n_jobs, int threads);

template <typename Options>
struct HyperparameterRule {
  HyperparameterDoc doc;
  const char* expected;
  bool (*read)(const Json& value, Options* options);
};

template <typename Options>
using HyperparameterRules = std::vector<HyperparameterRule<Options>>;

// Rows of several tables; `Options` have members of these names.
template <typename Options>
HyperparameterRule<Options> MaxLeafNodesRule() {
  return {{"max_leaf_nodes", "int or null", "null", "Leaves of a tree at most, best splits first."},
          "a whole number from 2, or null",
          [](const Json& value, Options* options) {
            return ReadIntegerOrNull(value, 2, kLargestCount, &options->max_leaf_nodes);
          }};
}

template <typename Options>
HyperparameterRule<Options> MinSamplesSplitRule() {
  return {{"min_samples_split", "int or float", "2",
           "Rows that a node needs to be split; with a point a share of all rows."},
          "a whole number from 2, or a share above 0.0 and up to 1.0",
          [](const Json& value, Options* options) {
            return ReadAmount(value, 2, &options->min_samples_split);
          }};
}

template <typename Options>
HyperparameterRule<Options> MinSamplesLeafRule() {
  return {{"min_samples_leaf", "int or float", "1",
           "Rows that each leaf keeps; with a point a share of all rows."},
          "a whole number from 1, or a share above 0.0 and below 1.0",
          [](const Json& value, Options* options) {
            return ReadAmount(value, 1, &options->min_samples_leaf) &&
                   options->min_samples_leaf.share.value_or(0) < 1;
          }};
}

// The weights are the train stage's.
template <typename Options>
HyperparameterRule<Options> ClassWeightRule() {
  return {{"class_weight", "text, map or null", "null",
           "Weight of each label's rows, or balanced for rows / (classes x rows of the class)."},
          "\"balanced\", a map from label to a weight from 0, or null",
          [](const Json& value, Options*) { return IsClassWeight(value); }};
}

Location HyperparameterLocation(const std::string& name);
Error NotAMap(const Json& hyperparameters);
Error UnknownHyperparameter(const std::string& trainer, const std::string& name,
                            const std::vector<HyperparameterDoc>& docs);
// `null_works` says that null could be used, which a Python user writes as None.
Error UnusableHyperparameter(const std::string& name, const Json& value, const char* expected,
                             bool null_works);
// All of them in one, the first in front; success where there are none.
Status AllOf(std::vector<Error> errors);

template <typename Options>
std::vector<HyperparameterDoc> DocsOf(const HyperparameterRules<Options>& rules) {
  std::vector<HyperparameterDoc> docs;
  for (const HyperparameterRule<Options>& rule : rules) docs.push_back(rule.doc);
  return docs;
}

// All mistakes at once. `check` adds what no single name can tell; `options` are the defaults.
template <typename Options>
Result<Options> ParseHyperparameters(const std::string& trainer,
                                     const HyperparameterRules<Options>& rules,
                                     const Json& hyperparameters,
                                     void (*check)(const Options&, std::vector<Error>*) = nullptr,
                                     Options options = {}) {
  if (hyperparameters.is_null()) return options;
  if (!hyperparameters.is_object()) return NotAMap(hyperparameters);
  std::vector<Error> errors;
  for (const auto& [name, value] : hyperparameters.items()) {
    const HyperparameterRule<Options>* found = nullptr;
    for (const HyperparameterRule<Options>& rule : rules) {
      if (rule.doc.name == name) found = &rule;
    }
    if (found == nullptr) {
      errors.push_back(UnknownHyperparameter(trainer, name, DocsOf(rules)));
    } else if (!found->read(value, &options)) {
      Options scratch;
      errors.push_back(UnusableHyperparameter(name, value, found->expected,
                                              found->read(Json(nullptr), &scratch)));
    }
  }
  if (errors.empty() && check != nullptr) check(options, &errors);
  SLIPWAY_RETURN_IF_ERROR(AllOf(std::move(errors)));
  return options;
}

}  // namespace slipway::train
