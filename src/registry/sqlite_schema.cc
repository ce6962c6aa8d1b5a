#include <array>

#include "registry/sqlite_schema_internal.h"

namespace slipway::registry {
namespace {

// Never edited once released: a change is a new entry.
constexpr std::array<const char*, 1> kMigrations = {
    R"sql(
CREATE TABLE models (
  name TEXT PRIMARY KEY,
  last_version INTEGER NOT NULL  -- The last number given: numbers of deleted versions stay used.
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
  id INTEGER PRIMARY KEY,  -- In order of registration over all names.
  name TEXT NOT NULL REFERENCES models (name),
  registry_version INTEGER NOT NULL CHECK (registry_version > 0),
  label TEXT NOT NULL,
  digest TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('development', 'staging', 'production', 'archived')),
  verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed')),
  framework TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  task TEXT NOT NULL,
  training_data_hash TEXT NOT NULL,
  feature_schema TEXT NOT NULL,
  performance_metrics TEXT NOT NULL,
  training_config TEXT NOT NULL,
  deployment_config TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  run_id TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  UNIQUE (name, registry_version),
  UNIQUE (name, digest, verdict, label)
) STRICT;
CREATE INDEX versions_by_digest ON versions (digest);
CREATE UNIQUE INDEX one_version_a_stage ON versions (name, status) WHERE status IN ('staging', 'production');

CREATE TABLE aliases (
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  registry_version INTEGER NOT NULL,
  PRIMARY KEY (name, alias),
  FOREIGN KEY (name, registry_version) REFERENCES versions (name, registry_version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_version ON aliases (name, registry_version);

CREATE TABLE tags (
  name TEXT NOT NULL,
  registry_version INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name, registry_version, key),
  FOREIGN KEY (name, registry_version) REFERENCES versions (name, registry_version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (  -- Rows are only ever added.
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  name TEXT NOT NULL,
  registry_version INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_name ON audit (name, id);
)sql",
};

}  // namespace

std::span<const char* const> RegistryMigrations() { return kMigrations; }

}  // namespace slipway::registry
