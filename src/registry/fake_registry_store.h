// Versions in memory, for tests of what uses a RegistryStore.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "registry/registry_store.h"

namespace slipway::registry {

class FakeRegistryStore : public RegistryStore {
 public:
  explicit FakeRegistryStore(const Clock& clock = SystemClock()) : clock_(clock) {}

  Result<ModelVersion> Register(const ModelVersion& version) override;
  Result<ModelVersion> Get(const ModelReference& reference) override;
  Result<std::vector<std::string>> ListNames() override;
  Result<std::vector<ModelVersion>> List(const std::string& name) override;
  using RegistryStore::SetStatus;
  Result<ModelVersion> SetStatus(const std::string& name, int64_t version,
                                 const std::string& status, const std::string& actor,
                                 const Json& detail) override;
  Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                  const std::string& actor) override;
  Status SetTag(const std::string& name, int64_t version, const std::string& key,
                const std::string& value, const std::string& actor) override;
  Status Delete(const std::string& name, int64_t version, const std::string& actor) override;
  Result<std::vector<AuditEntry>> Audit(const std::string& name, int limit) override;

 private:
  std::vector<std::string> Names() const;
  // The version with what others say about it: its aliases.
  ModelVersion Complete(ModelVersion version) const;
  Result<ModelVersion*> Find(const std::string& name, int64_t version);
  Result<ModelVersion> FindAlias(const std::string& name, const std::string& alias);
  Result<ModelVersion> FindDigest(const std::string& digest);
  void Record(const std::string& actor, const std::string& action, const std::string& name,
              int64_t version, Json detail);

  std::mutex mutex_;  // Guards all below.
  const Clock& clock_;
  std::vector<ModelVersion> versions_;  // Oldest first.
  std::map<std::string, int64_t> last_numbers_;
  std::map<std::pair<std::string, std::string>, int64_t> aliases_;  // (name, alias) → number.
  std::vector<AuditEntry> audit_;                                   // Oldest first.
};

}  // namespace slipway::registry
