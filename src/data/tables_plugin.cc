// The entry of libslipway_tables.so.
#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/plugin.h"
#include "data/parquet_file_internal.h"
#include "data/reader_internal.h"
#include "data/tables_plugin_internal.h"

extern "C" __attribute__((visibility("default"))) const slipway::Plugin* slipway_plugin_v1(
    const slipway::PluginHost& host) {
  static const slipway::data::TableFunctions functions{
      [](const std::string& path, const slipway::data::ReadOptions& options,
         slipway::ProgressSink& progress) {
        return slipway::data::ReadTableInBlocks(path, options, {}, progress);
      },
      slipway::data::WriteParquetFile, slipway::data::ReadParquetFileExactly};
  static const slipway::Plugin plugin{slipway::BuildId(), &functions};
  slipway::FollowInterrupts(host.interrupted);
  return &plugin;
}
