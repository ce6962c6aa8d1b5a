// SQLite as values and errors of ours: a connection, its statements, transactions and migrations.
// SQLite's own header stays in this folder.
//
// Failures: kTimeout where another process holds the lock too long, kInvalidInput where the file is
// none of ours or newer than this build, kIntegrity where it is damaged, kPermission and kIo where
// the system says so.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::sqlite {

// Which of Slipway's databases a file is: how it is told from others, and called in errors. The
// texts must live as long as every Database of the kind: literals do.
struct DatabaseKind {
  int32_t application_id = 0;  // Marks the file, and never changes once released.
  std::string_view name;       // "registry", as in "the registry's lock".
  std::string_view repair;     // What to try where it is damaged.
};

class Database;

// A prepared statement; must not outlive its Database, which must not move meanwhile. Parameters
// are bound in order.
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
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int bind_code_ = 0;  // SQLITE_OK.
};

// A connection; one thread may use it at a time.
class Database {
 public:
  // In WAL mode, durable on commit, foreign keys on. A file that does not exist is made if
  // `create`, for its owner only. kInvalidInput where it is no SQLite database, or belongs to
  // another program or is of another kind: then it is left as it is.
  static Result<Database> Open(const std::string& path, const DatabaseKind& kind, bool create,
                               int busy_timeout_ms);
  // For a file on media that can't be written, where SQLite could not make the files it shares
  // between processes. Changing anything is kPermission.
  static Result<Database> OpenReadOnly(const std::string& path, const DatabaseKind& kind,
                                       int busy_timeout_ms);

  Status Execute(const std::string& sql);
  Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row.
  Result<int64_t> QueryInteger(std::string_view sql);
  Result<std::string> QueryText(std::string_view sql);
  const std::string& path() const { return path_; }
  const DatabaseKind& kind() const { return kind_; }
  // The last failure, as an Error that names the file.
  Error LastError(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Database(std::string path, const DatabaseKind& kind, int busy_timeout_ms)
      : path_(std::move(path)), kind_(kind), busy_timeout_ms_(busy_timeout_ms) {}
  // `name` is the path, or a URI of it.
  Status Connect(const std::string& name, int flags);
  Status CheckKind();
  Status Configure();
  Status EnterWalMode();

  std::string path_;
  DatabaseKind kind_;
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
// once, in one transaction with the version's number and the mark of the kind, whatever number of
// processes try. kInvalidInput where the file was written by a newer Slipway.
Status Migrate(Database& database, std::span<const char* const> migrations);

}  // namespace slipway::sqlite
