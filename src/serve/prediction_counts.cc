#include "serve/prediction_counts.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

#include "core/counting.h"

namespace slipway::serve {
namespace {

constexpr size_t kShareBounds = kScoreBuckets - 1;

// 0.05 to 0.95. A probability is a float and is answered as its shortest text, so it is held
// against the float that has the bound's text.
template <typename Number>
constexpr auto kSharesOf = [] {
  std::array<Number, kShareBounds> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i)
    bounds[i] = static_cast<Number>(static_cast<double>(i + 1) / kScoreBuckets);
  return bounds;
}();

// The nearest bucket by its number, which rounding may miss by one.
size_t ShareBucket(float share) {
  constexpr auto& kBounds = kSharesOf<float>;
  const auto near = static_cast<size_t>(std::clamp(share, 0.0F, 1.0F) * kScoreBuckets);
  const size_t bucket = std::min(near, kShareBounds);
  if (bucket > 0 && share <= kBounds[bucket - 1]) return bucket - 1;
  return bucket < kShareBounds && share > kBounds[bucket] ? bucket + 1 : bucket;
}

size_t BucketOf(double value, std::span<const double> bounds) {
  return static_cast<size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
}

// A sum that one thread adds to and all may read.
class RunningSum {
 public:
  void Add(double amount) {
    sum_.store(sum_.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  double value() const { return sum_.load(std::memory_order_acquire); }

 private:
  std::atomic<double> sum_ = 0;
};

std::vector<double> BoundsOf(const model::ModelSchema& schema, std::span<const double> bounds) {
  constexpr auto& kShares = kSharesOf<double>;
  if (!schema.classes.empty()) return {kShares.begin(), kShares.end()};
  return {bounds.begin(), bounds.begin() + std::min(std::ssize(bounds), std::ssize(kShares))};
}

}  // namespace

// The counts of one thread, on cache lines of their own. As in MetricsShard, an atomic is read and
// stored, without a locked instruction.
class alignas(kApart) PredictionShard {
 public:
  explicit PredictionShard(size_t classes) : lines_((classes + kLine - 1) / kLine) {}

  // Classes go first and their probabilities last, and are read in the other order: who sees a
  // probability sees its row, and no mean goes above 1.
  void CountClasses(const model::Predictions& predictions) {
    const bool binary = predictions.classes == 2;
    double confidence = 0, sum = 0;
    for (int64_t row = 0; row < predictions.rows; ++row) {
      const int label = predictions.labels[static_cast<size_t>(row)];
      const auto cls = static_cast<size_t>(label);
      lines_[cls / kLine].counts[cls % kLine].Add(1);
      const float sure = predictions.Score(row, label);
      const float score = binary ? predictions.Score(row, 1) : sure;
      if (!std::isfinite(sure) || !std::isfinite(score)) {
        not_finite_.Add(1);
        continue;
      }
      scores_[ShareBucket(score)].Add(1);
      confidence += sure;
      sum += score;
    }
    score_.Add(sum);
    confidence_.Add(confidence);
  }

  void CountEstimates(const model::Predictions& predictions, std::span<const double> bounds) {
    double sum = 0;
    for (const double value : predictions.values) {
      if (!std::isfinite(value)) {
        not_finite_.Add(1);
        continue;
      }
      scores_[BucketOf(value, bounds)].Add(1);
      sum += value;
    }
    score_.Add(sum);
  }

  void AddTo(PredictionSum* sum) const {
    sum->confidence += confidence_.value();
    sum->score += score_.value();
    for (size_t bucket = 0; bucket < sum->scores.size(); ++bucket)
      sum->scores[bucket] += scores_[bucket].value();
    sum->not_finite += not_finite_.value();
    for (size_t cls = 0; cls < sum->classes.size(); ++cls)
      sum->classes[cls] += lines_[cls / kLine].counts[cls % kLine].value();
  }

 private:
  static constexpr size_t kLine = kApart / sizeof(Counter);
  struct alignas(kApart) Line {
    std::array<Counter, kLine> counts;
  };

  std::vector<Line> lines_;  // By class.
  std::array<Counter, kScoreBuckets> scores_;
  RunningSum score_, confidence_;
  Counter not_finite_;
};

int64_t PredictionSum::scored() const {
  return std::accumulate(scores.begin(), scores.end(), int64_t{0});
}

int64_t PredictionSum::rows() const {
  if (classes.empty()) return scored() + not_finite;
  return std::accumulate(classes.begin(), classes.end(), int64_t{0});
}

PredictionCounts::PredictionCounts(const model::ModelSchema& schema, std::span<const double> bounds,
                                   int shards)
    : bounds_(BoundsOf(schema, bounds)), classes_(schema.classes.size()) {
  for (int i = 0; i < shards; ++i) shards_.push_back(std::make_unique<PredictionShard>(classes_));
}

PredictionCounts::~PredictionCounts() = default;

void PredictionCounts::Count(int shard, const model::Predictions& predictions) {
  PredictionShard& own = *shards_[static_cast<size_t>(shard)];
  if (predictions.regression()) {
    own.CountEstimates(predictions, bounds_);
  } else {
    own.CountClasses(predictions);
  }
}

PredictionSum PredictionCounts::Sum() const {
  PredictionSum sum;
  sum.classes.resize(classes_);
  sum.scores.resize(bounds_.size() + 1);
  for (const auto& shard : shards_) shard->AddTo(&sum);
  return sum;
}

}  // namespace slipway::serve
