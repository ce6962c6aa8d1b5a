// What the program and a trainer plug-in agree on. Both come from one build: plain structs and our
// own types cross.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "train/forest_options_internal.h"
#include "train/trainer.h"

namespace slipway::train {

// Filled by the plug-in, lives as long as the process.
struct TrainerPlugin {
  const char* build_id;  // BuildId() of the plug-in; a program of another build refuses it.
  // `interrupted` is the program's: the plug-in has a copy of core of its own, which sees no
  // signal.
  Result<FittedForest> (*fit_forest)(const TrainingSet& set, const ForestPlan& plan,
                                     bool (*interrupted)());
};

// The one symbol that a plug-in exports, a function without arguments.
inline constexpr char kTrainerPluginEntry[] = "slipway_trainer_plugin_v1";
using TrainerPluginEntry = const TrainerPlugin* (*)();

// SLIPWAY_PLUGIN_PATH (folders between colons), then lib/slipway beside the program's folder, then
// that folder.
std::vector<std::string> PluginFolders();

// Opens `file` from the first of `folders` that has it, once a process; it is never closed, because
// its threads live on. kUnavailable names the file and every place searched, or why what was found
// can't be used.
Result<const TrainerPlugin*> LoadTrainerPlugin(const std::string& file,
                                               const std::vector<std::string>& folders);

}  // namespace slipway::train
