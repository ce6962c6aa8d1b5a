// What libslipway_tables.so exports.
#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/plugin.h"
#include "data/packed_parquet_internal.h"
#include "data/parquet_file_internal.h"
#include "data/reader_internal.h"
#include "data/tables_plugin_internal.h"

namespace slipway::data {
namespace {

Result<ReadResult> ReadWholeTable(const std::string& path, const ReadOptions& options,
                                  ProgressSink& progress) {
  return ReadTableInBlocks(path, options, ReadTuning{}, progress);
}

Result<ScanResult> ScanWholeTable(const std::string& path, const ReadOptions& options,
                                  BlockSink& sink, ProgressSink& progress) {
  return ScanTableInBlocks(path, options, ReadTuning{}, sink, progress);
}

constexpr TableFunctions kFunctions{ReadWholeTable,         ScanWholeTable,    WriteParquetFile,
                                    ReadParquetFileExactly, DigestRowsOfQuery, MakePackedParquet};

}  // namespace
}  // namespace slipway::data

extern "C" {
extern __attribute__((visibility("default"))) const slipway::Plugin slipway_plugin_v1;
const slipway::Plugin slipway_plugin_v1{slipway::BuildId(), slipway::data::kTablesPlugin,
                                        &slipway::data::kFunctions, slipway::FollowInterrupts,
                                        // Those that this one opened, with its own copy of core.
                                        slipway::ClosePlugins};
}
