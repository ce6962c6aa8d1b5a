// Which values of a column come more than once, in bounded memory.
//
// Exact up to kMostUniqueValues distinct values. Past them only values whose hash begins with k
// zero bits are kept, with the least k that keeps the bound: a sample of values, each with all its
// rows (adaptive sampling; Wegman 1984, Flajolet 1990). What is kept depends on the values alone,
// not on how rows were divided.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"
#include "data/value_hash.h"

namespace slipway::data {

inline constexpr size_t kMostUniqueValues = 2'000'000;

// The number whose HashOf this is: the hash is one to one.
double NumberOfHash(uint64_t hash);

class UniqueValues {
 public:
  // `most` is for tests.
  explicit UniqueValues(size_t most = kMostUniqueValues) : most_(most) {}

  // Rows come in ascending order. `text` is kept to be shown, cut after 40 bytes; empty for a
  // number.
  void Add(uint64_t hash, int64_t row, std::string_view text);
  // `later` saw later rows; `first_row` goes on top of them.
  void Merge(UniqueValues later, int64_t first_row);

  int level() const { return level_; }  // k.
  // Rows of kept values, and those among them that repeat an earlier row's value.
  int64_t rows() const;
  int64_t repeats() const;
  // The first repeat of each of the values that repeat first; rows from 0.
  struct Repeat {
    int64_t row = 0;
    uint64_t hash = 0;
    std::string text = {};
  };
  std::vector<Repeat> FirstRepeats(size_t most) const;

 private:
  struct Entry {
    uint64_t hash = 0;
    int64_t first = 0;
    uint32_t text = 0;     // Place in texts_, 0 for none.
    uint32_t repeats = 0;  // Place in repeats_ plus 1, 0 for none.
  };
  struct Repeats {
    int64_t second = 0;  // Row.
    int64_t count = 0;
  };

  bool IsKept(uint64_t hash) const { return level_ == 0 || (hash >> (64 - level_)) == 0; }
  struct Slot {
    uint32_t tag = 0;    // Bits of the hash that tell most values apart without a look at them.
    uint32_t place = 0;  // In entries_ plus 1, 0 for free.
  };

  Slot* SlotOf(uint64_t hash);
  void AddRepeats(Entry* entry, int64_t second, int64_t count);
  void Insert(Slot* slot, const Entry& entry, std::string_view text);
  void Rebuild(size_t slots);
  void RaiseLevel(int level);
  std::string_view TextOf(const Entry& entry) const;

  size_t most_;
  int level_ = 0;
  std::vector<Entry> entries_;
  std::vector<Repeats> repeats_;
  std::vector<Slot> slots_;  // Open addressing.
  std::string texts_;        // A length of one byte, then the text.
};

}  // namespace slipway::data
