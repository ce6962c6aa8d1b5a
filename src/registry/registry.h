// The registry as commands use it: versions and their artifacts together.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/types.h"
#include "core/clock.h"
#include "core/file_system.h"
#include "core/result.h"
#include "data/object_store.h"
#include "registry/artifact_store.h"
#include "registry/registry_store.h"

namespace slipway::registry {

class FileLock;
// While it is held, no process removes an artifact from this registry. Null where one process alone
// uses the stores.
using ArtifactHold = std::shared_ptr<const FileLock>;

// Records are the truth; the metadata.json beside an artifact is a copy of the record of the newest
// version that has it, written after each change and corrected by the next Fetch if a crash or a
// read-only disk kept it back. Safe from several threads and processes.
class Registry {
 public:
  struct Options {
    // A file that registering and deleting lock against each other, so that an artifact can't be
    // removed between its storing and the row that names it; "" where one process alone uses the
    // stores.
    std::string lock_path;
    // Other registries may keep artifacts in the same store: deleting a version leaves its
    // artifact.
    bool shared_artifacts = false;
    // Where the artifacts are, as objects: data sets are kept there too. Null where they can't be.
    std::shared_ptr<data::ObjectStore> objects;
  };
  Registry(std::unique_ptr<RegistryStore> versions, std::unique_ptr<ArtifactStore> artifacts,
           FileSystem& files = LocalFileSystem());
  Registry(std::unique_ptr<RegistryStore> versions, std::unique_ptr<ArtifactStore> artifacts,
           FileSystem& files, Options options);

  // For who stores an artifact some time before registering it: a version with the same digest may
  // be deleted in between. Deleting waits for at most half a minute, so hold it for short.
  Result<ArtifactHold> HoldArtifacts();

  // The artifact first, durably, then the row that names it: a crash in between leaves an
  // unreferenced artifact and never a version without one.
  Result<ModelVersion> Register(const ModelVersion& version,
                                const std::map<std::string, std::string>& files);

  // The record a reference names, nothing verified; kInvalidInput for a path.
  Result<ModelVersion> Find(const std::string& reference);
  // The newest version of a name in a stage; nothing where there is none.
  Result<std::optional<ModelVersion>> InStage(const std::string& name, const std::string& stage);
  // The verified directory of a version.
  Result<std::string> Fetch(const ModelVersion& version);
  // The same for who verifies what it reads, as model::LoadModel does.
  Result<std::string> Locate(const ModelVersion& version);
  // Recomputes digests of a version's files; kIntegrity names the first that differs.
  Status Verify(const ModelVersion& version);

  // Moves a version to a stage, `forced` past a failed verdict, which is recorded. kConflict for a
  // failed verdict, kIntegrity for an artifact that does not verify; neither is asked on the way to
  // development or archived.
  Result<ModelVersion> Promote(const ModelVersion& version, const std::string& stage,
                               const std::string& actor, bool forced = false);
  Status SetAlias(const ModelVersion& version, const std::string& alias, const std::string& actor);
  Status RemoveAlias(const std::string& name, const std::string& alias, const std::string& actor);
  // "" removes the tag.
  Status SetTag(const ModelVersion& version, const std::string& key, const std::string& value,
                const std::string& actor);
  // Deletes the version, and its artifact when no other version has the same digest.
  Status Delete(const std::string& name, int64_t version, const std::string& actor);

  RegistryStore& versions() { return *versions_; }
  ArtifactStore& artifacts() { return *artifacts_; }
  // Null where there is none.
  data::ObjectStore* objects() { return options_.objects.get(); }

 private:
  // Nothing where `reference` names nothing.
  Result<std::optional<ModelVersion>> FindIfAny(const ModelReference& reference);
  Result<std::optional<ModelVersion>> NewestWithDigest(const std::string& digest);
  Result<std::string> OfVersion(Result<std::string> directory, const ModelVersion& version);
  // Brings metadata.json up to date. Failing is no error: the next call tries again.
  void RefreshMetadata(const std::string& digest);

  std::unique_ptr<RegistryStore> versions_;
  std::unique_ptr<ArtifactStore> artifacts_;
  FileSystem& files_;
  Options options_;
};

// The embedded registry under `directory` (".slipway"): registry.db and artifacts/, or the artifact
// store that the file artifact_store in it names. Made if needed.
Result<std::unique_ptr<Registry>> OpenEmbedded(const std::string& directory,
                                               FileSystem& files = LocalFileSystem(),
                                               const Clock& clock = SystemClock());
// The same for commands that only ask: kNotFound where there is no registry.
Result<std::unique_ptr<Registry>> OpenExisting(const std::string& directory,
                                               FileSystem& files = LocalFileSystem(),
                                               const Clock& clock = SystemClock());

// What `model_registry` and `artifact_store` name, after --local mapping. A store that this build
// can't reach, or that does not answer now, is an error that names the key, the value and --local.
Result<std::unique_ptr<Registry>> OpenRegistry(const config::Config& config);

// What `artifact_store` names, as objects, for data sets: no registry is made or remembered. Fails
// as OpenRegistry does.
Result<std::shared_ptr<data::ObjectStore>> OpenObjects(const config::Config& config);

// The directory of the embedded registry that `model_registry` names, which need not exist. The
// same error as OpenRegistry's where the registry is out of reach.
Result<std::string> ConfiguredDirectory(const config::Config& config);

// The ".slipway" directory to use. `given` (--registry) is one, or a directory that holds one; ""
// looks in `start` and its parents, and gives `start`/.slipway where there is none.
std::string FindRegistryDirectory(const std::string& given, const std::string& start,
                                  FileSystem& files);

// Who acts, for created_by and the audit log: $USER, else $LOGNAME, else "uid:1000".
std::string CurrentActor();

}  // namespace slipway::registry
