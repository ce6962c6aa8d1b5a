// How many rows repeat an earlier one, in bounded memory and in any order: rows are known by a hash
// of all their values.
//
// Exact up to `limit` different rows; then a sample of the hashes (distinct sampling: Gibbons,
// Distinct Sampling for Highly-Accurate Answers to Distinct Values Queries, VLDB 2001): only hashes
// whose lowest bits are 0 are kept, one bit more each time that more than `limit` are held. A row's
// repeats are all in the sample or none is, so the repeats in it divided by its share are an
// unbiased estimate.
//
// "Exact" leaves out that two different rows may have the same hash: with 21 million rows the
// chance that any do is 1 in 80,000.
//
// Memory: 24 bytes an entry in tables filled to at most 0.7, about 70 MB at the default limit.
//
// The result depends on hashes and row numbers alone: not on order, threads or partitions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace slipway::data {

// A row that repeats an earlier one, both from 0.
struct RepeatedRow {
  int64_t row = 0;
  int64_t first = 0;

  bool operator==(const RepeatedRow&) const = default;
};

struct RepeatedRowsSummary {
  int64_t rows = 0;      // All rows seen.
  int64_t repeated = 0;  // Those that repeat an earlier one; estimated where the share is not 1.
  double relative_error = 0;  // One standard deviation as a share of `repeated`.
  double sampled_share = 1;
  std::vector<RepeatedRow> examples;
};

// AddAll may be called from several threads at once; all else only while nothing is added.
class RepeatedRowsSketch {
 public:
  static constexpr int64_t kDefaultLimit = 2'000'000;
  static constexpr int64_t kMinLimit = 64;
  // Rows are numbered from 0 to below this.
  static constexpr int64_t kMaxRows = (int64_t{1} << 48U) - 2;

  explicit RepeatedRowsSketch(int64_t limit = kDefaultLimit);
  RepeatedRowsSketch(const RepeatedRowsSketch&) = delete;
  RepeatedRowsSketch& operator=(const RepeatedRowsSketch&) = delete;

  // 64 well mixed bits of each row; the rows are `first_row` and those after it. No row may be
  // added twice.
  void AddAll(std::span<const uint64_t> hashes, int64_t first_row);
  // Adds what another sketch saw: other rows of the same numbering. The limit stays that of this.
  void Merge(const RepeatedRowsSketch& other);

  int64_t rows() const { return rows_; }
  int64_t RepeatedRows() const;
  // One standard deviation, estimated from the sample. 0 while exact; 1 where the sample holds no
  // repeat: then there are hardly more than 3 / sampled_share() (with 95 % confidence, where no row
  // has many).
  double relative_error() const;
  double sampled_share() const;
  // For each row that was seen again (in the sample), its first repeat: the `n` smallest, in order.
  std::vector<RepeatedRow> Examples(size_t n) const;
  RepeatedRowsSummary Summary(size_t examples) const;

 private:
  static constexpr size_t kShardBits = 4;
  static constexpr size_t kShards = size_t{1} << kShardBits;

  // Two row numbers of 48 bits, from 1 so that an entry is never 0, and a count of 32, whose halves
  // are the low 16 bits of each.
  struct Entry {
    uint64_t hash;
    uint64_t first_and_count;
    uint64_t second_and_count;

    static Entry Of(uint64_t hash, uint64_t row);
    bool empty() const { return first_and_count == 0; }
    uint64_t first() const { return (first_and_count >> 16U) - 1; }
    uint64_t second() const { return (second_and_count >> 16U) - 1; }
    // Stays at its largest value.
    uint64_t count() const;
    void Set(uint64_t first, uint64_t second, uint64_t count);
    void Absorb(const Entry& other);
  };

  // The hashes with the same top bits.
  struct alignas(64) Shard {
    std::mutex mutex;  // Guards all below.
    // Open addressing; the place of a hash grows with it.
    std::vector<Entry> slots;
    size_t filled = 0;
    int64_t rows = 0;
    unsigned __int128 squares = 0;  // The sum of (count - 1)² over all entries.

    size_t Home(uint64_t hash) const;
    // True if the hash is new. There must be an empty slot.
    bool Put(const Entry& entry);
    void Prefetch(uint64_t hash) const;
    bool IsFull() const;
    void Rebuild(size_t slot_count, uint64_t dropped_bits);
  };

  struct Row {
    uint64_t hash;
    uint64_t number;
  };

  // The bits that are 0 in every hash that is kept.
  uint64_t DroppedBits() const { return (uint64_t{1} << level_) - 1; }
  void AddBlock(std::span<const uint64_t> hashes, uint64_t first_row, std::vector<Row>* buffer);
  void AddToShard(std::span<const Row> rows, Shard* shard);
  void Grow(Shard* shard) const;
  // Takes the lock of every shard, and raises the level to `least` at least and until the entries
  // are within the limit.
  void RaiseLevel(unsigned least);

  int64_t limit_;
  size_t most_slots_;  // Of a shard that holds its share of the limit.
  std::array<Shard, kShards> shards_;
  // Changes only while every shard is locked.
  std::atomic<unsigned> level_ = 0;
  // Entries in all shards; changes with them, under their locks.
  std::atomic<int64_t> held_ = 0;
  std::atomic<int64_t> rows_ = 0;
};

}  // namespace slipway::data
