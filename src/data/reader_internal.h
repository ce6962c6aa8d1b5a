// What the reader's own files share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/byte_source_internal.h"
#include "data/column_builder_internal.h"
#include "data/reader.h"
#include "data/scan.h"

namespace slipway::data {

// What a file may be, for errors.
inline constexpr const char* kReadableFile = "CSV, TSV, JSON Lines, Parquet or Arrow";

// Sizes that tests make small.
struct ReadTuning {
  size_t block_bytes = size_t{1} << 20U;     // What one thread parses at a time.
  size_t max_row_bytes = size_t{64} << 20U;  // A longer row is no row but an open quote.
};

// What stands between the values of a row: this, where the header has it or it is certain; else the
// one among , ; tab | that the header has most of.
struct CsvSeparator {
  char likely = ',';
  bool certain = false;
};

// The columns to read, in the order asked for, with the types that `options` force. kInvalidInput
// for a column that is not among `names`.
Result<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names,
                                            const ReadOptions& options, const ByteSource& file);

// kInvalidInput naming the first empty or repeated name by its column number.
Status CheckNames(const std::vector<std::string>& names, const ByteSource& file, int64_t line);

// ReadTable with block sizes of the caller's choice.
Result<ReadResult> ReadTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, ProgressSink& progress);
// What DigestOfQuery promises, in the plug-in.
Result<std::string> DigestRowsOfQuery(const std::string& uri, const std::string& query);
// The same of ScanTable.
Result<ScanResult> ScanTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, BlockSink& sink,
                                     ProgressSink& progress);

}  // namespace slipway::data
