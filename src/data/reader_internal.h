// What the reader's own files share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/column_builder_internal.h"
#include "data/reader.h"
#include "data/source_file_internal.h"

namespace slipway::data {

// Sizes that tests make small.
struct ReadTuning {
  size_t block_bytes = size_t{1} << 20U;     // What one thread parses at a time.
  size_t max_row_bytes = size_t{64} << 20U;  // A longer row is no row but an open quote.
};

// The columns to read, in the order asked for, with the types that `options` force. kInvalidInput
// for a column that is not among `names`.
Result<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names,
                                            const ReadOptions& options, const SourceFile& file);

// kInvalidInput naming the first empty or repeated name by its column number.
Status CheckNames(const std::vector<std::string>& names, const SourceFile& file, int64_t line);

// `separator` is taken where the header has it; else the one among , ; tab | that the header has
// most of.
Result<ReadResult> ReadCsv(const SourceFile& file, const ReadOptions& options, char separator,
                           const ReadTuning& tuning, ProgressSink& progress);
Result<ReadResult> ReadParquet(const SourceFile& file, const ReadOptions& options,
                               ProgressSink& progress);

// ReadTable with block sizes of the caller's choice.
Result<ReadResult> ReadTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, ProgressSink& progress);

}  // namespace slipway::data
