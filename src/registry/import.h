// Registering an artifact directory that lies outside of the registry.
#pragma once

#include <map>
#include <string>

#include "core/file_system.h"
#include "core/result.h"
#include "registry/types.h"

namespace slipway::registry {

struct ImportedArtifact {
  ModelVersion version;                      // Without name and label; those are the caller's.
  std::map<std::string, std::string> files;  // As ArtifactStore::Put takes them.
  // The verdict is taken from a metadata.json that belongs to the artifact; without one the version
  // counts as not passed.
  bool has_metadata = false;
};

// Reads and verifies `directory`. kInvalidInput for anything that is not an artifact directory, a
// bare ONNX file for one; kIntegrity where a file does not match the manifest. MLmodel is written
// anew: the digest does not cover it.
Result<ImportedArtifact> ImportArtifact(FileSystem& files, const std::string& directory);

}  // namespace slipway::registry
