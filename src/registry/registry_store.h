// Where versions are recorded. One conformance suite (registry_store_conformance.h) runs on every
// implementation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "registry/types.h"

namespace slipway::registry {

struct AuditEntry {
  std::string at;
  std::string actor;
  std::string action;  // "register", "promote", "alias", "tag", "delete", …
  std::string name;
  int64_t registry_version = 0;
  Json detail = Json::object();
};
Json ToJson(const AuditEntry& entry);

// Safe to use from several threads and several processes at once. Every call is atomic and, once it
// returned, durable.
class RegistryStore {
 public:
  virtual ~RegistryStore() = default;

  // Gives the version the next number of its name and records it with its tags, as status
  // development and without aliases. A version with the same name, digest, verdict and label that
  // exists already is returned instead: registering is idempotent.
  virtual Result<ModelVersion> Register(const ModelVersion& version) = 0;

  // The version a reference names; not kPath. kNotFound lists what there is.
  virtual Result<ModelVersion> Get(const ModelReference& reference) = 0;
  virtual Result<std::vector<std::string>> ListNames() = 0;
  // Newest first; all names where `name` is "".
  virtual Result<std::vector<ModelVersion>> List(const std::string& name) = 0;

  // Moves a version to a stage. staging and production hold one version each: the one that was
  // there is archived. Returns the version as it is now. `detail` goes to the audit log.
  virtual Result<ModelVersion> SetStatus(const std::string& name, int64_t version,
                                         const std::string& status, const std::string& actor,
                                         const Json& detail) = 0;
  Result<ModelVersion> SetStatus(const std::string& name, int64_t version,
                                 const std::string& status, const std::string& actor) {
    return SetStatus(name, version, status, actor, Json::object());
  }
  // Moves an alias to a version; version 0 removes the alias.
  virtual Status SetAlias(const std::string& name, const std::string& alias, int64_t version,
                          const std::string& actor) = 0;
  // "" removes the tag; kNotFound where it isn't there.
  virtual Status SetTag(const std::string& name, int64_t version, const std::string& key,
                        const std::string& value, const std::string& actor) = 0;
  // Its number stays used and its aliases go. kConflict for a version in staging or production.
  virtual Status Delete(const std::string& name, int64_t version, const std::string& actor) = 0;
  // Newest first; of all names where `name` is "".
  virtual Result<std::vector<AuditEntry>> Audit(const std::string& name, int limit) = 0;
};

struct SqliteOptions {
  bool create = true;  // Else kNotFound where there is no database.
  int busy_timeout_ms =
      10'000;  // How long to wait for another process that writes, before kTimeout.
  // Its artifacts are there, so that an empty file is kIntegrity and no registry to be made.
  bool must_have_versions = false;
};

// SQLite in WAL mode with synchronous=FULL; creates the database (and its directory) if needed,
// readable by its owner only. Without `create`, one on media that can't be written is opened for
// reading alone. kInvalidInput where the file is no database of ours or was written by
// a newer Slipway.
Result<std::unique_ptr<RegistryStore>> OpenSqliteRegistry(const std::string& path,
                                                          const Clock& clock = SystemClock(),
                                                          SqliteOptions options = {});

}  // namespace slipway::registry
