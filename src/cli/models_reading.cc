#include "cli/models_reading.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/models_card.h"
#include "cli/models_diff.h"
#include "cli/models_view.h"
#include "cli/version_run.h"
#include "cli/warnings.h"
#include "registry/artifact_facts.h"

namespace slipway::cli {
namespace {

using registry::ModelVersion;

Json FactsJson(const registry::ArtifactFacts& facts) {
  Json files = Json::array();
  for (const registry::ArtifactFile& file : facts.files) {
    files.push_back({{"path", file.name}, {"size", file.size}, {"sha256", file.digest}});
  }
  return {{"directory", facts.directory}, {"lineage", facts.lineage}, {"files", std::move(files)}};
}

}  // namespace

Result<std::unique_ptr<registry::Registry>> OpenPresent(const ModelsOptions& options,
                                                        Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           RegistryDirectory(options.registry, session));
  return registry::OpenExisting(directory);
}

void Done(Session& session, const std::string& text) {
  session.Print(fmt::format("{} {}\n", session.Paint("32", "✓"), text));
}

Result<int> ListModels(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  if (!options.stage.empty()) SLIPWAY_RETURN_IF_ERROR(registry::CheckStage(options.stage));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<ModelVersion> versions,
                           registry->versions().List(options.name));
  // An unknown name is a mistake, not an empty answer.
  if (!options.name.empty() && versions.empty())
    SLIPWAY_RETURN_IF_ERROR(registry->Find(options.name));
  if (!options.label.empty()) versions = registry::FindByLabel(versions, options.label);
  if (!options.stage.empty()) {
    std::erase_if(versions,
                  [&](const ModelVersion& version) { return version.status != options.stage; });
  }
  if (session.json) {
    Json list = Json::array();
    for (const ModelVersion& version : versions) list.push_back(registry::ToJson(version));
    session.PrintJson(list);
  } else if (versions.empty()) {
    const bool filtered = !options.label.empty() || !options.stage.empty();
    session.Print(filtered ? "no such version\n" : "no models yet; try slipway run\n");
  } else {
    session.Print(VersionTable(versions, session));
  }
  return kExitDone;
}

Result<int> ShowModel(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           RegistryDirectory(options.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenExisting(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  const auto facts = registry::ReadArtifactFacts(*registry, LocalFileSystem(), version);
  const Json gates = GatesOf(directory, version);
  // A damaged artifact still has a record worth seeing; the exit code tells.
  if (session.json) {
    Json json = registry::ToJson(version);
    json["gates"] = gates;
    if (facts.ok()) json.update(FactsJson(*facts));
    session.PrintJson(json);
  } else {
    session.Print(VersionDetails(version, facts.ok() ? &*facts : nullptr, gates, session));
  }
  if (!facts.ok()) return facts.error();
  return kExitDone;
}

Result<int> ShowCard(const ModelsOptions& options, Session& session) {
  SLIPWAY_RETURN_IF_ERROR(CheckCardFile(options.path));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory,
                           RegistryDirectory(options.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenExisting(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, registry->Find(options.reference));
  SLIPWAY_ASSIGN_OR_RETURN(const report::Card card, CardOf(directory, *registry, version));
  if (!options.path.empty()) SLIPWAY_RETURN_IF_ERROR(WriteCard(card, options.path));
  if (session.json) {
    session.PrintJson(report::RenderCardJson(card));
  } else if (options.path.empty()) {
    session.Print(report::RenderCardMarkdown(card));
  } else {
    Done(session, fmt::format("the card of {} is in {}", VersionName(version), options.path));
  }
  return kExitDone;
}

Result<int> VerifyModels(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  std::vector<ModelVersion> versions;
  if (options.reference.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(versions, registry->versions().List(""));
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(ModelVersion version, registry->Find(options.reference));
    versions.push_back(std::move(version));
  }
  Json list = Json::array();
  std::optional<Error> damage;
  for (const ModelVersion& version : versions) {
    const Status status = registry->Verify(version);
    Json one = {{"name", version.name},
                {"registry_version", version.registry_version},
                {"digest", version.digest},
                {"ok", status.ok()}};
    if (!status.ok()) {
      one["error"] = status.error().ToString();
      damage = damage ? Error(*damage).Also(status.error()) : status.error();
    } else if (!session.json) {
      Done(session, fmt::format("{}  {}", VersionName(version), version.digest));
    }
    list.push_back(std::move(one));
  }
  if (session.json) session.PrintJson(list);
  if (damage) return *damage;
  return kExitDone;
}

Result<int> DiffModels(const ModelsOptions& options, Session& session) {
  pipeline::ModelDiffOptions diff = options.diff;
  diff.left = options.reference;
  diff.right = options.other;
  SLIPWAY_ASSIGN_OR_RETURN(
      diff.registry, RegistryOf({options.reference, options.other}, options.registry, session));
  Warnings warnings(session);
  SLIPWAY_ASSIGN_OR_RETURN(const pipeline::ModelDiff found,
                           pipeline::CompareModels(diff, warnings));
  if (session.json) {
    session.PrintJson(pipeline::ToJson(found));
  } else {
    session.Print(DiffText(found, session));
  }
  return kExitDone;
}

Result<int> ShowAudit(const ModelsOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenPresent(options, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto entries,
                           registry->versions().Audit(options.name, options.limit));
  if (session.json) {
    Json list = Json::array();
    for (const registry::AuditEntry& entry : entries) list.push_back(registry::ToJson(entry));
    session.PrintJson(list);
  } else {
    session.Print(entries.empty() ? "nothing happened yet\n" : AuditTable(entries, session));
  }
  return kExitDone;
}

}  // namespace slipway::cli
