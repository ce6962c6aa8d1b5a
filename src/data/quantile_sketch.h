// Quantiles of a stream in bounded memory, mergeable and storable: the sketch of Karnin, Lang and
// Liberty (Optimal Quantile Approximation in Streams, FOCS 2016), lazily compacted.
//
// Level h holds values that stand for 2^h each. A level that is too full is compacted: of its
// sorted values every second one, from the first or the second by a coin, moves up a level; where
// the number is odd, one value stays, so that weights always sum to the count. The room of a level
// shrinks by 2/3 from the top down: about 3 · k values in all, however many came.
//
// A long sorted run is taken in at once: one value of each 2^j neighbours, at an offset drawn once,
// goes straight to level j. That costs less than the j compactions it stands for, and errs less.
//
// Error: a rank (as a share of the count) is wrong by at most `rank_error`, with 99 % confidence
// for one rank asked: 2.296 / k^0.9723, the fit that Apache DataSketches publishes for this sketch;
// 0.53 % at k = 512. Minimum, maximum and count are exact.
//
// The same sequence of calls gives the same sketch, bit by bit: the coins come from a fixed seed,
// stirred with the values that are compacted, so that partitions flip different coins. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::data {

class QuantileSketch {
 public:
  static constexpr int kDefaultK = 512;
  static constexpr int kMinK = 8;
  static constexpr int kMaxK = 65'535;

  // Keeps every value while there are at most `exact_limit`, 8 bytes each; then about 3 · k values.
  // `k` is taken into [kMinK, kMaxK].
  explicit QuantileSketch(int k = kDefaultK, int64_t exact_limit = 0);

  // Values in ascending order, none NaN. Infinities are left out and not counted; -0 becomes 0.
  // One call with many values is much cheaper than many calls, and errs less.
  void AddSorted(std::span<const double> ascending);
  // Adds what `other` saw. The error is that of the smaller k of the two.
  void Merge(const QuantileSketch& other);

  int64_t count() const { return count_; }
  // NaN where nothing was added.
  double min() const;
  double max() const;
  // 0 while nothing was thrown away.
  double rank_error() const;

  // For a share in [0, 1]. While exact: linear interpolation between order statistics, as
  // data::Quantile; then the smallest value kept whose rank reaches the share. 0 gives the minimum
  // and 1 the maximum, exactly. NaN where nothing was added.
  double Quantile(double share) const;
  // Several at once: the values are put in order only once.
  std::vector<double> Quantiles(std::span<const double> shares) const;
  // The share of values at or below `value`; 0 where nothing was added.
  double Rank(double value) const;

  // Strictly ascending values; the weights are positive and sum to count().
  struct WeightedValues {
    std::vector<double> values;
    std::vector<int64_t> weights;
  };
  WeightedValues Sorted() const;

  // The whole state: a sketch that was stored and read goes on as the first one would have.
  std::string ToBytes() const;
  // kInvalidInput for anything but what ToBytes writes. Takes no more memory than the bytes do.
  static Result<QuantileSketch> FromBytes(std::string_view bytes);

 private:
  using Values = std::vector<double>;

  bool exact() const { return levels_.size() == 1; }
  size_t LongRun() const { return 2 * static_cast<size_t>(k_); }
  size_t LevelSize(size_t level) const;
  size_t LevelCapacity(size_t level) const;
  void PushRun(Values run);
  void AddLongRun(std::span<const double> ascending);
  void MergeIntoLevel(size_t level, Values values);
  bool IsTooFull() const;
  void TakeInLongRuns();
  void Settle();
  void CompactLevel(size_t level);
  uint64_t DrawBits(uint64_t stir);
  Values ExactValues() const;

  int k_;
  int smallest_k_;  // Of all sketches merged into this one.
  int64_t exact_limit_;
  int64_t count_ = 0;
  double min_;
  double max_;
  uint64_t coin_;
  // Level 0 in ascending runs: merged when they are needed in order, and before if they are short.
  std::vector<Values> runs_;
  // levels_[h] is ascending and weighs 2^h; levels_[0] stays empty. One level: nothing was dropped.
  std::vector<Values> levels_;
};

}  // namespace slipway::data
