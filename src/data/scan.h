// Files of any size, looked at in one pass: blocks of rows go to a sink that keeps what it wants of
// them, so that memory is bounded by the sink and not by the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/block.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::data {

struct ColumnHeader {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
};

// What a sink makes of one block.
class BlockDigest {
 public:
  virtual ~BlockDigest() = default;
};

class BlockSink {
 public:
  virtual ~BlockSink() = default;
  // A pass begins: what came before is to be forgotten. There is a second pass where the first one
  // found that a column is of another type than it looked like.
  virtual Status Begin(const std::vector<ColumnHeader>& columns) = 0;
  // Called from several threads; `block.first_row` is 0, as the rows before it are not yet counted.
  // Views end with the call. Up to `threads` may work on it.
  virtual std::unique_ptr<BlockDigest> Reduce(const Block& block, int threads) const = 0;
  // Called in row order, one at a time. `first_row` counts from 0.
  virtual void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) = 0;
};

struct ScanResult {
  std::vector<ColumnHeader> columns;
  int64_t rows = 0;
  int64_t bytes = 0;          // Of the files.
  std::string digest;         // As ReadResult has it.
  std::vector<Issue> issues;  // As ReadResult has them.
};

// Reads as ReadTable does and with its errors. The blocks depend on the file alone, not on the
// number of threads.
Result<ScanResult> ScanTable(const std::string& path, const ReadOptions& options, BlockSink& sink,
                             ProgressSink& progress = SilentProgress());

// Blocks of a table that is in memory; of some of its rows, in the order given.
Status ScanRows(const Table& table, BlockSink& sink, int threads = 0);
Status ScanRows(const Table& table, std::span<const int64_t> rows, BlockSink& sink,
                int threads = 0);

}  // namespace slipway::data
