#include "sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace slipway::sqlite {
namespace {

Location At(const std::string& path) {
  Location location;
  location.file = path;
  return location;
}

ErrorCode CodeFor(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kTimeout;
    case SQLITE_NOTADB: return ErrorCode::kInvalidInput;
    case SQLITE_CORRUPT: return ErrorCode::kIntegrity;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return ErrorCode::kPermission;
    case SQLITE_FULL:
    case SQLITE_IOERR: return ErrorCode::kIo;
    default: return ErrorCode::kInternal;
  }
}

// What a URI would read otherwise.
std::string UriPath(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const bool special = c == '%' || c == '?' || c == '#';
    escaped += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return escaped;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

Statement& Statement::Bind(std::string_view text) {
  // An empty view may hold a null pointer, which SQLite would bind as NULL.
  const char* data = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), next_++, data, text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  const int code = sqlite3_bind_int64(statement_.get(), next_++, number);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Result<bool> Statement::Step() {
  if (bind_code_ != SQLITE_OK) return database_->LastError(bind_code_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->LastError(code);
}

Status Statement::Run() {
  SLIPWAY_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, Step());
  return {};
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(text, size);
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

Error Database::LastError(int code) const {
  const ErrorCode error = CodeFor(code);
  const std::string said = connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code);
  switch (error) {
    case ErrorCode::kTimeout:
      return Error(error, fmt::format("another process has held the {}'s lock for {} s", kind_.name,
                                      static_cast<double>(busy_timeout_ms_) / 1000.0))
          .At(At(path_))
          .Try("again when it is done");
    case ErrorCode::kInvalidInput:
      return Error(error, fmt::format("not a {} database", kind_.name))
          .At(At(path_))
          .Expected("an SQLite database");
    case ErrorCode::kIntegrity:
      return Error(error, fmt::format("the {} database is damaged: {}", kind_.name, said))
          .At(At(path_))
          .Try(std::string(kind_.repair));
    default:
      return Error(error, fmt::format("the {} can't be used: {}", kind_.name, said)).At(At(path_));
  }
}

Status Database::Connect(const std::string& name, int flags) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) return LastError(code);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, busy_timeout_ms_);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return {};
}

Result<Database> Database::Open(const std::string& path, const DatabaseKind& kind, bool create,
                                int busy_timeout_ms) {
  const bool exists = ::access(path.c_str(), F_OK) == 0;
  Database database(path, kind, busy_timeout_ms);
  SLIPWAY_RETURN_IF_ERROR(
      database.Connect(path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0)));
  // The WAL and its index take their permissions from the database.
  if (!exists && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return SystemError("set the permissions of", path, errno);
  }
  SLIPWAY_RETURN_IF_ERROR(database.Configure());
  return database;
}

Result<Database> Database::OpenReadOnly(const std::string& path, const DatabaseKind& kind,
                                        int busy_timeout_ms) {
  // What stands in a WAL belongs to the database and would be left out. Without one, nobody can be
  // writing: that is what immutable promises.
  const std::string wal = path + "-wal";
  struct stat info{};
  const bool has_wal = ::stat(wal.c_str(), &info) == 0 && info.st_size > 0;
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  const std::string uri =
      fmt::format("file:{}{}", UriPath(absolute), has_wal ? "" : "?immutable=1");
  Database database(path, kind, busy_timeout_ms);
  SLIPWAY_RETURN_IF_ERROR(database.Connect(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
  SLIPWAY_RETURN_IF_ERROR(database.CheckKind());
  SLIPWAY_RETURN_IF_ERROR(database.Execute("PRAGMA trusted_schema=OFF"));
  return database;
}

// Asked before anything is written: the database of another program, or another one of ours, must
// stay as it is. The tables come first: whoever makes the database at this moment commits them
// together with the mark, so that tables without it are never ours.
Status Database::CheckKind() {
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t tables,
                           QueryInteger("SELECT count(*) FROM sqlite_schema"));
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t application, QueryInteger("PRAGMA application_id"));
  if (application == kind_.application_id || (application == 0 && tables == 0)) return {};
  return Error(ErrorCode::kInvalidInput, "a database of another program")
      .At(At(path_))
      .Expected(fmt::format("a {} made by slipway", kind_.name));
}

Status Database::Configure() {
  SLIPWAY_RETURN_IF_ERROR(CheckKind());
  SLIPWAY_RETURN_IF_ERROR(EnterWalMode());
  return Execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
}

// Changing the mode takes an exclusive lock for which SQLite does not always wait: when several
// processes open a new database at once, all but one are told "busy" at once.
Status Database::EnterWalMode() {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_timeout_ms_);
  while (true) {
    const Result<std::string> mode = QueryText("PRAGMA journal_mode=WAL");
    if (mode.ok() && *mode == "wal") return {};
    if (mode.ok()) {
      return Error(ErrorCode::kUnavailable,
                   fmt::format("the {} can't keep a write-ahead log here (its mode is {})",
                               kind_.name, *mode))
          .At(At(path_))
          .Expected("a file system with shared memory")
          .Try("a local disk");
    }
    if (mode.error().code() != ErrorCode::kTimeout || std::chrono::steady_clock::now() > deadline) {
      return mode.error();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return LastError(code);
  return {};
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return LastError(code);
  return Statement(*this, statement);
}

Result<int64_t> Database::QueryInteger(std::string_view sql) {
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Integer(0) : 0;
}

Result<std::string> Database::QueryText(std::string_view sql) {
  SLIPWAY_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  SLIPWAY_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Text(0) : std::string();
}

Result<Transaction> Transaction::Begin(Database& database) {
  SLIPWAY_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // Nothing is left to tell: either the transaction was committed, or an error is on its way
  // already.
  if (database_ != nullptr) (void)database_->Execute("ROLLBACK");
}

Status Transaction::Commit() {
  SLIPWAY_RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return {};
}

Status Migrate(Database& database, std::span<const char* const> migrations) {
  const auto newest = static_cast<int64_t>(migrations.size());
  SLIPWAY_ASSIGN_OR_RETURN(int64_t version, database.QueryInteger("PRAGMA user_version"));
  if (version < newest) {
    SLIPWAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database));
    // Another process may have been faster.
    SLIPWAY_ASSIGN_OR_RETURN(version, database.QueryInteger("PRAGMA user_version"));
    SLIPWAY_RETURN_IF_ERROR(
        database.Execute(fmt::format("PRAGMA application_id={}", database.kind().application_id)));
    for (; version < newest; ++version) {
      SLIPWAY_RETURN_IF_ERROR(database.Execute(migrations[static_cast<size_t>(version)]));
      SLIPWAY_RETURN_IF_ERROR(database.Execute(fmt::format("PRAGMA user_version={}", version + 1)));
    }
    SLIPWAY_RETURN_IF_ERROR(transaction.Commit());
  }
  if (version > newest) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the {} was written by a newer slipway (its schema is {}, this build "
                             "knows {})",
                             database.kind().name, version, newest))
        .At(At(database.path()))
        .Try("a newer slipway");
  }
  return {};
}

}  // namespace slipway::sqlite
