#include "data/repeated_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::data {
namespace {

constexpr uint64_t kNoRow = RepeatedRowsSketch::kMaxRows;
constexpr uint64_t kMaxCount = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kLowBits = 0xffff;
constexpr unsigned kHalfBits = 16;
constexpr size_t kFirstSlots = 64;
// Small enough that a block sorted by shard stays in a cache, and that several threads hold little
// more than the limit before they notice.
constexpr size_t kBlockRows = 16'384;
// Slots are asked for so many rows before they are looked at.
constexpr size_t kAhead = 12;

unsigned __int128 SquareOf(uint64_t value) { return static_cast<unsigned __int128>(value) * value; }

}  // namespace

RepeatedRowsSketch::Entry RepeatedRowsSketch::Entry::Of(uint64_t hash, uint64_t row) {
  return {.hash = hash,
          .first_and_count = (row + 1) << kHalfBits | 1U,
          .second_and_count = (kNoRow + 1) << kHalfBits};
}

uint64_t RepeatedRowsSketch::Entry::count() const {
  return (first_and_count & kLowBits) | (second_and_count & kLowBits) << kHalfBits;
}

void RepeatedRowsSketch::Entry::Set(uint64_t first, uint64_t second, uint64_t count) {
  count = std::min(count, kMaxCount);
  first_and_count = (first + 1) << kHalfBits | (count & kLowBits);
  second_and_count = (second + 1) << kHalfBits | count >> kHalfBits;
}

void RepeatedRowsSketch::Entry::Absorb(const Entry& other) {
  const uint64_t later = std::max(first(), other.first());
  Set(std::min(first(), other.first()), std::min({later, second(), other.second()}),
      count() + other.count());
}

// Multiplying spreads the bits below those of the shard over any number of slots.
size_t RepeatedRowsSketch::Shard::Home(uint64_t hash) const {
  return static_cast<size_t>(static_cast<unsigned __int128>(hash << kShardBits) * slots.size() >>
                             64U);
}

bool RepeatedRowsSketch::Shard::Put(const Entry& entry) {
  size_t slot = Home(entry.hash);
  while (!slots[slot].empty() && slots[slot].hash != entry.hash) {
    slot = slot + 1 == slots.size() ? 0 : slot + 1;
  }
  Entry& place = slots[slot];
  const bool is_new = place.empty();
  const uint64_t before = is_new ? 1 : place.count();
  if (is_new) {
    place = entry;
    ++filled;
    ++rows;
  } else {
    place.Absorb(entry);
  }
  const uint64_t after = place.count();
  if (after != before) {
    rows += static_cast<int64_t>(after - before);
    squares += SquareOf(after - 1) - SquareOf(before - 1);
  }
  return is_new;
}

// Both ends: an entry may lie on two lines of the cache.
void RepeatedRowsSketch::Shard::Prefetch(uint64_t hash) const {
  const Entry& entry = slots[Home(hash)];
  __builtin_prefetch(&entry.hash, 1);
  __builtin_prefetch(&entry.second_and_count, 1);
}

bool RepeatedRowsSketch::Shard::IsFull() const { return 10 * (filled + 1) > 7 * slots.size(); }

// Entries with any of `dropped_bits` are left out.
void RepeatedRowsSketch::Shard::Rebuild(size_t slot_count, uint64_t dropped_bits) {
  std::vector<Entry> before(slot_count);
  before.swap(slots);
  filled = 0;
  rows = 0;
  squares = 0;
  for (const Entry& entry : before) {
    if (!entry.empty() && (entry.hash & dropped_bits) == 0) Put(entry);
  }
}

RepeatedRowsSketch::RepeatedRowsSketch(int64_t limit) : limit_(std::max(limit, kMinLimit)) {
  const double share = static_cast<double>(limit_) / kShards;
  // Four standard deviations of how many of the hashes fall to one shard, and room for a block.
  const double most = share + 4 * std::sqrt(share) + 2.0 * kBlockRows / kShards;
  most_slots_ = static_cast<size_t>(std::ceil((most + 1) / 0.7));
}

void RepeatedRowsSketch::AddAll(std::span<const uint64_t> hashes, int64_t first_row) {
  std::vector<Row> buffer(std::min(hashes.size(), kBlockRows));
  rows_ += static_cast<int64_t>(hashes.size());
  auto row = static_cast<uint64_t>(first_row);
  while (!hashes.empty()) {
    const size_t count = std::min(hashes.size(), kBlockRows);
    AddBlock(hashes.first(count), row, &buffer);
    hashes = hashes.subspan(count);
    row += count;
    if (held_ > limit_) RaiseLevel(0);
  }
}

void RepeatedRowsSketch::AddBlock(std::span<const uint64_t> hashes, uint64_t first_row,
                                  std::vector<Row>* buffer) {
  // The level may rise before a shard is locked: there the hashes are looked at again.
  const uint64_t dropped = DroppedBits();
  std::array<size_t, kShards + 1> ends{};
  auto shard_of = [](uint64_t hash) { return hash >> (64 - kShardBits); };
  for (const uint64_t hash : hashes) {
    ends[shard_of(hash) + 1] += (hash & dropped) == 0 ? 1 : 0;
  }
  for (size_t shard = 0; shard < kShards; ++shard) ends[shard + 1] += ends[shard];
  std::array<size_t, kShards + 1> next = ends;
  for (size_t i = 0; i < hashes.size(); ++i) {
    if ((hashes[i] & dropped) != 0) continue;
    (*buffer)[next[shard_of(hashes[i])]++] = {.hash = hashes[i], .number = first_row + i};
  }
  for (size_t shard = 0; shard < kShards; ++shard) {
    const std::span<const Row> rows(buffer->data() + ends[shard], ends[shard + 1] - ends[shard]);
    if (!rows.empty()) AddToShard(rows, &shards_[shard]);
  }
}

void RepeatedRowsSketch::AddToShard(std::span<const Row> rows, Shard* shard) {
  const std::lock_guard lock(shard->mutex);
  const uint64_t dropped = DroppedBits();
  int64_t added = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (shard->IsFull()) Grow(shard);
    if (i + kAhead < rows.size()) shard->Prefetch(rows[i + kAhead].hash);
    if ((rows[i].hash & dropped) != 0) continue;
    added += shard->Put(Entry::Of(rows[i].hash, rows[i].number)) ? 1 : 0;
  }
  held_ += added;
}

void RepeatedRowsSketch::Grow(Shard* shard) const {
  const size_t slots = shard->slots.size();
  size_t larger = std::max(4 * slots, kFirstSlots);
  // Beyond its share of the limit, where it should hardly come, in small steps.
  if (larger > most_slots_) larger = std::max(most_slots_, slots + slots / 4);
  shard->Rebuild(larger, 0);
}

void RepeatedRowsSketch::RaiseLevel(unsigned least) {
  std::array<std::unique_lock<std::mutex>, kShards> locks;
  for (size_t shard = 0; shard < kShards; ++shard) {
    locks[shard] = std::unique_lock(shards_[shard].mutex);
  }
  while (level_ < least || held_ > limit_) {
    level_ = std::max(level_ + 1, least);
    int64_t held = 0;
    for (Shard& shard : shards_) {
      shard.Rebuild(shard.slots.size(), DroppedBits());
      held += static_cast<int64_t>(shard.filled);
    }
    held_ = held;
  }
}

void RepeatedRowsSketch::Merge(const RepeatedRowsSketch& other) {
  if (other.level_ > level_) RaiseLevel(other.level_);
  rows_ += other.rows_;
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    for (const Entry& entry : other.shards_[i].slots) {
      if (entry.empty() || (entry.hash & DroppedBits()) != 0) continue;
      if (shard.IsFull()) Grow(&shard);
      held_ += shard.Put(entry) ? 1 : 0;
    }
    if (held_ > limit_) RaiseLevel(0);
  }
}

int64_t RepeatedRowsSketch::RepeatedRows() const {
  int64_t repeats = 0;
  for (const Shard& shard : shards_) repeats += shard.rows - static_cast<int64_t>(shard.filled);
  return repeats << level_;
}

// The variance of a sum over hashes that are each in the sample with chance s, of which
// `repeats` were found: Σ (count - 1)² · (1 - s) / s², over the hashes in the sample.
double RepeatedRowsSketch::relative_error() const {
  if (level_ == 0) return 0;
  const int64_t repeats = RepeatedRows() >> level_;
  if (repeats == 0) return 1;
  unsigned __int128 squares = 0;
  for (const Shard& shard : shards_) squares += shard.squares;
  return std::sqrt(static_cast<double>(squares) * (1 - sampled_share())) /
         static_cast<double>(repeats);
}

double RepeatedRowsSketch::sampled_share() const {
  return std::ldexp(1.0, -static_cast<int>(level_));
}

std::vector<RepeatedRow> RepeatedRowsSketch::Examples(size_t n) const {
  // A heap with the largest row on top.
  std::vector<RepeatedRow> smallest;
  auto by_row = [](const RepeatedRow& a, const RepeatedRow& b) { return a.row < b.row; };
  for (const Shard& shard : shards_) {
    if (n == 0 || shard.rows == static_cast<int64_t>(shard.filled)) continue;
    for (const Entry& entry : shard.slots) {
      if (entry.empty() || entry.count() < 2) continue;
      const RepeatedRow found = {.row = static_cast<int64_t>(entry.second()),
                                 .first = static_cast<int64_t>(entry.first())};
      if (smallest.size() == n) {
        if (found.row > smallest.front().row) continue;
        std::ranges::pop_heap(smallest, by_row);
        smallest.pop_back();
      }
      smallest.push_back(found);
      std::ranges::push_heap(smallest, by_row);
    }
  }
  std::ranges::sort_heap(smallest, by_row);
  return smallest;
}

RepeatedRowsSummary RepeatedRowsSketch::Summary(size_t examples) const {
  return {.rows = rows_,
          .repeated = RepeatedRows(),
          .relative_error = relative_error(),
          .sampled_share = sampled_share(),
          .examples = Examples(examples)};
}

}  // namespace slipway::data
