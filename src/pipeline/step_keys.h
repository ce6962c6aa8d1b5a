// What each step depends on, as keys of its cached results.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/json.h"

namespace slipway::pipeline {

// Each key covers its own inputs and the key of what it builds upon. They come from the source's
// digest, the configuration and the build, so that `run` is known before anything is read. What the
// same inputs need not lead to again, as a search that time ended or a program of the user's, goes
// into the keys behind it once it is known: AddHyperparameters, AddModel.
struct StepKeys {
  std::string data;      // Reading and validating.
  std::string split;     // Parts, folds and the training profile.
  std::string search;    // The hyper-parameters that were found.
  std::string train;     // Folds and the final model.
  std::string evaluate;  // Metrics, curves, golden rows.
  std::string gates;     // Verdicts.
  std::string run;       // Everything: a run with this key need not be done again.
};

// `graph_digest` is that of what the model's graph comes from, "" for a trainer of ours;
// `text_columns` are TextColumns' and `rules_key` is RulesKey's of pipeline/data_check.h;
// `production_digest` names the version that the gates compare with, "" where none is in
// production.
StepKeys ComputeStepKeys(const config::Config& config, const std::string& source_digest,
                         const std::string& graph_digest,
                         const std::vector<std::string>& text_columns, const std::string& rules_key,
                         const std::string& production_digest);

// What the search found: for training and all behind it.
void AddHyperparameters(const Json& hyperparameters, StepKeys* keys);
// The graph that training came to: for evaluation and gates.
void AddModel(const std::string& onnx, StepKeys* keys);

// Of one fit of a search: `trial` has its hyper-parameters. Another search that comes to the same
// fit finds it.
std::string TrialKey(const StepKeys& keys, const config::Config& trial,
                     const std::string& graph_digest, double share, int fold);

// The seed of everything random in a run: `data.split.seed` for the split, else
// model.hyperparameters.random_state, else 0.
uint64_t ModelSeed(const config::ModelConfig& model);
uint64_t SplitSeed(const config::Config& config);

}  // namespace slipway::pipeline
