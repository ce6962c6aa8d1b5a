// The rows of a database, which come as CSV with types.
#include <utility>

#include "core/plugin.h"
#include "data/postgres_plugin_internal.h"
#include "data/reader.h"
#include "data/table_file_internal.h"

namespace slipway::data {
namespace {

constexpr CsvSeparator kComma = {',', true};

class QueryTable : public TableFile {
 public:
  QueryTable(std::unique_ptr<TableFile> rows, std::vector<QueryColumn> columns)
      : rows_(std::move(rows)), columns_(std::move(columns)) {}

  const ByteSource& source() const override { return rows_->source(); }
  const std::vector<std::string>& names() const override { return rows_->names(); }

  FileType TypeOf(int column) const override {
    const ColumnType type = columns_[static_cast<size_t>(column)].type;
    return {true, type, false, ToString(type)};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    const ValueRules rules{pass.rules.missing, false};
    // Its quotes are right, whatever a text looks like.
    return rows_->Read({pass.plans, rules, pass.threads, pass.first_index, true, pass.progress},
                       sink);
  }

 private:
  const std::unique_ptr<TableFile> rows_;
  const std::vector<QueryColumn> columns_;
};

Result<OpenedQuery> Open(const std::string& uri, const std::string& query) {
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kPostgresPlugin, PluginFolders()));
  return static_cast<const PostgresFunctions*>(plugin)->open(uri, query);
}

}  // namespace

Result<std::unique_ptr<TableFile>> OpenQueryTable(const std::string& uri, const std::string& query,
                                                  const ReadTuning& tuning) {
  SLIPWAY_ASSIGN_OR_RETURN(OpenedQuery opened, Open(uri, query));
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<TableFile> rows,
                           OpenCsv(std::move(opened.rows), kComma, tuning));
  return std::make_unique<QueryTable>(std::move(rows), std::move(opened.columns));
}

Result<std::string> DigestRowsOfQuery(const std::string& uri, const std::string& query) {
  SLIPWAY_ASSIGN_OR_RETURN(const OpenedQuery opened, Open(uri, query));
  std::string buffer(size_t{1} << 20U, '\0');
  for (int64_t at = 0;;) {
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                             opened.rows->ReadAt(at, buffer.data(), buffer.size()));
    if (count < buffer.size()) return opened.rows->digest();
    at += static_cast<int64_t>(count);
  }
}

}  // namespace slipway::data
