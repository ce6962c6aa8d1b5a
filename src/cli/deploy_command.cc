// `slipway deploy`: a version goes live.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/delivery.h"
#include "cli/session.h"
#include "cli/version_run.h"
#include "config/config.h"
#include "core/text.h"
#include "deploy/controller.h"
#include "http/listener.h"
#include "registry/registry.h"
#include "serve/prediction_bounds.h"

namespace slipway::cli {
namespace {

struct DeployOptions {
  std::vector<std::string> references;
  ConfigOptions config;
  std::string strategy;
  std::string reason;
  bool force = false;
  bool detach = false;
};

Location InKey(const std::string& key) {
  Location location;
  location.field = key;
  return location;
}

// What the command line says, else the environment; "" leaves it to the configuration.
Result<std::string> SaidStrategy(const DeployOptions& options) {
  if (!options.strategy.empty()) return options.strategy;
  constexpr const char* kVariable = "DEPLOYMENT_STRATEGY";
  const char* const said = std::getenv(kVariable);
  if (said == nullptr || *said == '\0') return std::string();
  if (const auto strategy = deploy::ParseStrategy(said); !strategy.ok())
    return Error(strategy.error()).At(InKey(kVariable));
  return std::string(said);
}

// What its run says of the gates that it failed, as far as the run is kept.
std::string FailedGates(const std::string& directory, const registry::ModelVersion& version) {
  std::vector<std::string> reasons;
  for (const Json& gate : GatesOf(directory, version)) {
    if (GetString(gate, "verdict") == "pass" || GetBool(gate, "dry_run")) continue;
    const std::string reason = GetString(gate, "reason");
    reasons.push_back(reason.empty() ? GetString(gate, "name") : reason);
  }
  return Join(reasons, "; ");
}

// A version that may serve: its digest verifies, and its gates passed or somebody takes it upon
// himself.
Result<registry::ModelVersion> FindVersion(registry::Registry& registry,
                                           const std::string& directory,
                                           const std::string& reference, bool force,
                                           bool* refused) {
  SLIPWAY_ASSIGN_OR_RETURN(registry::ModelVersion version, registry.Find(reference));
  SLIPWAY_RETURN_IF_ERROR(registry.Verify(version));
  if (version.verdict == "passed" || force) return version;
  // The answer of the gates, and no mistake of whoever asks.
  *refused = true;
  const std::string failed = FailedGates(directory, version);
  const std::string see =
      failed.empty() ? "" : fmt::format("slipway runs show {}, to see more; ", version.run_id);
  return Error(ErrorCode::kConflict,
               fmt::format("{}:{} has not passed its gates{}", version.name,
                           version.registry_version, failed.empty() ? "" : ": " + failed))
      .Try(see + "--force deploys it all the same, which is recorded");
}

// The first is delivered, or all of them tried; they are versions of one model.
Result<std::vector<registry::ModelVersion>> FindVersions(registry::Registry& registry,
                                                         const std::string& directory,
                                                         const config::Config& config,
                                                         const DeployOptions& options,
                                                         bool* refused) {
  std::vector<std::string> references = options.references;
  if (references.empty()) references.push_back(config.model_name());
  std::vector<registry::ModelVersion> versions;
  for (const std::string& reference : references) {
    SLIPWAY_ASSIGN_OR_RETURN(versions.emplace_back(),
                             FindVersion(registry, directory, reference, options.force, refused));
    if (versions.back().name == versions.front().name) continue;
    return Error(ErrorCode::kInvalidInput, fmt::format("{} and {} are different models",
                                                       versions.front().name, versions.back().name))
        .Expected("versions of one model");
  }
  return versions;
}

// Whoever asks for the newest version may not know what became of it.
void WarnOfRollbacks(const std::vector<registry::ModelVersion>& versions, Session& session) {
  for (const registry::ModelVersion& version : versions) {
    const auto reason = version.tags.find(deploy::kRollbackTag);
    if (reason == version.tags.end()) continue;
    session.Warn(fmt::format("{}:{} was rolled back before: {}", version.name,
                             version.registry_version, reason->second));
  }
}

Result<deploy::Release> ReleaseOf(registry::Registry& registry,
                                  const registry::ModelVersion& version, const Json& deployment) {
  deploy::Release release;
  release.model = version.name;
  release.version = version.registry_version;
  release.label = version.version;
  release.digest = version.digest;
  release.deployment = deployment;
  release.forced = version.verdict != "passed";
  // FindVersion has verified it.
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, registry.Locate(version));
  release.own_bounds = serve::PredictionBoundsOf(directory);
  return release;
}

Result<deploy::NewRollout> MakeRollout(registry::Registry& registry, const config::Config& config,
                                       const DeployOptions& options,
                                       const std::vector<registry::ModelVersion>& versions) {
  deploy::NewRollout rollout;
  rollout.environment = config.environment;
  rollout.model = versions.front().name;
  rollout.actor = registry::CurrentActor();
  rollout.reason = options.reason;
  Json deployment = config.deployment.all;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string strategy, SaidStrategy(options));
  if (!strategy.empty()) deployment["deployment_strategy"] = strategy;
  SLIPWAY_ASSIGN_OR_RETURN(rollout.release, ReleaseOf(registry, versions.front(), deployment));
  for (size_t i = 1; i < versions.size(); ++i) {
    SLIPWAY_ASSIGN_OR_RETURN(rollout.others.emplace_back(),
                             ReleaseOf(registry, versions[i], deployment));
  }
  rollout.host = GetString(rollout.release.deployment, "host", rollout.host);
  rollout.port = static_cast<int>(GetInteger(rollout.release.deployment, "port", rollout.port));
  // As they are written: a URL is a secret, and stays in its variable.
  rollout.notifications = config.resolved.value("notifications", Json::array());
  rollout.origin = {
      {"project", std::filesystem::absolute(config.project_directory).lexically_normal().string()},
      {"config", std::filesystem::absolute(config.config_path).lexically_normal().string()},
      {"overrides", options.config.overrides},
      {"strategy", strategy},
      {"local", options.config.local}};
  SLIPWAY_ASSIGN_OR_RETURN(rollout.settings, deploy::ReadSettings(rollout.release.deployment));
  if (GetString(rollout.release.deployment, "target", "local") != "local") {
    return Error(ErrorCode::kInvalidInput, "this build deploys to this machine only")
        .At(InKey("deployment.target"))
        .Expected("local")
        .Try("--set deployment.target=local");
  }
  return rollout;
}

std::string NameOf(const config::Config& config, const registry::ModelVersion& version) {
  const std::string name = GetString(config.deployment.all, "service_name", version.name);
  return name + "-" + config.environment;
}

// Whoever has the address now would be found out only by a splitter that nobody looks at.
Status CheckAddress(const Delivery& delivery, const std::string& name,
                    const deploy::NewRollout& rollout) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto records, delivery.store->Services());
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(const deploy::Service other, deploy::ServiceFromJson(record.document));
    if (other.name == name && !other.down) return {};
    if (other.down || other.port != rollout.port) continue;
    return Error(ErrorCode::kConflict,
                 fmt::format("{} listens on {}:{} already", other.name, other.host, other.port))
        .At(InKey("deployment.port"))
        .Try("--set deployment.port=N, another one, or slipway down " + other.name);
  }
  const auto listened = http::Listen(rollout.host, rollout.port, 1);
  if (listened.ok()) return {};
  // Who has no such host, or may not have that port, is told what may be had.
  if (ExitCodeFor(listened.error().code()) == ExitCodeFor(ErrorCode::kInvalidInput))
    return Error(listened.error()).At(InKey("deployment.host"));
  return Error(listened.error().code(),
               fmt::format("{}:{}: {}", rollout.host, rollout.port, listened.error().message()))
      .At(InKey("deployment.port"))
      .Try("--set deployment.port=N, another one above 1023");
}

Result<int> ShowAsItIs(const Delivery& delivery, const std::string& name, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto record, delivery.store->Find(name));
  SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight, LookAt(delivery, *record));
  Show(sight, session);
  return kExitDone;
}

// A service that goes on as it is, or comes up: there is no rollout to be seen.
Result<int> ShowWithoutRollout(const Delivery& delivery, const std::string& name,
                               const std::string& said, double seconds, Session& session) {
  SLIPWAY_RETURN_IF_ERROR(AwaitAnswers(delivery, name, seconds));
  if (!session.json) session.Print(fmt::format("{} {}\n", session.Paint("32", "✓"), said));
  return ShowAsItIs(delivery, name, session);
}

Result<int> WatchToTheEnd(const Delivery& delivery, const std::string& name, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const int exit_code, WatchRollout(delivery, name, false, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto after, delivery.store->Find(name));
  // Who takes it down meanwhile ends the rollout.
  const bool down = after && GetBool(after->document, "down");
  return down && exit_code == kExitDone ? kExitNo : exit_code;
}

Result<int> Deploy(const DeployOptions& options, bool* refused, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded,
                           config::LoadConfig(ToLoadOptions(options.config)));
  const config::Config& config = loaded.config;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, registry::ConfiguredDirectory(config));
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenExisting(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<registry::ModelVersion> versions,
                           FindVersions(*registry, directory, config, options, refused));
  WarnOfRollbacks(versions, session);
  SLIPWAY_ASSIGN_OR_RETURN(const deploy::NewRollout rollout,
                           MakeRollout(*registry, config, options, versions));
  SLIPWAY_ASSIGN_OR_RETURN(const Delivery delivery, OpenDelivery(directory, true));
  const std::string name = NameOf(config, versions.front());
  SLIPWAY_RETURN_IF_ERROR(CheckAddress(delivery, name, rollout));
  deploy::Note said;
  SLIPWAY_RETURN_IF_ERROR(deploy::ChangeService(
      *delivery.store, name, SystemClock(),
      [&](const std::optional<deploy::Service>& service,
          int64_t now_ms) -> Result<deploy::Decision> {
        SLIPWAY_ASSIGN_OR_RETURN(deploy::Decision decision,
                                 deploy::Deploy(service, name, rollout, now_ms));
        said = decision.notes.back();
        return decision;
      }));
  SLIPWAY_RETURN_IF_ERROR(EnsureController(delivery));
  if (options.detach) return ShowAsItIs(delivery, name, session);
  if (GetString(said.detail, "verb") == "deploy") return WatchToTheEnd(delivery, name, session);
  return ShowWithoutRollout(delivery, name, said.text, rollout.settings.ready_timeout_seconds(),
                            session);
}

}  // namespace

void AddDeployCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("deploy", "Bring a version live, gradually");
  auto options = std::make_shared<DeployOptions>();
  command->add_option("MODEL", options->references,
                      "NAME, NAME:7, NAME@staging or sha256:… (default: the newest version of the "
                      "project's model); several for an experiment");
  AddConfigOptions(command, &options->config);
  command
      ->add_option("--strategy", options->strategy,
                   "How traffic moves to it (also DEPLOYMENT_STRATEGY; default: the "
                   "configuration's); experiment: beside the stable version until feedback tells "
                   "which is best")
      ->check(CLI::IsMember({"blue-green", "canary", "rolling", "experiment"}));
  command->add_option("--reason", options->reason, "Why: stands in the history and the report")
      ->type_name("TEXT");
  command->add_flag("--force", options->force,
                    "Deploy a version that has not passed its gates; recorded");
  command->add_flag("-d,--detach", options->detach, "Do not wait until it has ended");
  AddExamples(command, R"(
    slipway deploy --env production
    slipway deploy ml-classifier:3 --env production --strategy canary
    slipway deploy ml-classifier@staging --env production --detach
    slipway deploy ml-classifier:4 ml-classifier:5 --env production --strategy experiment)");
  command->callback([options, &session] {
    bool refused = false;
    session.Finish(Deploy(*options, &refused, session));
    if (refused) session.exit_code = kExitNo;
  });
}

}  // namespace slipway::cli
