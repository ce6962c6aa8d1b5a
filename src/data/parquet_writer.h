// Tables into Parquet files, for split assignments, predictions and the cache.
#pragma once

#include <string>

#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

enum class ParquetUse {
  kKeep,   // For people and other programs: zstd, missing numbers as null, whole numbers as int64.
  kCache,  // For our own next run: larger, several times faster to read.
};

// Writes numeric columns as double (int64 where `integral` and none is missing), timestamps as
// seconds since the epoch, categories as string. The file appears whole or not at all, and is
// durable on return.
Status WriteParquet(const std::string& path, const Table& table,
                    ParquetUse use = ParquetUse::kKeep);

// Reads back what WriteParquet wrote, types exactly as they were (the schema's metadata carries
// them). `threads` 0 for all available cores.
Result<Table> ReadParquetExactly(const std::string& path, int threads = 0);

}  // namespace slipway::data
