#include <algorithm>
#include <bit>
#include <cmath>

#include "core/parallel.h"
#include "data/validation_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kBlockRows = 1U << 15U;
// Rows are sought for their equals in so many parts, by the top bits of their hash: each part's
// table stays in a cache.
constexpr size_t kPartitionBits = 4;
constexpr size_t kPartitions = size_t{1} << kPartitionBits;
constexpr size_t kSmallTable = 20'000;

uint64_t BitsOf(double number) {
  constexpr uint64_t kMissingBits = 0x7ff8dead00000000ULL;
  return std::isnan(number) ? kMissingBits : std::bit_cast<uint64_t>(number + 0.0);
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  return std::rotl((hash ^ value) * 0x9e3779b97f4a7c15ULL, 31);
}

// The finaliser of MurmurHash3: every bit of the input reaches the top bits.
uint64_t Finish(uint64_t hash) {
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33U);
}

// Column by column over one block of rows.
void HashBlock(const Table& table, size_t begin, size_t end, uint64_t* hashes) {
  for (const Column& column : table.columns) {
    if (column.type == ColumnType::kCategory) {
      for (size_t row = begin; row < end; ++row) {
        hashes[row] = Mix(hashes[row], static_cast<uint32_t>(column.codes[row]));
      }
    } else {
      for (size_t row = begin; row < end; ++row) {
        hashes[row] = Mix(hashes[row], BitsOf(column.numbers[row]));
      }
    }
  }
  for (size_t row = begin; row < end; ++row) hashes[row] = Finish(hashes[row]);
}

bool RowsEqual(const Table& table, size_t a, size_t b) {
  return std::ranges::all_of(table.columns, [&](const Column& column) {
    return column.type == ColumnType::kCategory
               ? column.codes[a] == column.codes[b]
               : BitsOf(column.numbers[a]) == BitsOf(column.numbers[b]);
  });
}

// Open addressing; a slot holds a row + 1. Equal hashes are compared value by value, so nothing is
// taken for a duplicate that is none.
std::vector<RepeatedRow> FindInPartition(const Table& table, const std::vector<uint64_t>& hashes,
                                         size_t partition) {
  constexpr uint64_t kShift = 64 - kPartitionBits;
  auto inside = [&](uint64_t hash) { return hash >> kShift == partition; };
  const auto members = static_cast<size_t>(std::ranges::count_if(hashes, inside));
  std::vector<size_t> slots(std::bit_ceil(2 * members + 1));
  const size_t mask = slots.size() - 1;
  std::vector<RepeatedRow> repeated;
  for (size_t row = 0; row < hashes.size(); ++row) {
    if (!inside(hashes[row])) continue;
    size_t slot = hashes[row] & mask;
    for (; slots[slot] != 0; slot = (slot + 1) & mask) {
      const size_t first = slots[slot] - 1;
      if (hashes[first] != hashes[row] || !RowsEqual(table, first, row)) continue;
      repeated.push_back({.row = static_cast<int64_t>(row), .first = static_cast<int64_t>(first)});
      break;
    }
    if (slots[slot] == 0) slots[slot] = row + 1;
  }
  return repeated;
}

}  // namespace

std::vector<RepeatedRow> FindRepeatedRows(const Table& table, int threads) {
  const auto rows = static_cast<size_t>(table.rows);
  if (table.columns.empty() || rows == 0) return {};
  if (threads <= 0) threads = rows < kSmallTable ? 1 : AvailableCores();
  std::vector<uint64_t> hashes(rows);
  // Neither loop can fail; an interrupt is left to the caller, who checks for it between steps.
  const size_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  (void)ParallelFor(blocks, threads, [&](size_t block) -> Status {
    HashBlock(table, block * kBlockRows, std::min(rows, (block + 1) * kBlockRows), hashes.data());
    return {};
  });
  std::vector<std::vector<RepeatedRow>> found(kPartitions);
  (void)ParallelFor(kPartitions, threads, [&](size_t partition) -> Status {
    found[partition] = FindInPartition(table, hashes, partition);
    return {};
  });
  std::vector<RepeatedRow> repeated;
  for (const auto& part : found) repeated.insert(repeated.end(), part.begin(), part.end());
  std::ranges::sort(repeated, {}, &RepeatedRow::row);
  return repeated;
}

}  // namespace slipway::data
