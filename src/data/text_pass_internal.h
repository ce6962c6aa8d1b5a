// Blocks of text read on several threads, and the first mistake in them told by line and row.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/column_builder_internal.h"
#include "data/table_file_internal.h"
#include "data/text_blocks_internal.h"

namespace slipway::data {

// What is wrong in a block. Its row in the file is known when all blocks before it are parsed.
struct TextFault {
  size_t block = 0;
  int64_t row = 0;     // From 0, within the block; -1 where only the line is known.
  int64_t offset = 0;  // Of the byte whose line is told.
  int64_t column = 0;  // In the line, from 1; 0 where it is not told.
  std::string message;
  std::string expected;
  std::string hint;
};

struct ParsedBlock {
  int64_t rows = 0;
  std::vector<ColumnPiece> pieces;  // One a planned column.
};

// Parses blocks on one thread.
class TextParser {
 public:
  virtual ~TextParser() = default;
  // What is first wrong in the block, if anything is.
  virtual std::optional<TextFault> Parse(const TextBlock& block, ParsedBlock& parsed) = 0;
};

// Goes through `blocks`, which begin at a row; `make_parser` is called once a thread.
Result<PassEnd> ReadText(const ByteSource& file, TextBlocks& blocks,
                         const std::function<std::unique_ptr<TextParser>()>& make_parser,
                         const ReadPass& pass, PieceSink& sink);

}  // namespace slipway::data
