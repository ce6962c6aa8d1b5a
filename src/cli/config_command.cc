// `slipway config check|show|schema|diff`: what a configuration says, and whether it is right.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>

#include "cli/session.h"
#include "config/config.h"
#include "core/text.h"
#include "pipeline/settings_check.h"

namespace slipway::cli {
namespace {

// What later stages know of the settings, of all environments at once.
Status CheckEachEnvironment(const ConfigOptions& options,
                            const std::vector<std::string>& environments) {
  config::LoadOptions load = ToLoadOptions(options);
  Status all;
  std::set<std::string> told;  // Environments may share a file.
  for (const std::string& environment : environments) {
    load.environment = environment;
    SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
    const Status one = pipeline::CheckSettings(loaded);
    if (one.ok() || !told.insert(one.error().Render()).second) continue;
    all = all.ok() ? one : Status(Error(all.error()).Also(one.error()));
  }
  return all;
}

Result<int> CheckConfiguration(const ConfigOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const config::CheckedFiles checked,
                           config::CheckConfig(ToLoadOptions(options)));
  SLIPWAY_RETURN_IF_ERROR(CheckEachEnvironment(options, checked.environments));
  if (session.json) {
    session.PrintJson(
        {{"status", "passed"}, {"files", checked.paths}, {"environments", checked.environments}});
    return kExitDone;
  }
  session.Print(fmt::format(
      "{} {} · {}: {}\n", session.Paint("32", "✓"), Join(checked.paths, ", "),
      Plural(static_cast<int64_t>(checked.environments.size()), "environment", "environments"),
      Join(checked.environments, ", ")));
  return kExitDone;
}

Result<int> ShowConfiguration(const ConfigOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded,
                           config::LoadConfig(ToLoadOptions(options)));
  if (session.json) {
    session.PrintJson(config::ToJson(loaded));
  } else {
    session.Print(config::RenderWithOrigins(loaded));
  }
  return kExitDone;
}

Result<int> PrintSchema(Session& session) {
  const Json schema = config::ConfigSchema();
  session.Print(session.json ? CompactJson(schema) + "\n" : PrettyJson(schema));
  return kExitDone;
}

struct DiffOptions {
  ConfigOptions config;
  std::string left;
  std::string right;
};

Result<int> DiffConfigurations(const DiffOptions& options, Session& session) {
  config::LoadOptions load = ToLoadOptions(options.config);
  load.environment = options.left;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig left, config::LoadConfig(load));
  load.environment = options.right;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig right, config::LoadConfig(load));
  if (!session.json) {
    session.Print(config::RenderDiff(left.config, right.config));
    return kExitDone;
  }
  Json differences = Json::array();
  for (const auto& difference : config::Diff(left.config, right.config)) {
    differences.push_back(
        {{"key", difference.key}, {"left", difference.left}, {"right", difference.right}});
  }
  session.PrintJson(
      {{"left", options.left}, {"right", options.right}, {"differences", std::move(differences)}});
  return kExitDone;
}

void AddCheck(CLI::App* parent, Session& session) {
  CLI::App* command =
      parent->add_subcommand("check", "Check every environment; tells all mistakes at once");
  auto options = std::make_shared<ConfigOptions>();
  AddConfigOptions(command, options.get());
  command->remove_option(command->get_option("--env"));
  command->remove_option(command->get_option("--local"));
  AddExamples(command, R"(
    slipway config check
    slipway config check --config configs/config.yaml --output json)");
  command->callback([options, &session] { session.Finish(CheckConfiguration(*options, session)); });
}

void AddShow(CLI::App* parent, Session& session) {
  CLI::App* command = parent->add_subcommand(
      "show", "Print the resolved configuration and where each value came from");
  auto options = std::make_shared<ConfigOptions>();
  AddConfigOptions(command, options.get());
  AddExamples(command, R"(
    slipway config show --env staging
    slipway config show --env production --local --set model.hyperparameters.n_estimators=50)");
  command->callback([options, &session] { session.Finish(ShowConfiguration(*options, session)); });
}

void AddSchema(CLI::App* parent, Session& session) {
  CLI::App* command =
      parent->add_subcommand("schema", "Print the JSON Schema that editors check and complete by");
  AddExamples(command, R"(
    slipway config schema > configs/config.schema.json)");
  command->callback([&session] { session.Finish(PrintSchema(session)); });
}

void AddDiff(CLI::App* parent, Session& session) {
  CLI::App* command = parent->add_subcommand("diff", "Print what differs between two environments");
  auto options = std::make_shared<DiffOptions>();
  command->add_option("left", options->left, "An environment")->required();
  command->add_option("right", options->right, "Another one")->required();
  AddConfigOptions(command, &options->config);
  command->remove_option(command->get_option("--env"));
  AddExamples(command, R"(
    slipway config diff staging production)");
  command->callback([options, &session] { session.Finish(DiffConfigurations(*options, session)); });
}

}  // namespace

void AddConfigCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("config", "Check, show, describe and compare configurations");
  command->require_subcommand(1);
  AddExamples(command, R"(
    slipway config check
    slipway config show --env staging
    slipway config schema > configs/config.schema.json
    slipway config diff staging production)");
  AddCheck(command, session);
  AddShow(command, session);
  AddSchema(command, session);
  AddDiff(command, session);
}

}  // namespace slipway::cli
