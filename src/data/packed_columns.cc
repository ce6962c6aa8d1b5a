#include "data/packed_columns.h"

#include "core/plugin.h"
#include "data/tables_plugin_internal.h"

namespace slipway::data {

Result<std::string> EncodeParquet(std::span<const PackedColumn> columns, int64_t rows,
                                  const FileMetadata& metadata) {
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kTablesPlugin, PluginFolders()));
  return static_cast<const TableFunctions*>(plugin)->encode_parquet(columns, rows, metadata);
}

}  // namespace slipway::data
