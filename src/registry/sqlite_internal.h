// SQLite as values and errors of ours. Only this folder sees it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::registry {

class Database;

// A prepared statement; must not outlive its Database. Parameters are bound in order.
class Statement {
 public:
  Statement& Bind(std::string_view text);
  Statement& Bind(int64_t number);
  // True when there is a row to read; an earlier failure to bind comes out here.
  Result<bool> Step();
  // For statements that give no rows.
  Status Run();

  std::string Text(int column) const;
  int64_t Integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int bind_code_ = SQLITE_OK;
};

// A connection; not thread-safe.
class Database {
 public:
  // In WAL mode, durable on commit, foreign keys on. A file that does not exist is made if
  // `create`, for its owner only. kInvalidInput where it is no SQLite database or belongs to
  // another program.
  static Result<Database> Open(const std::string& path, bool create, int busy_timeout_ms);
  // For a file on media that can't be written, where SQLite could not make the files it shares
  // between processes. Changing anything is kPermission.
  static Result<Database> OpenReadOnly(const std::string& path, int busy_timeout_ms);

  Status Execute(const std::string& sql);
  Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row.
  Result<int64_t> QueryInteger(std::string_view sql);
  Result<std::string> QueryText(std::string_view sql);
  const std::string& path() const { return path_; }
  // The last failure, as an Error that names the file.
  Error LastError(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };
  Database(std::string path, sqlite3* connection, int busy_timeout_ms)
      : path_(std::move(path)), connection_(connection), busy_timeout_ms_(busy_timeout_ms) {}
  static Result<Database> Connect(const std::string& name, const std::string& path, int flags,
                                  int busy_timeout_ms);
  Status CheckOwner();
  Status Configure();
  Status EnterWalMode();

  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
  int busy_timeout_ms_;
};

// Takes the write lock at once, so that what is read inside can't change before it is written.
// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// Brings the database to the newest schema: migration i leads from version i to i + 1. Each is done
// once, in one transaction with the version's number, whatever number of processes try.
// kInvalidInput where the file was written by a newer Slipway.
Status Migrate(Database& database, const std::string& path,
               std::span<const char* const> migrations);

// The registry's own.
std::span<const char* const> RegistryMigrations();

}  // namespace slipway::registry
