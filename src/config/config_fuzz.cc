// A configuration file: what one environment resolves to is saved and loaded as the same, and
// checking all environments agrees with loading each.
#include "config/config.h"
#include "core/fuzzing.h"

namespace slipway::config {
namespace {

using slipway::testing::MemoryFile;
using slipway::testing::Require;
using slipway::testing::RequireGoodError;
using slipway::testing::RequireSame;

Result<LoadedConfig> Load(const std::string& path, const std::string& environment) {
  LoadOptions options;
  options.path = path;
  options.environment = environment;
  return LoadConfig(options);
}

void CheckSaved(const Config& config) {
  const std::string saved = ToYaml(config);
  const MemoryFile file(saved);
  const Result<LoadedConfig> again = Load(file.path(), config.environment);
  Require(again.ok(), "what was saved is loaded", saved, again.ok() ? "" : again.error().Render());
  RequireSame(PrettyJson(config.resolved), PrettyJson(again->config.resolved),
              "the same configuration comes back");
  RequireSame(saved, ToYaml(again->config), "it is saved the same way");
}

void CheckConfigFile(std::string_view text) {
  const MemoryFile file(text);
  LoadOptions all;
  all.path = file.path();
  const Result<CheckedFiles> checked = CheckConfig(all);
  if (!checked.ok()) RequireGoodError(checked.error());
  const Result<std::vector<std::string>> environments = ListEnvironments(file.path());
  if (!environments.ok()) return RequireGoodError(environments.error());
  bool good = true;
  for (const std::string& name : *environments) {
    const Result<LoadedConfig> loaded = Load(file.path(), name);
    good = good && loaded.ok();
    if (!loaded.ok()) {
      RequireGoodError(loaded.error());
      continue;
    }
    (void)RenderWithOrigins(*loaded);
    CheckSaved(loaded->config);
  }
  Require(good == checked.ok(), "checking agrees with loading", text,
          checked.ok() ? "" : checked.error().Render());
}

}  // namespace
}  // namespace slipway::config

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::config::CheckConfigFile(slipway::testing::TextOf(data, size));
  return 0;
}
