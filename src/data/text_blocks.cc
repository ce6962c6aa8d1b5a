#include <arrow/buffer.h>
#include <arrow/csv/chunker.h>
#include <arrow/csv/options.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "data/text_blocks_internal.h"

namespace slipway::data {
namespace {

std::unique_ptr<arrow::Chunker> MakeChunker(char delimiter, bool quotes) {
  arrow::csv::ParseOptions options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  options.quoting = quotes;
  options.newlines_in_values = quotes;
  return arrow::csv::MakeChunker(options);
}

class CsvCutter : public RowCutter {
 public:
  explicit CsvCutter(char delimiter)
      : plain_chunker_(MakeChunker(delimiter, false)),
        quoted_chunker_(MakeChunker(delimiter, true)) {}

  Result<size_t> LastRowEnd(std::string_view data, bool has_quotes) override {
    if (data.empty()) return 0;
    const auto buffer = std::make_shared<arrow::Buffer>(data);
    std::shared_ptr<arrow::Buffer> whole;
    std::shared_ptr<arrow::Buffer> partial;
    arrow::Chunker& chunker = has_quotes ? *quoted_chunker_ : *plain_chunker_;
    const arrow::Status status = chunker.Process(buffer, &whole, &partial);
    if (!status.ok()) {
      return Error(ErrorCode::kInternal, "cutting a CSV block: " + status.message());
    }
    return static_cast<size_t>(whole->size());
  }

 private:
  // For text without quotes the last line end will do.
  const std::unique_ptr<arrow::Chunker> plain_chunker_;
  const std::unique_ptr<arrow::Chunker> quoted_chunker_;
};

class LineCutter : public RowCutter {
 public:
  Result<size_t> LastRowEnd(std::string_view data, bool /*has_quotes*/) override {
    return data.rfind('\n') + 1;
  }
};

// Makes room for `size` bytes, keeping the first `used`.
void Reserve(TextBlock& block, size_t size, size_t used) {
  if (block.capacity >= size) return;
  std::unique_ptr<char[]> larger = std::make_unique_for_overwrite<char[]>(size);
  if (used > 0) std::memcpy(larger.get(), block.buffer.get(), used);
  block.buffer = std::move(larger);
  block.capacity = size;
}

}  // namespace

std::unique_ptr<RowCutter> CutCsv(char delimiter) { return std::make_unique<CsvCutter>(delimiter); }

std::unique_ptr<RowCutter> CutLines() { return std::make_unique<LineCutter>(); }

TextBlocks::TextBlocks(const ByteSource& file, std::unique_ptr<RowCutter> cutter,
                       int64_t first_offset, const ReadTuning& tuning)
    : file_(file), tuning_(tuning), cutter_(std::move(cutter)), offset_(first_offset) {
  char before = 0;
  const bool read = first_offset > 0 && file.ReadAt(first_offset - 1, &before, 1).ok();
  after_return_ = read && before == '\r';
}

Result<bool> TextBlocks::Next(TextBlock& block) {
  const std::lock_guard lock(mutex_);
  if (finished_) return false;
  size_t used = carry_.size();
  Reserve(block, used + tuning_.block_bytes, 0);
  std::memcpy(block.buffer.get(), carry_.data(), used);
  block.has_quotes = carry_.find('"') != std::string::npos;
  block.last = false;
  block.row_too_long = false;

  size_t whole = 0;
  size_t wanted = tuning_.block_bytes;
  while (whole == 0 && !block.row_too_long) {
    Reserve(block, used + wanted, used);
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, file_.ReadAt(offset_ + static_cast<int64_t>(used),
                                                              block.buffer.get() + used, wanted));
    block.has_quotes |= std::memchr(block.buffer.get() + used, '"', count) != nullptr;
    block.last = count < wanted;
    used += count;
    if (block.last) break;
    SLIPWAY_ASSIGN_OR_RETURN(whole,
                             cutter_->LastRowEnd({block.buffer.get(), used}, block.has_quotes));
    block.row_too_long = whole == 0 && used > tuning_.max_row_bytes;
    // Doubling keeps the search for the end of a long row linear.
    if (!block.row_too_long) wanted = std::min(used, tuning_.max_row_bytes + 1 - used);
  }
  if (block.last || block.row_too_long) {
    whole = used;
    finished_ = true;
    if (used == 0) return false;
  }
  const int64_t stored = file_.StoredUntil(offset_ + static_cast<int64_t>(used));
  block.stored = std::max<int64_t>(0, stored - std::exchange(stored_, std::max(stored, stored_)));
  block.index = next_index_++;
  block.offset = offset_;
  block.data = {block.buffer.get(), whole};
  block.after_return = std::exchange(after_return_, block.data.ends_with('\r'));
  carry_.assign(block.buffer.get() + whole, used - whole);
  offset_ += static_cast<int64_t>(whole);
  return true;
}

}  // namespace slipway::data
