// What an artifact tells about itself, for showing versions.
#pragma once

#include <string>
#include <vector>

#include "registry/registry.h"

namespace slipway::registry {

struct ArtifactFile {
  std::string name;
  int64_t size = 0;
  std::string digest;
};

struct ArtifactFacts {
  std::string directory;
  std::vector<ArtifactFile> files;  // Those that the digest covers.
  Json lineage;                     // lineage.json, null where there is none.
};

// Verified first.
Result<ArtifactFacts> ReadArtifactFacts(Registry& registry, FileSystem& files,
                                        const ModelVersion& version);

}  // namespace slipway::registry
