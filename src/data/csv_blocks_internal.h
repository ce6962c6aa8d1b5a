// A CSV file cut into blocks of whole rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/reader_internal.h"
#include "data/source_file_internal.h"

namespace arrow {
class Chunker;
}  // namespace arrow

namespace slipway::data {

struct CsvBlock {
  size_t index = 0;
  int64_t offset = 0;     // Of `data` in the file.
  std::string_view data;  // Whole rows; the last block's last row may lack its line end.
  bool last = false;
  bool row_too_long =
      false;  // `data` is the beginning of a row longer than allowed; nothing follows.
  bool has_quotes = false;
  bool after_return = false;  // The byte before `data` is a "\r": a "\n" in front belongs to it.

  // Owned by the block, reused by the next one.
  std::unique_ptr<char[]> buffer;
  size_t capacity = 0;
};

// Hands out blocks in file order to any number of threads; a block is in memory only while its
// taker holds it.
class CsvBlocks {
 public:
  CsvBlocks(const SourceFile& file, char delimiter, int64_t first_offset, const ReadTuning& tuning);
  ~CsvBlocks();

  // Fills `block` with the next one; false when there is none. Thread-safe.
  Result<bool> Next(CsvBlock& block);

 private:
  Result<size_t> FindLastRowEnd(std::string_view data, bool has_quotes);

  const SourceFile& file_;
  const ReadTuning tuning_;
  std::unique_ptr<arrow::Chunker>
      plain_chunker_;  // For text without quotes: the last line end will do.
  std::unique_ptr<arrow::Chunker> quoted_chunker_;

  std::mutex mutex_;   // Guards all below.
  std::string carry_;  // The beginning of the row that the last block did not hold whole.
  int64_t offset_;     // Of `carry_` in the file.
  size_t next_index_ = 0;
  bool after_return_ = false;  // The last block ended with a "\r".
  bool finished_ = false;
};

}  // namespace slipway::data
