#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/interrupt.h"
#include "core/text.h"
#include "data/postgres_connection_internal.h"

namespace slipway::data {
namespace {

constexpr int kPollMilliseconds = 100;
constexpr std::chrono::seconds kPatience{15};

// In one line.
std::string Flat(const char* message) {
  std::string text;
  for (const char c : std::string_view(message == nullptr ? "" : message)) {
    if (c != '\n' && c != '\t') {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  return std::string(Trim(text));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Waits for the socket a moment; false where nothing came.
bool WaitOn(int socket, short events) {
  pollfd waiting{socket, events, 0};
  return ::poll(&waiting, 1, kPollMilliseconds) > 0;
}

}  // namespace

Error PostgresConnection::At(ErrorCode code, std::string message) const {
  Location location;
  location.file = shown_;
  return Error(code, std::move(message)).At(std::move(location));
}

Result<PostgresConnection> PostgresConnection::Open(const PostgresUri& uri) {
  // The connection string's own error would repeat it, with its password.
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(uri.connection.c_str(), nullptr), PQconninfoFree);
  if (options == nullptr) {
    Location location;
    location.file = uri.shown;
    return Error(ErrorCode::kInvalidInput, "this is no URI of a PostgreSQL database")
        .At(std::move(location))
        .Expected(
            "postgresql://USER@HOST:PORT/DATABASE?table=SCHEMA.NAME, special characters "
            "percent-encoded");
  }
  std::chrono::seconds patience = kPatience;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (std::strcmp(option->keyword, "connect_timeout") == 0 && option->val != nullptr) {
      patience = std::chrono::seconds(std::max(1L, std::strtol(option->val, nullptr, 10)));
    }
  }
  const std::array<const char*, 5> keys = {"dbname", "client_encoding", "fallback_application_name",
                                           "keepalives_idle", nullptr};
  const std::array<const char*, 5> values = {uri.connection.c_str(), "UTF8", "slipway", "30",
                                             nullptr};
  PostgresConnection connection(uri, PQconnectStartParams(keys.data(), values.data(), 1));
  if (connection.connection_ == nullptr) {
    return Error(ErrorCode::kUnavailable, "there is no memory for a connection to PostgreSQL");
  }
  SLIPWAY_RETURN_IF_ERROR(connection.Connect(patience));
  return connection;
}

Status PostgresConnection::Connect(std::chrono::seconds patience) {
  PGconn* connection = connection_.get();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    if (next == PGRES_POLLING_FAILED || PQstatus(connection) == CONNECTION_BAD) {
      return ConnectError();
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return At(ErrorCode::kUnavailable,
                fmt::format("the server does not answer within {} s", patience.count()))
          .Try("host and port of the URI, or connect_timeout=SECONDS in it");
    }
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (WaitOn(PQsocket(connection), events)) next = PQconnectPoll(connection);
  }
  PQsetnonblocking(connection, 0);
  return {};
}

Error PostgresConnection::ConnectError() const {
  const std::string message = Flat(PQerrorMessage(connection_.get()));
  const bool refused = Contains(message, "authentication") || Contains(message, "no password") ||
                       Contains(message, "pg_hba.conf") || Contains(message, "role \"");
  if (refused) {
    return At(ErrorCode::kPermission, message)
        .Try("PGPASSWORD in the environment, ~/.pgpass, or ${VARIABLE} in the URI");
  }
  if (Contains(message, "database \"") && Contains(message, "does not exist")) {
    return At(ErrorCode::kNotFound, message).Try("the database's name behind the host");
  }
  return At(ErrorCode::kUnavailable, message.empty() ? "the server can't be reached" : message)
      .Try("host and port of the URI, and whether the server is up: pg_isready");
}

PostgresConnection::~PostgresConnection() {
  if (connection_ != nullptr && PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE) Cancel();
}

void PostgresConnection::Cancel() {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(PQgetCancel(connection_.get()),
                                                                  PQfreeCancel);
  std::array<char, 256> reason{};
  if (cancel != nullptr) PQcancel(cancel.get(), reason.data(), static_cast<int>(reason.size()));
}

Status PostgresConnection::WaitReadable() {
  while (!WaitOn(PQsocket(connection_.get()), POLLIN)) {
    if (Status status = CheckInterrupted(); !status.ok()) {
      Cancel();
      return status;
    }
  }
  if (PQconsumeInput(connection_.get()) == 1) return {};
  return At(ErrorCode::kUnavailable, Flat(PQerrorMessage(connection_.get())))
      .Try("again when the server is up");
}

Result<PostgresResult> PostgresConnection::Finish() {
  PostgresResult last(nullptr, PQclear);
  while (true) {
    while (PQisBusy(connection_.get()) == 1) SLIPWAY_RETURN_IF_ERROR(WaitReadable());
    PostgresResult next(PQgetResult(connection_.get()), PQclear);
    if (next == nullptr) break;
    const ExecStatusType status = PQresultStatus(next.get());
    // Whoever copies has more to come.
    if (status == PGRES_COPY_OUT) return next;
    if (last == nullptr || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) last = std::move(next);
  }
  if (last == nullptr) {
    return At(ErrorCode::kUnavailable, "the server closed the connection").Try("again");
  }
  const ExecStatusType status = PQresultStatus(last.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return last;
  return ErrorOf(last.get());
}

Result<PostgresResult> PostgresConnection::Run(const std::string& command) {
  if (PQsendQuery(connection_.get(), command.c_str()) == 0) {
    return At(ErrorCode::kUnavailable, Flat(PQerrorMessage(connection_.get()))).Try("again");
  }
  return Finish();
}

Result<PostgresResult> PostgresConnection::Describe(const std::string& query) {
  if (PQsendPrepare(connection_.get(), "", query.c_str(), 0, nullptr) == 0) {
    return At(ErrorCode::kUnavailable, Flat(PQerrorMessage(connection_.get()))).Try("again");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const PostgresResult prepared, Finish());
  if (PQsendDescribePrepared(connection_.get(), "") == 0) {
    return At(ErrorCode::kUnavailable, Flat(PQerrorMessage(connection_.get()))).Try("again");
  }
  return Finish();
}

Status PostgresConnection::StartCopy(const std::string& command) {
  SLIPWAY_RETURN_IF_ERROR(StopCopy());
  SLIPWAY_ASSIGN_OR_RETURN(const PostgresResult started, Run(command));
  copying_ = PQresultStatus(started.get()) == PGRES_COPY_OUT;
  return {};
}

Result<bool> PostgresConnection::ReadCopy(std::string& text, size_t bytes) {
  while (copying_ && text.size() < bytes) {
    char* row = nullptr;
    const int size = PQgetCopyData(connection_.get(), &row, 1);
    const std::unique_ptr<char, decltype(&PQfreemem)> owner(row, PQfreemem);
    if (size > 0) {
      text.append(row, static_cast<size_t>(size));
    } else if (size == 0) {
      SLIPWAY_RETURN_IF_ERROR(WaitReadable());
    } else {
      copying_ = false;
      // Only its result tells whether the copy is whole.
      SLIPWAY_ASSIGN_OR_RETURN(const PostgresResult result, Finish());
    }
  }
  return !text.empty();
}

Status PostgresConnection::StopCopy() {
  if (!std::exchange(copying_, false)) return {};
  Cancel();
  char* row = nullptr;
  while (PQgetCopyData(connection_.get(), &row, 0) > 0) PQfreemem(row);
  // It ends with the error that it was cancelled.
  (void)Finish();
  return {};
}

Error PostgresConnection::ErrorOf(const PGresult* result) const {
  const auto field = [result](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  std::string message = Flat(field(PG_DIAG_MESSAGE_PRIMARY).c_str());
  if (message.empty()) message = Flat(PQresultErrorMessage(result));
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
    message += fmt::format(" ({})", Flat(detail.c_str()));
  }
  if (const std::string position = field(PG_DIAG_STATEMENT_POSITION); !position.empty()) {
    message += fmt::format(", at character {} of the query", position);
  }
  std::string hint = Flat(field(PG_DIAG_MESSAGE_HINT).c_str());
  const auto told = [&](ErrorCode code, const char* remedy) {
    return At(code, message).Try(hint.empty() ? remedy : hint);
  };
  if (state == "42P01")
    return told(ErrorCode::kNotFound, "SCHEMA.NAME; \\dt *.* of psql lists all");
  if (state == "42501") return told(ErrorCode::kPermission, "GRANT SELECT to this user");
  if (state == "57014") {
    return told(ErrorCode::kTimeout, "?options=-c%20statement_timeout%3DMILLISECONDS in the URI");
  }
  if (state == "25006") return told(ErrorCode::kInvalidInput, "a query that only reads");
  if (state.starts_with("42") || state.starts_with("22") || state.starts_with("0A")) {
    return told(ErrorCode::kInvalidInput, "the query in psql first");
  }
  const bool gone = state.empty() || state.starts_with("08") || state.starts_with("57");
  return told(gone ? ErrorCode::kUnavailable : ErrorCode::kIo, "again when the server is up");
}

}  // namespace slipway::data
