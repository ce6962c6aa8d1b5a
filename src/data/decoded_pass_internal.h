// Passes over formats that are decoded by columns, one block of rows after the other.
#pragma once

#include <cstdint>
#include <vector>

#include "data/column_builder_internal.h"
#include "data/table_file_internal.h"

namespace slipway::data {

// How many rows of so many columns make a block.
int64_t BlockRows(size_t columns);

class BlockDecoder {
 public:
  virtual ~BlockDecoder() = default;
  // Fills a piece a plan with the next rows, at most `rows`, on up to `threads`; returns how many
  // came, 0 at the end. Called by one thread at a time.
  virtual Result<int64_t> Decode(int64_t rows, int threads, std::vector<ColumnPiece>& pieces) = 0;
};

// A column can be decoded only from its beginning on, so blocks are decoded one after the other;
// what is then done with one goes on beside the decoding of the next.
Result<PassEnd> ReadDecoded(BlockDecoder& decoder, const ReadPass& pass, PieceSink& sink);

}  // namespace slipway::data
