#include "data/packed_columns.h"

#include "core/plugin.h"
#include "data/tables_plugin_internal.h"

namespace slipway::data {

Result<std::unique_ptr<PackedFile>> MakePackedFile() {
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kTablesPlugin, PluginFolders()));
  return static_cast<const TableFunctions*>(plugin)->make_packed_file();
}

}  // namespace slipway::data
