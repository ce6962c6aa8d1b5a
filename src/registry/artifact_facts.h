// What an artifact tells about itself, for showing and comparing versions.
#pragma once

#include <string>
#include <vector>

#include "registry/diff.h"
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
  std::string config;               // config.yaml.
};

// Verified first.
Result<ArtifactFacts> ReadArtifactFacts(Registry& registry, FileSystem& files,
                                        const ModelVersion& version);

// Differences of the records, and of the data sections of their artifacts.
Result<std::vector<VersionDifference>> CompareVersions(Registry& registry, FileSystem& files,
                                                       const ModelVersion& left,
                                                       const ModelVersion& right);

}  // namespace slipway::registry
