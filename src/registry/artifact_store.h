// Where artifact directories are kept, by digest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/result.h"
#include "data/object_store.h"

namespace slipway::registry {

// Content-addressed: what a digest names never changes. Safe from several threads and processes.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  // Stores the files of an artifact under `digest`, durably: when this returns, a crash can't lose
  // it. Idempotent. `files` include manifest.json whose SHA-256 is `digest`; kIntegrity when
  // contents don't match.
  virtual Status Put(const std::string& digest,
                     const std::map<std::string, std::string>& files) = 0;
  virtual Result<bool> Contains(const std::string& digest) = 0;
  // A local directory with the artifact's files, verified against the digest. kIntegrity names the
  // first file that differs, is missing, is not listed or is not a plain file. A remote store may
  // give a copy that it fetched before, without asking.
  virtual Result<std::string> Fetch(const std::string& digest) = 0;
  // The same for who verifies what it reads, as model::LoadModel does against the digest: here
  // nothing need be read. kNotFound as Fetch.
  virtual Result<std::string> Locate(const std::string& digest) { return Fetch(digest); }
  // Recomputes the digests of what the store itself holds; fails as Fetch does.
  virtual Status Verify(const std::string& digest) = 0;
  // Removing what is not there is no error.
  virtual Status Remove(const std::string& digest) = 0;
  // Digests, sorted.
  virtual Result<std::vector<std::string>> List() = 0;
  // Writes metadata.json beside the artifact's files, replacing it: no part of the digest, so it
  // may change.
  virtual Status PutMetadata(const std::string& digest, const std::string& json) = 0;
  // "" where there is none.
  virtual Result<std::string> GetMetadata(const std::string& digest) = 0;
};

// `root`/sha256/ab/cdef…/. Files are written to a temporary directory, synced, then renamed into
// place; a Put over an artifact that was damaged repairs it. Directories are readable by their
// owner only. What a crashed Put left behind is removed by a later one, after an hour.
Result<std::unique_ptr<ArtifactStore>> OpenLocalArtifactStore(FileSystem& files,
                                                              const std::string& root,
                                                              const Clock& clock = SystemClock());

// In an object store: keys sha256/ab/cdef…/NAME, manifest.json written last, so that an artifact is
// there whole or not at all; a Put over one that was damaged repairs it. What is put or fetched is
// kept in the local directory `cache` and used from there while it verifies.
Result<std::unique_ptr<ArtifactStore>> OpenObjectArtifactStore(
    std::shared_ptr<data::ObjectStore> objects, FileSystem& files, const std::string& cache,
    const Clock& clock = SystemClock());

}  // namespace slipway::registry
