// What one version of a model predicted since it was loaded: rows by class, how sure it was of them
// and how its scores lie. A controller holds a new version's against those of the old one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/types.h"

namespace slipway::serve {

// Most buckets that scores are counted in; there is one bound less.
inline constexpr size_t kScoreBuckets = 20;

// Added up over all that count.
struct PredictionSum {
  // Rows with an estimate or probability that is no finite number: in `classes`, and in no sum and
  // no bucket. A model should have none.
  int64_t not_finite = 0;
  std::vector<int64_t> classes;  // Rows by the class that was predicted; none of a regression.
  // Of the probabilities of these classes: of a calibrated model how many rows are likely right.
  double confidence = 0;
  double score = 0;             // Of what `scores` counts.
  std::vector<int64_t> scores;  // Rows by bucket; one more than there are bounds.

  int64_t scored() const;  // Rows that have a bucket.
  int64_t rows() const;
};

class PredictionShard;

// Counted without locks, a shard a thread; read at any time from any thread.
class PredictionCounts {
 public:
  // The score of a row is its estimate, its probability of the second of two classes, or of more
  // classes that of the predicted one. Probabilities are counted in twenty equal buckets, estimates
  // in those that `bounds` cut: ascending, at most kScoreBuckets - 1. A bucket has its upper bound.
  PredictionCounts(const model::ModelSchema& schema, std::span<const double> bounds, int shards);
  ~PredictionCounts();

  // Of one shard only one thread may count at a time.
  void Count(int shard, const model::Predictions& predictions);
  PredictionSum Sum() const;
  const std::vector<double>& bounds() const { return bounds_; }

 private:
  const std::vector<double> bounds_;
  const size_t classes_;
  std::vector<std::unique_ptr<PredictionShard>> shards_;
};

}  // namespace slipway::serve
