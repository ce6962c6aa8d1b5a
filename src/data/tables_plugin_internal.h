// What the program and libslipway_tables.so, which alone links Arrow, agree on.
#pragma once

#include <memory>
#include <string>

#include "core/progress.h"
#include "core/result.h"
#include "data/packed_columns.h"
#include "data/parquet_writer.h"
#include "data/reader.h"
#include "data/scan.h"

namespace slipway::data {

inline constexpr char kTablesPlugin[] = "libslipway_tables.so";

// The functions of reader.h, scan.h, parquet_writer.h and packed_columns.h.
struct TableFunctions {
  Result<ReadResult> (*read_table)(const std::string& path, const ReadOptions& options,
                                   ProgressSink& progress);
  Result<ScanResult> (*scan_table)(const std::string& path, const ReadOptions& options,
                                   BlockSink& sink, ProgressSink& progress);
  Status (*write_parquet)(const std::string& path, const Table& table, ParquetUse use);
  Result<Table> (*read_parquet_exactly)(const std::string& path, int threads);
  Result<std::string> (*digest_of_query)(const std::string& uri, const std::string& query);
  std::unique_ptr<PackedFile> (*make_packed_file)();
};

}  // namespace slipway::data
