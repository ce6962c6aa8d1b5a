// One connection to PostgreSQL, every wait of which can be interrupted.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/postgres_uri_internal.h"

namespace slipway::data {

using PostgresResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

// Not thread-safe. Errors name the URI, without its password, and what to try.
class PostgresConnection {
 public:
  // kUnavailable where nobody answers in time, kPermission for a wrong or missing password,
  // kNotFound for a database that is not there, kInvalidInput for what is no URI.
  static Result<PostgresConnection> Open(const PostgresUri& uri);
  PostgresConnection(PostgresConnection&&) noexcept = default;
  // Cancels what the server is still at.
  ~PostgresConnection();

  // The result of a command, or of what `Send` sent; kInterrupted cancels it.
  Result<PostgresResult> Run(const std::string& command);
  // Prepares a query without running it; the result describes its columns.
  Result<PostgresResult> Describe(const std::string& query);
  // Begins to copy out; then Read until it is false.
  Status StartCopy(const std::string& command);
  // Appends rows to `text` until it holds about `bytes`; false when there are no more.
  Result<bool> ReadCopy(std::string& text, size_t bytes);
  // Gives up a copy that was not read to its end.
  Status StopCopy();

  // What the server said, by its SQLSTATE.
  Error ErrorOf(const PGresult* result) const;

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  PostgresConnection(const PostgresUri& uri, PGconn* connection)
      : shown_(uri.shown), connection_(connection) {}

  Status Connect(std::chrono::seconds patience);
  Error ConnectError() const;
  Error At(ErrorCode code, std::string message) const;
  Status WaitReadable();
  // The last of the results that the server still owes.
  Result<PostgresResult> Finish();
  void Cancel();

  std::string shown_;
  std::unique_ptr<PGconn, Close> connection_;
  bool copying_ = false;
};

}  // namespace slipway::data
