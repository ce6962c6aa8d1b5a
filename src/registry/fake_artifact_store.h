// Artifacts in memory, for tests of what uses an ArtifactStore.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "registry/artifact_store.h"

namespace slipway::registry {

// Fetch writes the files to a directory under `scratch`, which the test owns.
class FakeArtifactStore : public ArtifactStore {
 public:
  explicit FakeArtifactStore(std::string scratch) : scratch_(std::move(scratch)) {}

  Status Put(const std::string& digest, const std::map<std::string, std::string>& files) override;
  Result<bool> Contains(const std::string& digest) override;
  Result<std::string> Fetch(const std::string& digest) override;
  Status Verify(const std::string& digest) override;
  Status Remove(const std::string& digest) override;
  Result<std::vector<std::string>> List() override;
  Status PutMetadata(const std::string& digest, const std::string& json) override;
  Result<std::string> GetMetadata(const std::string& digest) override;

 private:
  std::mutex mutex_;  // Guards all below.
  std::string scratch_;
  int fetched_ = 0;
  std::map<std::string, std::map<std::string, std::string>> artifacts_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace slipway::registry
