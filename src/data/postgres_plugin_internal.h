// What libslipway_tables.so and libslipway_postgres.so, which alone links libpq, agree on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/byte_source_internal.h"
#include "data/types.h"

namespace slipway::data {

inline constexpr char kPostgresPlugin[] = "libslipway_postgres.so";

struct QueryColumn {
  std::string name;
  ColumnType type = ColumnType::kCategory;
};

struct OpenedQuery {
  // As CSV with a header: numbers as such, times as seconds since the epoch, booleans as True and
  // False. Read as often as wanted, all of it from one snapshot.
  std::unique_ptr<ByteSource> rows;
  std::vector<QueryColumn> columns;
};

struct PostgresFunctions {
  // `query` may be empty where the URI has table=NAME.
  Result<OpenedQuery> (*open)(const std::string& uri, const std::string& query);
};

}  // namespace slipway::data
