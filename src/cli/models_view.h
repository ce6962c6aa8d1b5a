// Versions of models as a person reads them.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "registry/artifact_facts.h"
#include "registry/registry_store.h"

namespace slipway::cli {

// One line a version, under a header.
std::string VersionTable(const std::vector<registry::ModelVersion>& versions,
                         const Session& session);

// Everything about one version; without `facts` what the record knows. `gates` as GatesOf.
std::string VersionDetails(const registry::ModelVersion& version,
                           const registry::ArtifactFacts* facts, const Json& gates,
                           const Session& session);

std::string AuditTable(const std::vector<registry::AuditEntry>& entries, const Session& session);

// "name:3".
std::string VersionName(const registry::ModelVersion& version);

}  // namespace slipway::cli
