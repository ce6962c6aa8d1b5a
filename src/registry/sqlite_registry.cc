#include <fmt/format.h>

#include <mutex>
#include <optional>

#include "core/durable_directories.h"
#include "core/file_system.h"
#include "core/hash.h"
#include "registry/registry.h"
#include "registry/rules_internal.h"
#include "registry/sqlite_schema_internal.h"
#include "sqlite/database.h"

namespace slipway::registry {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// One row a version, with its tags and aliases: a single statement sees a single state.
constexpr std::string_view kSelectVersions = R"sql(
SELECT name, registry_version, label, digest, status, verdict, framework, algorithm, task, training_data_hash,
  feature_schema, performance_metrics, training_config, deployment_config, created_at, created_by, run_id, size_bytes,
  (SELECT json_group_object(key, value) FROM tags AS t
    WHERE t.name = v.name AND t.registry_version = v.registry_version),
  (SELECT json_group_array(alias) FROM
    (SELECT alias FROM aliases AS a WHERE a.name = v.name AND a.registry_version = v.registry_version ORDER BY alias))
FROM versions AS v )sql";

// What the database must not hold: somebody else wrote to it.
Error DamagedRow(const std::string& path, const std::string& row, const std::string& what) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kIntegrity, fmt::format("the record of {} is damaged: {}", row, what))
      .At(std::move(location))
      .Try("restoring registry.db from a backup");
}

Result<Json> ReadJson(const std::string& text, Json::value_t type, const std::string& path,
                      const std::string& row) {
  auto json = ParseJson(text, path);
  if (!json.ok() || json->type() != type) {
    return DamagedRow(path, row, "a column does not hold the JSON that it should");
  }
  return json;
}

Result<ModelVersion> ReadVersion(const Statement& row, const std::string& path) {
  constexpr auto kObject = Json::value_t::object;
  constexpr auto kArray = Json::value_t::array;
  ModelVersion version;
  int column = 0;
  version.name = row.Text(column++);
  version.registry_version = row.Integer(column++);
  const std::string name = fmt::format("{}:{}", version.name, version.registry_version);
  for (std::string* text :
       {&version.version, &version.digest, &version.status, &version.verdict, &version.framework,
        &version.algorithm, &version.task, &version.training_data_hash}) {
    *text = row.Text(column++);
  }
  if (!IsDigest(version.digest)) return DamagedRow(path, name, "its digest is none");
  for (const auto& [json, type] : {std::pair(&version.feature_schema, kArray),
                                   std::pair(&version.performance_metrics, kObject),
                                   std::pair(&version.training_config, kObject),
                                   std::pair(&version.deployment_config, kObject)}) {
    SLIPWAY_ASSIGN_OR_RETURN(*json, ReadJson(row.Text(column++), type, path, name));
  }
  version.created_at = row.Text(column++);
  version.created_by = row.Text(column++);
  version.run_id = row.Text(column++);
  version.size_bytes = row.Integer(column++);
  SLIPWAY_ASSIGN_OR_RETURN(const Json tags, ReadJson(row.Text(column++), kObject, path, name));
  for (const auto& [key, value] : tags.items()) {
    if (!value.is_string()) return DamagedRow(path, name, "a tag is no text");
    version.tags[key] = value.get<std::string>();
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Json aliases, ReadJson(row.Text(column++), kArray, path, name));
  for (const Json& alias : aliases) {
    if (!alias.is_string()) return DamagedRow(path, name, "an alias is no text");
    version.aliases.push_back(alias.get<std::string>());
  }
  return version;
}

class SqliteRegistry : public RegistryStore {
 public:
  SqliteRegistry(Database database, const Clock& clock)
      : database_(std::move(database)), clock_(clock) {}

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
  // All of these expect mutex_ to be held.
  Result<std::vector<ModelVersion>> Select(std::string_view condition,
                                           std::initializer_list<std::string_view> values);
  Result<std::optional<ModelVersion>> SelectOne(std::string_view condition,
                                                std::initializer_list<std::string_view> values);
  Result<std::vector<std::string>> SelectTexts(std::string_view sql,
                                               std::initializer_list<std::string_view> values);
  Result<ModelVersion> GetVersion(const std::string& name, int64_t number);
  Result<ModelVersion> GetAlias(const std::string& name, const std::string& alias);
  Result<ModelVersion> GetDigest(const std::string& digest);
  Status CheckModel(const std::string& name);
  Result<int64_t> NextNumber(const std::string& name);
  Status Insert(const ModelVersion& version);
  Status InsertTag(const ModelVersion& version, const std::string& key, const std::string& value);
  Status UpdateStatus(const ModelVersion& version, const std::string& status);
  Status AddAudit(const std::string& actor, const std::string& action, const std::string& name,
                  int64_t version, const Json& detail);

  std::mutex mutex_;  // Guards database_, which one thread may use at a time.
  Database database_;
  const Clock& clock_;
};

Result<std::vector<ModelVersion>> SqliteRegistry::Select(
    std::string_view condition, std::initializer_list<std::string_view> values) {
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement,
                           database_.Prepare(fmt::format("{}{}", kSelectVersions, condition)));
  for (const std::string_view value : values) statement.Bind(value);
  std::vector<ModelVersion> versions;
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return versions;
    SLIPWAY_ASSIGN_OR_RETURN(ModelVersion version, ReadVersion(statement, database_.path()));
    versions.push_back(std::move(version));
  }
}

Result<std::optional<ModelVersion>> SqliteRegistry::SelectOne(
    std::string_view condition, std::initializer_list<std::string_view> values) {
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<ModelVersion> found,
                           Select(fmt::format("{} LIMIT 1", condition), values));
  if (found.empty()) return std::optional<ModelVersion>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<std::string>> SqliteRegistry::SelectTexts(
    std::string_view sql, std::initializer_list<std::string_view> values) {
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement, database_.Prepare(sql));
  for (const std::string_view value : values) statement.Bind(value);
  std::vector<std::string> texts;
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return texts;
    texts.push_back(statement.Text(0));
  }
}

Status SqliteRegistry::CheckModel(const std::string& name) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           SelectTexts("SELECT DISTINCT name FROM versions ORDER BY name", {}));
  if (std::ranges::find(names, name) != names.end()) return {};
  return NoSuchModel(name, names);
}

Result<ModelVersion> SqliteRegistry::GetVersion(const std::string& name, int64_t number) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ModelVersion> versions,
                           Select("WHERE name = ? ORDER BY registry_version DESC", {name}));
  std::vector<int64_t> numbers;
  for (const ModelVersion& version : versions) {
    if (version.registry_version == number) return version;
    numbers.push_back(version.registry_version);
  }
  if (numbers.empty()) SLIPWAY_RETURN_IF_ERROR(CheckModel(name));
  return NoSuchVersion(name, number, numbers);
}

Result<ModelVersion> SqliteRegistry::GetAlias(const std::string& name, const std::string& alias) {
  SLIPWAY_ASSIGN_OR_RETURN(
      std::optional<ModelVersion> found,
      CheckStage(alias).ok()
          ? SelectOne("WHERE name = ? AND status = ? ORDER BY registry_version DESC", {name, alias})
          : SelectOne("WHERE name = ? AND registry_version ="
                      " (SELECT registry_version FROM aliases AS b WHERE b.name = v.name AND "
                      "b.alias = ?)",
                      {name, alias}));
  if (found) return *std::move(found);
  SLIPWAY_RETURN_IF_ERROR(CheckModel(name));
  SLIPWAY_ASSIGN_OR_RETURN(
      const std::vector<std::string> present,
      SelectTexts("SELECT DISTINCT status FROM versions WHERE name = ?1"
                  " UNION SELECT alias FROM aliases WHERE name = ?1 ORDER BY 1",
                  {name}));
  return NoSuchAlias(name, alias, present);
}

Result<ModelVersion> SqliteRegistry::GetDigest(const std::string& digest) {
  // Hex digits sort before 'g': this is the range of all digests that begin so.
  const std::string end = digest + "g";
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> digests,
                           SelectTexts("SELECT DISTINCT digest FROM versions WHERE digest >= ? AND "
                                       "digest < ? ORDER BY digest LIMIT 11",
                                       {digest, end}));
  if (digests.empty()) return NoSuchDigest(digest);
  if (digests.size() > 1) return AmbiguousDigest(digest, digests);
  SLIPWAY_ASSIGN_OR_RETURN(std::optional<ModelVersion> found,
                           SelectOne("WHERE digest = ? ORDER BY id DESC", {digests.front()}));
  if (!found) return NoSuchDigest(digest);  // Deleted between the two statements.
  return *std::move(found);
}

Result<ModelVersion> SqliteRegistry::Get(const ModelReference& reference) {
  const std::scoped_lock lock(mutex_);
  switch (reference.kind) {
    case ModelReference::Kind::kNewest: {
      SLIPWAY_ASSIGN_OR_RETURN(
          std::optional<ModelVersion> found,
          SelectOne("WHERE name = ? ORDER BY registry_version DESC", {reference.name}));
      if (found) return *std::move(found);
      SLIPWAY_RETURN_IF_ERROR(CheckModel(reference.name));
      return NoSuchVersion(reference.name, 0, {});
    }
    case ModelReference::Kind::kVersion: return GetVersion(reference.name, reference.version);
    case ModelReference::Kind::kAlias: return GetAlias(reference.name, reference.alias);
    case ModelReference::Kind::kDigest: return GetDigest(reference.digest);
    case ModelReference::Kind::kPath: break;
  }
  return PathIsNoVersion(reference.path);
}

Result<std::vector<std::string>> SqliteRegistry::ListNames() {
  const std::scoped_lock lock(mutex_);
  return SelectTexts("SELECT DISTINCT name FROM versions ORDER BY name", {});
}

Result<std::vector<ModelVersion>> SqliteRegistry::List(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (name.empty()) return Select("ORDER BY id DESC", {});
  return Select("WHERE name = ? ORDER BY id DESC", {name});
}

Result<int64_t> SqliteRegistry::NextNumber(const std::string& name) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO models (name, last_version) VALUES (?, 1)"
                        " ON CONFLICT (name) DO UPDATE SET last_version = last_version + 1"
                        " RETURNING last_version"));
  SLIPWAY_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, statement.Bind(name).Step());
  return statement.Integer(0);
}

Status SqliteRegistry::Insert(const ModelVersion& version) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare(
          "INSERT INTO versions (name, registry_version, label, digest, status, verdict, framework,"
          " algorithm, task, training_data_hash, feature_schema, performance_metrics, "
          "training_config,"
          " deployment_config, created_at, created_by, run_id, size_bytes)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  statement.Bind(version.name)
      .Bind(version.registry_version)
      .Bind(version.version)
      .Bind(version.digest);
  statement.Bind(version.status)
      .Bind(version.verdict)
      .Bind(version.framework)
      .Bind(version.algorithm);
  statement.Bind(version.task).Bind(version.training_data_hash);
  statement.Bind(CompactJson(version.feature_schema))
      .Bind(CompactJson(version.performance_metrics));
  statement.Bind(CompactJson(version.training_config)).Bind(CompactJson(version.deployment_config));
  statement.Bind(version.created_at)
      .Bind(version.created_by)
      .Bind(version.run_id)
      .Bind(version.size_bytes);
  SLIPWAY_RETURN_IF_ERROR(statement.Run());
  for (const auto& [key, value] : version.tags)
    SLIPWAY_RETURN_IF_ERROR(InsertTag(version, key, value));
  return {};
}

Status SqliteRegistry::InsertTag(const ModelVersion& version, const std::string& key,
                                 const std::string& value) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO tags (name, registry_version, key, value) VALUES (?, ?, ?, ?)"
                        " ON CONFLICT DO UPDATE SET value = excluded.value"));
  return statement.Bind(version.name).Bind(version.registry_version).Bind(key).Bind(value).Run();
}

Status SqliteRegistry::AddAudit(const std::string& actor, const std::string& action,
                                const std::string& name, int64_t version, const Json& detail) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("INSERT INTO audit (at, actor, action, name, registry_version, detail) "
                        "VALUES (?, ?, ?, ?, ?, ?)"));
  return statement.Bind(FormatTimestamp(clock_.Now()))
      .Bind(actor)
      .Bind(action)
      .Bind(name)
      .Bind(version)
      .Bind(CompactJson(detail))
      .Run();
}

Result<ModelVersion> SqliteRegistry::Register(const ModelVersion& given) {
  SLIPWAY_RETURN_IF_ERROR(CheckNewVersion(given));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(std::optional<ModelVersion> present,
                           SelectOne("WHERE name = ? AND digest = ? AND verdict = ? AND label = ?",
                                     {given.name, given.digest, given.verdict, given.version}));
  if (present) return *std::move(present);
  ModelVersion version = NewVersion(given, clock_);
  SLIPWAY_ASSIGN_OR_RETURN(version.registry_version, NextNumber(version.name));
  SLIPWAY_RETURN_IF_ERROR(Insert(version));
  SLIPWAY_RETURN_IF_ERROR(AddAudit(version.created_by, "register", version.name,
                                   version.registry_version, RegisterDetail(version)));
  SLIPWAY_RETURN_IF_ERROR(transaction.Commit());
  return version;
}

Status SqliteRegistry::UpdateStatus(const ModelVersion& version, const std::string& status) {
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("UPDATE versions SET status = ? WHERE name = ? AND registry_version = ?"));
  return statement.Bind(status).Bind(version.name).Bind(version.registry_version).Run();
}

Result<ModelVersion> SqliteRegistry::SetStatus(const std::string& name, int64_t number,
                                               const std::string& status, const std::string& actor,
                                               const Json& detail) {
  SLIPWAY_RETURN_IF_ERROR(CheckStage(status));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(ModelVersion version, GetVersion(name, number));
  if (version.status == status) return version;
  if (IsExclusiveStage(status)) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::optional<ModelVersion> displaced,
                             SelectOne("WHERE name = ? AND status = ?", {name, status}));
    if (displaced) {
      SLIPWAY_RETURN_IF_ERROR(UpdateStatus(*displaced, "archived"));
      SLIPWAY_RETURN_IF_ERROR(AddAudit(actor, "promote", name, displaced->registry_version,
                                       DisplacedDetail(status, number)));
    }
  }
  SLIPWAY_RETURN_IF_ERROR(UpdateStatus(version, status));
  SLIPWAY_RETURN_IF_ERROR(
      AddAudit(actor, "promote", name, number, PromoteDetail(version.status, status, detail)));
  SLIPWAY_RETURN_IF_ERROR(transaction.Commit());
  version.status = status;
  return version;
}

Status SqliteRegistry::SetAlias(const std::string& name, const std::string& alias, int64_t number,
                                const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlias(alias));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  // Also tells whether there is such an alias to remove, or such a version to name.
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version,
                           number == 0 ? GetAlias(name, alias) : GetVersion(name, number));
  SLIPWAY_ASSIGN_OR_RETURN(Statement remove,
                           database_.Prepare("DELETE FROM aliases WHERE name = ? AND alias = ?"));
  SLIPWAY_RETURN_IF_ERROR(remove.Bind(name).Bind(alias).Run());
  if (number != 0) {
    SLIPWAY_ASSIGN_OR_RETURN(
        Statement insert,
        database_.Prepare("INSERT INTO aliases (name, alias, registry_version) VALUES (?, ?, ?)"));
    SLIPWAY_RETURN_IF_ERROR(insert.Bind(name).Bind(alias).Bind(number).Run());
  }
  SLIPWAY_RETURN_IF_ERROR(AddAudit(actor, number == 0 ? "remove_alias" : "alias", name,
                                   version.registry_version, Json{{"alias", alias}}));
  return transaction.Commit();
}

Status SqliteRegistry::SetTag(const std::string& name, int64_t number, const std::string& key,
                              const std::string& value, const std::string& actor) {
  SLIPWAY_RETURN_IF_ERROR(CheckTag(key, value));
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, GetVersion(name, number));
  if (value.empty()) {
    if (!version.tags.contains(key)) return NoSuchTag(version, key);
    SLIPWAY_ASSIGN_OR_RETURN(
        Statement remove,
        database_.Prepare("DELETE FROM tags WHERE name = ? AND registry_version = ? AND key = ?"));
    SLIPWAY_RETURN_IF_ERROR(remove.Bind(name).Bind(number).Bind(key).Run());
  } else {
    SLIPWAY_RETURN_IF_ERROR(InsertTag(version, key, value));
  }
  SLIPWAY_RETURN_IF_ERROR(
      AddAudit(actor, value.empty() ? "remove_tag" : "tag", name, number,
               value.empty() ? Json{{"key", key}} : Json{{"key", key}, {"value", value}}));
  return transaction.Commit();
}

Status SqliteRegistry::Delete(const std::string& name, int64_t number, const std::string& actor) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  SLIPWAY_ASSIGN_OR_RETURN(const ModelVersion version, GetVersion(name, number));
  if (IsExclusiveStage(version.status)) return StillInUse(version);
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement remove,
      database_.Prepare("DELETE FROM versions WHERE name = ? AND registry_version = ?"));
  SLIPWAY_RETURN_IF_ERROR(remove.Bind(name).Bind(number).Run());
  SLIPWAY_RETURN_IF_ERROR(AddAudit(actor, "delete", name, number, DeleteDetail(version)));
  return transaction.Commit();
}

Result<std::vector<AuditEntry>> SqliteRegistry::Audit(const std::string& name, int limit) {
  const std::scoped_lock lock(mutex_);
  SLIPWAY_ASSIGN_OR_RETURN(
      Statement statement,
      database_.Prepare("SELECT at, actor, action, name, registry_version, detail FROM audit"
                        " WHERE ?1 = '' OR name = ?1 ORDER BY id DESC LIMIT ?2"));
  statement.Bind(name).Bind(static_cast<int64_t>(limit));
  std::vector<AuditEntry> entries;
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return entries;
    AuditEntry entry{statement.Text(0), statement.Text(1),    statement.Text(2),
                     statement.Text(3), statement.Integer(4), Json::object()};
    SLIPWAY_ASSIGN_OR_RETURN(entry.detail,
                             ReadJson(statement.Text(5), Json::value_t::object, database_.path(),
                                      fmt::format("what happened to {}", entry.name)));
    entries.push_back(std::move(entry));
  }
}

Result<Database> Connect(const std::string& path, const SqliteOptions& options) {
  Result<Database> database =
      Database::Open(path, kRegistryDatabase, options.create, options.busy_timeout_ms);
  const bool may_not_write =
      !database.ok() && database.error().code() == ErrorCode::kPermission && !options.create;
  return may_not_write ? Database::OpenReadOnly(path, kRegistryDatabase, options.busy_timeout_ms)
                       : std::move(database);
}

// An empty file is a registry that somebody begins to make, or one that lost everything: then it
// must not look like one without models.
Status CheckNotEmpty(FileSystem& files, const std::string& path, const SqliteOptions& options) {
  const Result<FileStat> stat = files.Stat(path);
  if (!stat.ok() || stat->size > 0 || files.Exists(path + "-wal")) return {};
  if (options.must_have_versions) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kIntegrity, "the registry database is empty, but there are artifacts")
        .At(std::move(location))
        .Try("restoring registry.db from a backup, or removing the file to begin anew");
  }
  return options.create ? Status() : NoRegistry(DirectoryOf(path));
}

}  // namespace

Result<std::unique_ptr<RegistryStore>> OpenSqliteRegistry(const std::string& path,
                                                          const Clock& clock,
                                                          SqliteOptions options) {
  FileSystem& files = LocalFileSystem();
  if (options.create) {
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files, DirectoryOf(path)));
  } else if (!files.Exists(path)) {
    return NoRegistry(DirectoryOf(path));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckNotEmpty(files, path, options));
  SLIPWAY_ASSIGN_OR_RETURN(Database database, Connect(path, options));
  SLIPWAY_RETURN_IF_ERROR(sqlite::Migrate(database, RegistryMigrations()));
  // The name of a new database must not be lost either.
  if (options.create) SLIPWAY_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(path)));
  return std::make_unique<SqliteRegistry>(std::move(database), clock);
}

}  // namespace slipway::registry
