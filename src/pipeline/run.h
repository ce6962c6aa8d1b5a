// `slipway run`: from a configuration and a table to a gated, registered model and its reports.
#pragma once

#include "config/config.h"
#include "core/file_system.h"
#include "core/progress.h"
#include "core/result.h"
#include "pipeline/types.h"

namespace slipway::pipeline {

// Runs the line for one environment. A failed validation or gate is a Run with `passed` false,
// never an Error; an Error means that a step could not be done. Steps whose inputs did not change
// are taken from the cache, so that the same call after an interruption goes on where it was.
Result<Run> RunLine(const config::LoadedConfig& loaded, const RunOptions& options,
                    ProgressSink& progress = SilentProgress(),
                    FileSystem& files = LocalFileSystem());

}  // namespace slipway::pipeline
