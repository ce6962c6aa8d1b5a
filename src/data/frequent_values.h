// The most frequent texts of a stream in bounded memory, mergeable and storable: the counters of
// Misra and Gries (Finding repeated elements, 1982) as mergeable summaries (Agarwal, Cormode,
// Huang, Phillips, Wei, Yi: Mergeable Summaries, PODS 2012).
//
// Counts are exact until more than 2 · `capacity` different texts are held. Then they are reduced
// to `capacity` counters: the next largest count is taken off every counter, and what is not above
// 0 goes. After that each count is a lower bound, and `error` says how much higher the true count
// of any text, listed or not, can be: at most total / (capacity + 1), often much less. A text
// that came more often than that is always listed.
//
// A text of more than kMaxTextBytes is kept as its beginning, cut between code points, with "…" and
// 16 hex digits of the hash of all of it: long texts that differ do not fall together.
//
// The same sequence of calls gives the same counters. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::data {

struct FrequentValue {
  std::string value;
  int64_t count = 0;

  bool operator==(const FrequentValue&) const = default;
};

class FrequentValues {
 public:
  static constexpr size_t kDefaultCapacity = 2048;
  static constexpr size_t kMaxCapacity = size_t{1} << 20U;
  static constexpr size_t kMaxTextBytes = 256;

  // `capacity` is taken into [1, kMaxCapacity]. At most 2 · capacity texts are held.
  explicit FrequentValues(size_t capacity = kDefaultCapacity);

  // `text` came `count` times; nothing happens where that is not above 0.
  void Add(std::string_view text, int64_t count);
  // Adds what `other` counted; errors add up. The capacity stays that of this one.
  void Merge(const FrequentValues& other);

  // Of all counts added, listed or not.
  int64_t total() const { return total_; }
  // The most that any count is too low; 0 while exact.
  int64_t error() const { return error_; }
  // How many texts are held: all of them while exact.
  size_t size() const { return entries_.size(); }

  // The `n` most frequent, most frequent first, ties in the order of their bytes.
  std::vector<FrequentValue> Top(size_t n) const;
  std::vector<FrequentValue> All() const { return Top(size()); }

  // Equal counters have equal bytes.
  std::string ToBytes() const;
  // kInvalidInput for anything but what ToBytes writes. Takes a few times the memory of the bytes.
  static Result<FrequentValues> FromBytes(std::string_view bytes);

 private:
  struct Entry {
    uint64_t hash = 0;
    int64_t count = 0;
    uint32_t begin = 0;  // Of the text in texts_.
    uint32_t size = 0;
  };

  std::string_view TextOf(const Entry& entry) const;
  void Count(std::string_view text, int64_t count);
  // The slot of `text`, or the empty one where it belongs.
  size_t FindSlot(std::string_view text, uint64_t hash) const;
  void FillSlots(size_t slots);
  void ReduceIfFull();

  size_t capacity_;
  int64_t total_ = 0;
  int64_t error_ = 0;
  std::vector<Entry> entries_;
  std::string texts_;
  // Open addressing; a slot holds the place of an entry + 1, 0 is empty. At most half are filled.
  std::vector<uint32_t> slots_;
};

}  // namespace slipway::data
