// Which registry a command asks: --registry, else the one that the configuration names, else the
// nearest.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "core/result.h"

namespace slipway::cli {

struct RegistryOptions {
  std::string registry;     // --registry: the directory itself, or one that holds .slipway/.
  std::string config_path;  // --config; "" for the configuration of the folder, if it has one.
  std::string environment;  // --env; "" for development, or the first where there is none.
};

// Adds --registry, --config and --env. `options` must outlive the command line.
void AddRegistryOptions(CLI::App* command, RegistryOptions* options);

// The directory of the registry, which need not exist. A store out of reach is taken for the
// embedded one, as --local takes it. Mistakes in a configuration that was named are errors; those
// in one that was merely found are a warning, because a registry can be asked without it.
Result<std::string> RegistryDirectory(const RegistryOptions& options, Session& session);

// The same for commands on these models, "" where all of them are folders and files: those need no
// registry.
Result<std::string> RegistryOf(const std::vector<std::string>& references,
                               const RegistryOptions& options, Session& session);

}  // namespace slipway::cli
