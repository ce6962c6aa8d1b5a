// A uniform sample of a table's rows in one pass, whatever its size: the rows with the smallest
// random priorities (bottom-k sampling, Cohen and Kaplan 2007). A row's priority comes from its
// content and its place in its block, so that the sample is the same on any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "data/block.h"
#include "data/dictionary_internal.h"
#include "data/scan.h"
#include "data/types.h"

namespace slipway::data {

class RowSample {
 public:
  // At most `size` rows.
  RowSample(int64_t size, uint64_t seed) : size_(size), seed_(seed) {}

  void Begin(const std::vector<ColumnHeader>& columns);

  // Rows of one block that may belong to the sample, row by row: a number as it is, a category as
  // its code in the block.
  struct Candidates {
    std::vector<uint64_t> priorities;
    std::vector<int64_t> rows;  // From 0 in the block.
    std::vector<double> values;
    std::vector<std::vector<std::string>> texts;  // By category column, of the codes in `values`.
  };
  // Safe from several threads. `hashes` are of the rows' contents.
  Candidates Choose(const Block& block, std::span<const uint64_t> hashes) const;
  void Add(const Candidates& candidates, int64_t first_row);

  // The sample in row order.
  Table Finish();

 private:
  struct Row {
    uint64_t priority = 0;
    int64_t row = 0;
    std::vector<double> values;
    bool operator<(const Row& other) const {
      return priority != other.priority ? priority < other.priority : row < other.row;
    }
  };

  Column CategoriesOf(size_t index) const;

  const int64_t size_;
  const uint64_t seed_;
  // No row at or above it is in the sample; it only falls, so that reading it late does no harm.
  std::atomic<uint64_t> threshold_{~uint64_t{0}};
  std::vector<ColumnHeader> columns_;
  std::vector<Dictionary> texts_;  // One a column.
  std::vector<Row> heap_;          // The largest in front.
};

}  // namespace slipway::data
