// The last predictions by their request, so that feedback finds what was predicted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace slipway::serve {

// Rows are known by 64 bits of a hash of request and row: two of the last hundred thousand share
// one with a probability of 3e-10, and then feedback may find the other. The newest row of a
// request id that comes again is found. Used from one thread.
//
// Most predictions get no feedback, or get it together: rows are only noted when they come, and
// indexed when somebody looks for one.
class RecentPredictions {
 public:
  struct Row {
    uint64_t key = 0;
    double predicted = 0;  // The number, or the class by its place.
    // What turned out to be true: the number, or the class by its place and -1 for one that the
    // model does not know. NaN before that is known.
    double label = std::numeric_limits<double>::quiet_NaN();
    uint32_t model = 0;
    uint32_t next = 0;  // Of the same bucket, older.
  };

  // The last `capacity` rows are kept, at most 2^31; memory is taken as they come, 40 bytes a row.
  explicit RecentPredictions(int64_t capacity);

  // Of a request id, for KeyOf.
  static uint64_t HashOfId(std::string_view request_id);
  static uint64_t KeyOf(uint64_t hash_of_id, int64_t row);

  void Add(uint64_t key, uint32_t model, double predicted);
  // nullptr where it is not known, or not any more, or too many have hashes like its own. Valid
  // until the next Add.
  Row* Find(uint64_t key);

  // What is added from here on is new, until the next mark.
  void Mark() { marked_ = added_; }
  bool IsNew(const Row& row) const;

  size_t capacity() const { return capacity_; }
  int64_t size() const { return std::ssize(rows_); }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  uint32_t& BucketOf(uint64_t key) { return buckets_[key & (buckets_.size() - 1)]; }
  void Index();
  void Link(uint32_t place);
  void Unlink(uint32_t place);

  const size_t capacity_;
  std::vector<Row> rows_;  // A ring once it is full.
  // Rows since the start, and how many of them, the first ones, are indexed or forgotten.
  uint64_t added_ = 0, indexed_ = 0;
  uint64_t marked_ = 0;            // `added_` as it was at the mark.
  std::vector<uint32_t> buckets_;  // The newest row of each; as many as a power of two.
};

}  // namespace slipway::serve
