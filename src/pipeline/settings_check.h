// What only a later stage can tell of a configuration.
#pragma once

#include "config/config.h"
#include "core/result.h"

namespace slipway::pipeline {

// Preprocessing steps whose options do not fit together, and hyper-parameters of the chosen
// trainer: unknown names and unusable values, all at once, each at its place in the file. Reads no
// data and loads no plug-in.
Status CheckSettings(const config::LoadedConfig& loaded);

// The error at the place of its key in the configuration; as it is where no file has the key.
Error Placed(Error error, const config::LoadedConfig& loaded);

// Whether a run looks for hyper-parameters: a ready graph has none.
bool Searches(const config::ModelConfig& model);
// `model.search_space`, or the trainer's own.
Result<Json> SearchSpaceOf(const config::ModelConfig& model);

}  // namespace slipway::pipeline
