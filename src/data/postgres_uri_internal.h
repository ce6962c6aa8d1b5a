// postgresql://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?table=[SCHEMA.]NAME&OPTION=VALUE…], as
// libpq and SQLAlchemy have it. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace slipway::data {

// Whether this is the URI of a PostgreSQL database, with a driver's name behind a plus or without.
bool IsPostgresUri(std::string_view text);

struct PostgresUri {
  std::string connection;  // For libpq; may hold a password.
  std::string table;       // "" for none.
  std::string shown;       // Without password, for messages.
  // Whether the part before the last '@' holds signs that have to be percent-encoded there: libpq
  // would take parts of a password for host, port or database, and tell them.
  bool ambiguous = false;
};
PostgresUri ParsePostgresUri(std::string_view uri);

// "\"schema\".\"name\"" of schema.name.
std::string QuoteTable(std::string_view table);
std::string QuoteIdentifier(std::string_view name);

}  // namespace slipway::data
