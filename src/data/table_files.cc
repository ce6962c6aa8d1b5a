// The public functions on table files, which open the plug-in that has Arrow.
#include "core/plugin.h"
#include "data/parquet_writer.h"
#include "data/postgres_uri_internal.h"
#include "data/reader.h"
#include "data/scan.h"
#include "data/tables_plugin_internal.h"

namespace slipway::data {
namespace {

Result<const TableFunctions*> Functions() {
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kTablesPlugin, PluginFolders()));
  return static_cast<const TableFunctions*>(plugin);
}

}  // namespace

Result<ReadResult> ReadTable(const std::string& path, const ReadOptions& options,
                             ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableFunctions* functions, Functions());
  return functions->read_table(path, options, progress);
}

Result<ScanResult> ScanTable(const std::string& path, const ReadOptions& options, BlockSink& sink,
                             ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableFunctions* functions, Functions());
  return functions->scan_table(path, options, sink, progress);
}

Status WriteParquet(const std::string& path, const Table& table, ParquetUse use) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableFunctions* functions, Functions());
  return functions->write_parquet(path, table, use);
}

Result<Table> ReadParquetExactly(const std::string& path, int threads) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableFunctions* functions, Functions());
  return functions->read_parquet_exactly(path, threads);
}

bool IsDatabaseUri(const std::string& text) { return IsPostgresUri(text); }

std::string ShownSource(const std::string& source) {
  return IsPostgresUri(source) ? ParsePostgresUri(source).shown : source;
}

Result<std::string> DigestOfQuery(const std::string& uri, const std::string& query) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableFunctions* functions, Functions());
  return functions->digest_of_query(uri, query);
}

}  // namespace slipway::data
