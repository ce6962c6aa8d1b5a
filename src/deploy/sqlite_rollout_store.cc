#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/durable_directories.h"
#include "core/file_system.h"
#include "core/text.h"
#include "deploy/rollout_rules_internal.h"
#include "deploy/rollout_schema_internal.h"
#include "deploy/rollout_store.h"
#include "sqlite/database.h"

namespace slipway::deploy {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// What the database must not hold: somebody else wrote to it.
Result<Json> ReadJson(const std::string& text, const std::string& path, const std::string& row) {
  Result<Json> json = ParseJson(text, path);
  if (json.ok()) return json;
  Location location;
  location.file = path;
  return Error(ErrorCode::kIntegrity,
               fmt::format("the record of {} is damaged: it holds no JSON", row))
      .At(std::move(location))
      .Try(std::string(kRolloutDatabase.repair));
}

Result<ServiceRecord> ReadService(const Statement& row, const std::string& path) {
  ServiceRecord record;
  record.name = row.Text(0);
  record.generation = row.Integer(1);
  SLIPWAY_ASSIGN_OR_RETURN(record.document,
                           ReadJson(row.Text(2), path, fmt::format("service '{}'", record.name)));
  return record;
}

Result<RolloutEvent> ReadEvent(const Statement& row, const std::string& path) {
  RolloutEvent event;
  int column = 0;
  event.id = row.Integer(column++);
  event.service = row.Text(column++);
  event.revision = row.Integer(column++);
  event.at = row.Text(column++);
  event.kind = row.Text(column++);
  event.text = row.Text(column++);
  SLIPWAY_ASSIGN_OR_RETURN(event.detail,
                           ReadJson(row.Text(column++), path, fmt::format("event {}", event.id)));
  return event;
}

Result<Effect> ReadEffect(const Statement& row, const std::string& path) {
  Effect effect;
  int column = 0;
  effect.id = row.Integer(column++);
  effect.service = row.Text(column++);
  effect.kind = row.Text(column++);
  SLIPWAY_ASSIGN_OR_RETURN(effect.detail,
                           ReadJson(row.Text(column++), path, fmt::format("effect {}", effect.id)));
  effect.due_ms = row.Integer(column++);
  effect.attempts = row.Integer(column++);
  effect.last_error = row.Text(column++);
  return effect;
}

template <typename Row>
Result<std::vector<Row>> ReadRows(Statement& statement, const std::string& path,
                                  Result<Row> (*read)(const Statement&, const std::string&)) {
  std::vector<Row> rows;
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return rows;
    SLIPWAY_ASSIGN_OR_RETURN(Row value, read(statement, path));
    rows.push_back(std::move(value));
  }
}

// To SQLite a negative limit is none.
int64_t AtMost(int64_t limit) { return std::max<int64_t>(limit, 0); }

class SqliteRolloutStore : public RolloutStore {
 public:
  SqliteRolloutStore(Database database, const Clock& clock)
      : database_(std::move(database)), clock_(clock) {}

  Result<std::vector<ServiceRecord>> Services() override;
  Result<std::optional<ServiceRecord>> Find(const std::string& service) override;
  Result<int64_t> Write(const ServiceChange& change) override;
  Status Remove(const std::string& service, int64_t generation) override;
  Result<std::vector<RolloutEvent>> Events(const std::string& service, int64_t revision,
                                           int64_t after_id, int64_t limit) override;
  Status Prune(const std::string& service, int64_t keep_revisions) override;
  Result<std::vector<Effect>> DueEffects(int64_t now_ms, int64_t limit,
                                         const std::vector<std::string>& kinds) override;
  Status FinishEffect(int64_t id) override;
  Status RetryEffect(int64_t id, int64_t due_ms, const std::string& error) override;
  Result<int64_t> ChangeCounter() override;

 private:
  struct Generation {
    int64_t last = 0;     // 0 of a service that there never was.
    int64_t present = 0;  // 0 of one that is not there.
  };
  // All of these expect mutex_ to be held.
  Result<Generation> GenerationOf(const std::string& service);
  Status PutService(const ServiceChange& change, int64_t generation);
  Status AddEvent(const std::string& service, const RolloutEvent& event);
  Status AddEffect(const std::string& service, const Effect& effect);
  Status RunFor(std::string_view sql, const std::string& service);
  Status Commit(Transaction& transaction);

  std::mutex mutex_;  // Guards what is below; one thread may use the database at a time.
  Database database_;
  int64_t commits_ = 0;  // Of this connection, which SQLite's own counter leaves out.
  const Clock& clock_;
};

Status SqliteRolloutStore::Commit(Transaction& transaction) {
  SLIPWAY_RETURN_IF_ERROR(transaction.Commit());
  ++commits_;
  return {};
}

Status SqliteRolloutStore::RunFor(std::string_view sql, const std::string& service) {
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement, database_.Prepare(sql));
  return statement.Bind(service).Run();
}

Result<std::vector<ServiceRecord>> SqliteRolloutStore::Services() {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement,
                           database_.Prepare("SELECT name, generation, document FROM services"
                                             " WHERE document IS NOT NULL ORDER BY name"));
  return ReadRows<ServiceRecord>(statement, database_.path(), ReadService);
}

Result<std::optional<ServiceRecord>> SqliteRolloutStore::Find(const std::string& service) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement,
                           database_.Prepare("SELECT name, generation, document FROM services"
                                             " WHERE document IS NOT NULL AND name = ?"));
  SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Bind(service).Step());
  if (!row) return std::optional<ServiceRecord>();
  SLIPWAY_ASSIGN_OR_RETURN(ServiceRecord record, ReadService(statement, database_.path()));
  return std::optional(std::move(record));
}

Result<SqliteRolloutStore::Generation> SqliteRolloutStore::GenerationOf(
    const std::string& service) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("SELECT generation, document IS NOT NULL FROM services WHERE name = ?"));
  SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Bind(service).Step());
  if (!row) return Generation();
  const int64_t last = statement.Integer(0);
  return Generation{last, statement.Integer(1) != 0 ? last : 0};
}

Status SqliteRolloutStore::PutService(const ServiceChange& change, int64_t generation) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO services (name, generation, document) VALUES (?, ?, ?)"
                        " ON CONFLICT (name) DO UPDATE"
                        " SET generation = excluded.generation, document = excluded.document"));
  return statement.Bind(change.service).Bind(generation).Bind(CompactJson(change.document)).Run();
}

Status SqliteRolloutStore::AddEvent(const std::string& service, const RolloutEvent& event) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO events (service, revision, at, kind, text, detail)"
                        " VALUES (?, ?, ?, ?, ?, ?)"));
  return statement.Bind(service)
      .Bind(event.revision)
      .Bind(event.at.empty() ? FormatTimestamp(clock_.Now()) : event.at)
      .Bind(event.kind)
      .Bind(event.text)
      .Bind(CompactJson(event.detail))
      .Run();
}

Status SqliteRolloutStore::AddEffect(const std::string& service, const Effect& effect) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO effects (service, kind, detail, due_ms, attempts, last_error)"
                        " VALUES (?, ?, ?, ?, 0, '')"));
  return statement.Bind(service)
      .Bind(effect.kind)
      .Bind(CompactJson(effect.detail))
      .Bind(effect.due_ms)
      .Run();
}

Result<int64_t> SqliteRolloutStore::Write(const ServiceChange& change) {
  SLIPWAY_RETURN_IF_ERROR(CheckChange(change));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(const Generation generation, GenerationOf(change.service));
  SLIPWAY_RETURN_IF_ERROR(CheckGeneration(change.service, change.generation, generation.present));
  SLIPWAY_RETURN_IF_ERROR(PutService(change, generation.last + 1));
  for (const RolloutEvent& event : change.events) {
    SLIPWAY_RETURN_IF_ERROR(AddEvent(change.service, event));
  }
  for (const Effect& effect : change.effects) {
    SLIPWAY_RETURN_IF_ERROR(AddEffect(change.service, effect));
  }
  SLIPWAY_RETURN_IF_ERROR(Commit(transaction));
  return generation.last + 1;
}

Status SqliteRolloutStore::Remove(const std::string& service, int64_t generation) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(const Generation found, GenerationOf(service));
  SLIPWAY_RETURN_IF_ERROR(CheckGeneration(service, generation, found.present));
  SLIPWAY_RETURN_IF_ERROR(RunFor("DELETE FROM events WHERE service = ?", service));
  SLIPWAY_RETURN_IF_ERROR(RunFor("DELETE FROM effects WHERE service = ?", service));
  SLIPWAY_RETURN_IF_ERROR(RunFor("UPDATE services SET document = NULL WHERE name = ?", service));
  return Commit(transaction);
}

Result<std::vector<RolloutEvent>> SqliteRolloutStore::Events(const std::string& service,
                                                             int64_t revision, int64_t after_id,
                                                             int64_t limit) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement,
                           database_.Prepare(fmt::format(
                               "SELECT id, service, revision, at, kind, text, detail"
                               " FROM events WHERE service = ? AND id > ?{} ORDER BY id LIMIT ?",
                               revision == 0 ? "" : " AND revision = ?")));
  statement.Bind(service).Bind(after_id);
  if (revision != 0) statement.Bind(revision);
  statement.Bind(AtMost(limit));
  return ReadRows<RolloutEvent>(statement, database_.path(), ReadEvent);
}

Status SqliteRolloutStore::Prune(const std::string& service, int64_t keep_revisions) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("DELETE FROM events WHERE service = ?1 AND revision <"
                        " (SELECT min(revision) FROM (SELECT DISTINCT revision FROM events"
                        "   WHERE service = ?1 ORDER BY revision DESC LIMIT ?2))"));
  SLIPWAY_RETURN_IF_ERROR(statement.Bind(service).Bind(std::max<int64_t>(keep_revisions, 1)).Run());
  return Commit(transaction);
}

Result<std::vector<Effect>> SqliteRolloutStore::DueEffects(int64_t now_ms, int64_t limit,
                                                           const std::vector<std::string>& kinds) {
  const std::scoped_lock lock(mutex_);
  const std::string of_kind =
      kinds.empty()
          ? ""
          : " AND kind IN (" + Join(std::vector<std::string>(kinds.size(), "?"), ", ") + ")";
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("SELECT id, service, kind, detail, due_ms, attempts, last_error"
                        " FROM effects WHERE (due_ms <= ? OR due_ms - ? > ?)" +
                        of_kind + " ORDER BY due_ms, id LIMIT ?"));
  statement.Bind(now_ms).Bind(kFarthestDueMs).Bind(now_ms);
  for (const std::string& kind : kinds) statement.Bind(kind);
  statement.Bind(AtMost(limit));
  return ReadRows<Effect>(statement, database_.path(), ReadEffect);
}

Status SqliteRolloutStore::FinishEffect(int64_t id) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement,
                           database_.Prepare("DELETE FROM effects WHERE id = ?"));
  SLIPWAY_RETURN_IF_ERROR(statement.Bind(id).Run());
  return Commit(transaction);
}

Status SqliteRolloutStore::RetryEffect(int64_t id, int64_t due_ms, const std::string& error) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("UPDATE effects SET attempts = attempts + 1, due_ms = ?, last_error = ?"
                        " WHERE id = ?"));
  SLIPWAY_RETURN_IF_ERROR(statement.Bind(due_ms).Bind(error).Bind(id).Run());
  return Commit(transaction);
}

Result<int64_t> SqliteRolloutStore::ChangeCounter() {
  const std::scoped_lock lock(mutex_);
  // Both only ever grow, so that their sum changes with either.
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t others, database_.QueryInteger("PRAGMA data_version"));
  return others + commits_;
}

}  // namespace

Result<std::unique_ptr<RolloutStore>> OpenRolloutStore(const std::string& path, const Clock& clock,
                                                       RolloutStoreOptions options) {
  FileSystem& files = LocalFileSystem();
  if (options.create) {
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files, DirectoryOf(path)));
  } else if (!files.Exists(path)) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kNotFound, "nothing was deployed here yet")
        .At(std::move(location))
        .Try("slipway deploy");
  }
  SLIPWAY_ASSIGN_OR_RETURN(Database database, Database::Open(path, kRolloutDatabase, options.create,
                                                             options.busy_timeout_ms));
  SLIPWAY_RETURN_IF_ERROR(sqlite::Migrate(database, RolloutMigrations()));
  // The name of a new database must not be lost either.
  if (options.create) SLIPWAY_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(path)));
  return std::make_unique<SqliteRolloutStore>(std::move(database), clock);
}

}  // namespace slipway::deploy
