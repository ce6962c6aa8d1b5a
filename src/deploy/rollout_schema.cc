#include <array>

#include "deploy/rollout_schema_internal.h"

namespace slipway::deploy {
namespace {

// Never edited once released: a change is a new entry.
constexpr std::array<const char*, 1> kMigrations = {
    R"sql(
CREATE TABLE services (
  name TEXT PRIMARY KEY,
  generation INTEGER NOT NULL CHECK (generation > 0),
  document TEXT  -- NULL of one that was removed: its generations stay used.
) STRICT;

CREATE TABLE events (  -- AUTOINCREMENT: who has read up to an id must not miss one that reuses it.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service TEXT NOT NULL REFERENCES services (name),
  revision INTEGER NOT NULL CHECK (revision > 0),
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_service ON events (service);
CREATE INDEX events_by_revision ON events (service, revision);

CREATE TABLE effects (  -- AUTOINCREMENT: who finishes one twice must not finish another.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service TEXT NOT NULL REFERENCES services (name),
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT NOT NULL
) STRICT;
CREATE INDEX effects_by_due ON effects (due_ms);
CREATE INDEX effects_by_service ON effects (service);
)sql",
};

}  // namespace

std::span<const char* const> RolloutMigrations() { return kMigrations; }

}  // namespace slipway::deploy
