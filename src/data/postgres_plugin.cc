// What libslipway_postgres.so exports: the rows of a query, as CSV.
#include <fmt/format.h>

#include <optional>

#include "core/build_info.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "core/plugin.h"
#include "core/text.h"
#include "data/forward_source_internal.h"
#include "data/postgres_connection_internal.h"
#include "data/postgres_plugin_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kWindowBytes = size_t{1} << 20U;

// Types by their OIDs, as pg_type.dat of PostgreSQL has them.
enum : Oid {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kOid = 26,
  kFloat4 = 700,
  kFloat8 = 701,
  kMoney = 790,
  kDate = 1082,
  kTimestamp = 1114,
  kTimestampWithZone = 1184,
  kNumeric = 1700,
};

ColumnType TypeOf(Oid oid) {
  switch (oid) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kMoney:
    case kNumeric: return ColumnType::kNumeric;
    case kDate:
    case kTimestamp:
    case kTimestampWithZone: return ColumnType::kTimestamp;
    default: return ColumnType::kCategory;
  }
}

// How `column` is written for a column of this type.
std::string Expression(Oid oid, const std::string& column) {
  switch (oid) {
    case kBool:
      return fmt::format("CASE WHEN {0} THEN 'True' WHEN NOT {0} THEN 'False' END", column);
    case kFloat4:
    case kFloat8:
    case kNumeric: return fmt::format("NULLIF({}, 'NaN')", column);
    case kMoney: return column + "::numeric";
    case kDate:
    case kTimestamp:
    case kTimestampWithZone: return fmt::format("extract(epoch FROM {})", column);
    default: return column;
  }
}

// A query within another one: without its semicolon, and with an end for a comment.
std::string Nested(std::string_view query) {
  query = Trim(query);
  while (query.ends_with(';')) query = Trim(query.substr(0, query.size() - 1));
  return std::string(query) + "\n";
}

std::string CopyCommand(const std::string& query, const PGresult& description) {
  std::vector<std::string> names;
  std::vector<std::string> expressions;
  for (int i = 0; i < PQnfields(&description); ++i) {
    names.push_back(fmt::format("c{}", i));
    expressions.push_back(fmt::format("{} AS {}",
                                      Expression(PQftype(&description, i), names.back()),
                                      QuoteIdentifier(PQfname(&description, i))));
  }
  return fmt::format(
      "COPY (SELECT {} FROM ({}) AS slipway_rows({})) TO STDOUT (FORMAT csv, HEADER)",
      Join(expressions, ", "), Nested(query), Join(names, ", "));
}

class CopiedRows : public ForwardSource {
 public:
  CopiedRows(std::string path, PostgresConnection connection, std::string command)
      : ForwardSource(std::move(path)),
        connection_(std::move(connection)),
        command_(std::move(command)) {}

  int64_t stored_size() const override { return 0; }
  int64_t StoredUntil(int64_t /*offset*/) const override { return 0; }
  Status CheckUnchanged() const override { return {}; }

  std::string digest() const override {
    const std::lock_guard lock(mutex());
    return digest_;
  }

 private:
  Status Begin() const override {
    hash_.emplace();
    return connection_.StartCopy(command_);
  }

  Result<bool> Advance(std::string& window) const override {
    window.clear();
    SLIPWAY_ASSIGN_OR_RETURN(const bool more, connection_.ReadCopy(window, kWindowBytes));
    if (more) {
      hash_->Update(window);
    } else if (hash_) {
      digest_ = "sha256:" + hash_->FinishHex();
      hash_.reset();
    }
    return more;
  }

  void End() const override {}

  // All below is guarded by mutex().
  mutable PostgresConnection connection_;
  const std::string command_;
  mutable std::optional<Sha256> hash_;
  mutable std::string digest_;
};

// What every session of ours says: nothing is written, all passes see the same rows in the same
// order, and no statement runs for ever unless somebody said so.
Status BeginSnapshot(PostgresConnection& connection) {
  for (const char* command :
       {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0; "
        "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = "
        "'iso_8601'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'",
        "SELECT set_config('statement_timeout', '1h', true) WHERE "
        "current_setting('statement_timeout') = '0'"}) {
    SLIPWAY_ASSIGN_OR_RETURN(const PostgresResult done, connection.Run(command));
  }
  return {};
}

// The error with the table that was probably meant.
Error WithNearTable(PostgresConnection& connection, const std::string& table, Error error) {
  if (error.code() != ErrorCode::kNotFound) return error;
  (void)connection.Run("ROLLBACK");
  const auto listed = connection.Run(
      "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', "
      "'information_schema') UNION SELECT schemaname || '.' || viewname FROM pg_views WHERE "
      "schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 1000");
  if (!listed.ok()) return error;
  std::vector<std::string> names;
  for (int i = 0; i < PQntuples(listed->get()); ++i) {
    names.emplace_back(PQgetvalue(listed->get(), i, 0));
  }
  const std::string full = table.find('.') == std::string::npos ? "public." + table : table;
  const std::string nearest = NearestName(full, names);
  return nearest.empty() ? error : std::move(error).Try("table=" + nearest);
}

Result<OpenedQuery> OpenQuery(const std::string& uri, const std::string& given) {
  const PostgresUri parsed = ParsePostgresUri(uri);
  Location location;
  location.file = parsed.shown;
  if (parsed.ambiguous) {
    return Error(ErrorCode::kInvalidInput,
                 "user or password hold one of the signs / ? # @ as it is")
        .At(std::move(location))
        .Try("percent-encoding it (%2F, %3F, %23, %40), or PGPASSWORD in the environment");
  }
  if (given.empty() == parsed.table.empty()) {
    return Error(ErrorCode::kInvalidInput, given.empty() ? "no table and no query was named"
                                                         : "both a table and a query were named")
        .At(std::move(location))
        .Expected("one of them")
        .Try("?table=SCHEMA.NAME in the URI, or data.query: SELECT …");
  }
  const std::string query = given.empty() ? "SELECT * FROM " + QuoteTable(parsed.table) : given;
  SLIPWAY_ASSIGN_OR_RETURN(PostgresConnection connection, PostgresConnection::Open(parsed));
  SLIPWAY_RETURN_IF_ERROR(BeginSnapshot(connection));
  Result<PostgresResult> description = connection.Describe(query);
  if (!description.ok()) {
    return WithNearTable(connection, parsed.table, std::move(description).error());
  }
  OpenedQuery opened;
  for (int i = 0; i < PQnfields(description->get()); ++i) {
    opened.columns.push_back(
        {PQfname(description->get(), i), TypeOf(PQftype(description->get(), i))});
  }
  if (opened.columns.empty()) {
    return Error(ErrorCode::kInvalidInput, "the query gives no columns")
        .At(std::move(location))
        .Expected("SELECT …");
  }
  const std::string command = CopyCommand(query, **description);
  opened.rows = std::make_unique<CopiedRows>(parsed.shown, std::move(connection), command);
  return opened;
}

constexpr PostgresFunctions kFunctions{OpenQuery};

}  // namespace
}  // namespace slipway::data

extern "C" {
extern __attribute__((visibility("default"))) const slipway::Plugin slipway_plugin_v1;
const slipway::Plugin slipway_plugin_v1{slipway::BuildId(), slipway::data::kPostgresPlugin,
                                        &slipway::data::kFunctions, slipway::FollowInterrupts};
}
