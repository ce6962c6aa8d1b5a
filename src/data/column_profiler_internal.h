// The profile of one column, block by block.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "data/block.h"
#include "data/scan.h"
#include "data/types.h"

namespace slipway::data {

class ColumnProfiler {
 public:
  // Quantiles are exact while there are at most `exact_values`.
  // `index` is the column's own in the table.
  ColumnProfiler(ColumnHeader header, size_t index, int64_t exact_values);

  // What one block adds, in the order of its rows.
  struct Digest {
    int64_t missing = 0;
    int64_t infinite = 0;
    bool whole = true;
    std::vector<int64_t> missing_rows;   // The first ten, from 0 in the block.
    std::vector<int64_t> infinite_rows;  // Likewise.
    std::vector<double> sorted;          // Finite values.
    double mean = 0, m2 = 0;
    std::vector<CategoryCount> counts;  // Of categories, or of numbers where they are few.
    bool many_numbers = false;          // Too many different ones to count.
    TextLengths lengths;
  };
  // Adds each row's value to the hash of the row: a sum, so that columns may come in any order.
  // Safe from several threads.
  Digest Reduce(const ColumnView& view, std::span<uint64_t> row_hashes);
  // In row order; `rows` of the block.
  void Fold(Digest digest, int64_t first_row, int64_t rows);

  // Call once.
  ColumnProfile Finish();
  // The first ten rows without a value, and with an infinite one; from 0.
  const std::vector<int64_t>& missing_rows() const { return missing_rows_; }
  const std::vector<int64_t>& infinite_rows() const { return infinite_rows_; }

 private:
  void ReduceNumbers(std::span<const double> numbers, std::span<uint64_t> row_hashes,
                     Digest* digest);
  void ReduceCategories(const ColumnView& view, std::span<uint64_t> row_hashes, Digest* digest);
  void AddDistinct(std::span<const uint64_t> hashes);

  const ColumnHeader header_;
  const uint64_t salt_;  // The same value in two columns is not the same row.
  ColumnProfile profile_;
  std::vector<int64_t> missing_rows_, infinite_rows_;
  bool whole_ = true;
  bool many_numbers_ = false;
  std::map<double, int64_t> few_numbers_;
  double length_sum_ = 0;
  int64_t texts_ = 0;
  QuantileSketch values_;
  FrequentValues frequent_;
  std::mutex mutex_;  // Guards distinct_: its result does not depend on the order of values.
  DistinctSketch distinct_;
};

}  // namespace slipway::data
