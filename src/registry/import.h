// Registering an artifact directory that lies outside of the registry.
#pragma once

#include <map>
#include <string>

#include "core/file_system.h"
#include "core/result.h"
#include "registry/registry.h"

namespace slipway::registry {

struct ImportedArtifact {
  ModelVersion version;                      // Without name and label; those are the caller's.
  std::map<std::string, std::string> files;  // As ArtifactStore::Put takes them.
};

// Reads and verifies `directory`. kInvalidInput for anything that is not an artifact directory (a
// bare ONNX file, other files than those of an artifact) and for a model that can't be loaded or
// does not give the predictions of its golden.jsonl; kIntegrity where a file does not match the
// manifest. MLmodel is written anew: the digest does not cover it. The verdict is failed whatever
// metadata.json says, which anybody can edit.
Result<ImportedArtifact> ImportArtifact(FileSystem& files, const std::string& directory);

// Registers it, as passed where this registry holds the same digest as passed already: only what
// was judged here is known. The audit log keeps where it came from.
Result<ModelVersion> RegisterImported(Registry& registry, const ImportedArtifact& artifact);

}  // namespace slipway::registry
