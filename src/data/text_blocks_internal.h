// A text file cut into blocks of whole rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/result.h"
#include "data/byte_source_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {

struct TextBlock {
  size_t index = 0;
  int64_t offset = 0;     // Of `data` in the file.
  std::string_view data;  // Whole rows; the last block's last row may lack its line end.
  int64_t stored = 0;     // Bytes read for it, as they are stored.
  bool last = false;
  bool row_too_long =
      false;  // `data` is the beginning of a row longer than allowed; nothing follows.
  bool has_quotes = false;
  bool after_return = false;  // The byte before `data` is a "\r": a "\n" in front belongs to it.

  // Owned by the block, reused by the next one.
  std::unique_ptr<char[]> buffer;
  size_t capacity = 0;
};

// Tells where rows end.
class RowCutter {
 public:
  virtual ~RowCutter() = default;
  // The length of the whole rows in `data`, which begins with a row; 0 where the first one is not
  // whole.
  virtual Result<size_t> LastRowEnd(std::string_view data, bool has_quotes) = 0;
};

std::unique_ptr<RowCutter> CutCsv(char delimiter);
// Rows end where lines do.
std::unique_ptr<RowCutter> CutLines();

// Hands out blocks in file order to any number of threads; a block is in memory only while its
// taker holds it.
class TextBlocks {
 public:
  TextBlocks(const ByteSource& file, std::unique_ptr<RowCutter> cutter, int64_t first_offset,
             const ReadTuning& tuning);

  // Fills `block` with the next one; false when there is none. Thread-safe.
  Result<bool> Next(TextBlock& block);

 private:
  const ByteSource& file_;
  const ReadTuning tuning_;

  std::mutex mutex_;  // Guards all below.
  std::unique_ptr<RowCutter> cutter_;
  std::string carry_;  // The beginning of the row that the last block did not hold whole.
  int64_t offset_;     // Of `carry_` in the file.
  int64_t stored_ = 0;
  size_t next_index_ = 0;
  bool after_return_ = false;  // The last block ended with a "\r".
  bool finished_ = false;
};

}  // namespace slipway::data
