#include "registry/artifact_facts.h"

#include "model/artifact.h"
#include "registry/artifact_files_internal.h"

namespace slipway::registry {

Result<ArtifactFacts> ReadArtifactFacts(Registry& registry, FileSystem& files,
                                        const ModelVersion& version) {
  ArtifactFacts facts;
  SLIPWAY_ASSIGN_OR_RETURN(facts.directory, registry.Fetch(version));
  const std::string manifest_path = JoinPath(facts.directory, kManifestFile);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(manifest_path));
  SLIPWAY_ASSIGN_OR_RETURN(const model::Manifest manifest,
                           model::ReadManifest(text, manifest_path));
  for (const model::ManifestEntry& entry : manifest.files) {
    facts.files.push_back({entry.path, entry.size, entry.sha256});
    const std::string path = JoinPath(facts.directory, entry.path);
    if (entry.path == "lineage.json") {
      SLIPWAY_ASSIGN_OR_RETURN(facts.lineage, ReadJsonFile(files, path));
    }
  }
  return facts;
}

}  // namespace slipway::registry
