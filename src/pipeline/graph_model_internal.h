// Models that come as an ONNX graph: a file of the user's (`model_type: onnx`), or what a program
// of the user's writes (`model_type: command`).
#pragma once

#include <string>

#include "config/config.h"
#include "core/file_system.h"
#include "core/result.h"
#include "pipeline/run_state_internal.h"

namespace slipway::pipeline {

bool ComesAsGraph(const config::ModelConfig& model);

// Hyper-parameters that nothing would read, and a file that is not there.
Status CheckGraphSettings(const config::LoadedConfig& loaded);

// "sha256:…" of what the graph comes from: the file, or the program's folder; "" for a trainer of
// ours.
Result<std::string> DigestOfGraphSource(const config::LoadedConfig& loaded, FileSystem& files);

// Runs the program on rows to learn from, with the hyper-parameters of `input.config`, and scores
// its graph on the others.
Result<train::FoldResult> FitGraphFold(RunState& state, const train::FitInput& input,
                                       const train::FoldRows& rows, int fold);

// The graph, its schema and the folds into `state`; true where all of it was in the cache.
// kInvalidInput where its inputs or classes are not the table's.
Result<bool> MakeGraphModel(RunState& state);

}  // namespace slipway::pipeline
