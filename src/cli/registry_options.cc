#include "cli/registry_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "config/config.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

constexpr const char* kUsualEnvironment = "development";

// The configuration file of a folder, as `slipway run` finds it there; "" where there is none.
std::string ConfigurationOf(const std::string& folder) {
  for (const char* name : {"configs/config.yaml", "config.yaml"}) {
    std::string path = JoinPath(folder, name);
    if (LocalFileSystem().Exists(path)) return path;
  }
  return "";
}

// A project need not have a development environment, nor need its user say which one to ask.
Result<std::string> UsualEnvironment(const std::string& config_path) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           config::ListEnvironments(config_path));
  for (const char* name : {kUsualEnvironment, "default"}) {
    if (std::ranges::find(names, name) != names.end()) return kUsualEnvironment;
  }
  return names.empty() ? kUsualEnvironment : names.front();
}

Result<std::string> ConfiguredRegistry(const std::string& config_path,
                                       const std::string& environment) {
  config::LoadOptions load;
  load.path = config_path;
  load.environment = environment;
  load.local = true;
  if (environment.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(load.environment, UsualEnvironment(config_path));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  return registry::ConfiguredDirectory(loaded.config);
}

}  // namespace

void AddRegistryOptions(CLI::App* command, RegistryOptions* options) {
  command
      ->add_option("--registry", options->registry,
                   "Directory of the registry (default: the one that the configuration here names, "
                   "else the nearest .slipway, here or above)")
      ->type_name("DIR");
  command->add_option("-c,--config", options->config_path, "Use the registry of this configuration")
      ->type_name("PATH");
  command
      ->add_option("-e,--env", options->environment,
                   "Environment whose registry to use (default: development)")
      ->type_name("NAME");
}

Result<std::string> RegistryDirectory(const RegistryOptions& options, Session& session) {
  FileSystem& files = LocalFileSystem();
  if (!options.registry.empty()) {
    return registry::FindRegistryDirectory(options.registry, "", files);
  }
  if (!options.config_path.empty()) {
    return ConfiguredRegistry(options.config_path, options.environment);
  }
  std::string nearest = registry::FindRegistryDirectory("", "", files);
  std::string config_path = ConfigurationOf("");
  if (config_path.empty() && nearest.starts_with('/')) {
    config_path = ConfigurationOf(DirectoryOf(nearest));
  }
  if (config_path.empty()) return nearest;
  const auto configured = ConfiguredRegistry(config_path, options.environment);
  if (configured.ok()) return *configured;
  if (!options.environment.empty()) return configured.error();
  session.Warn(
      fmt::format("{}; so the registry in {} is used", configured.error().ToString(), nearest));
  return nearest;
}

Result<std::string> RegistryOf(const std::vector<std::string>& references,
                               const RegistryOptions& options, Session& session) {
  for (const std::string& text : references) {
    SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference reference,
                             registry::ParseModelReference(text));
    if (reference.kind != registry::ModelReference::Kind::kPath)
      return RegistryDirectory(options, session);
  }
  return std::string();
}

}  // namespace slipway::cli
