#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/parallel.h"
#include "core/random.h"
#include "train/metrics_internal.h"
#include "train/regression_metrics_internal.h"

namespace slipway::train {
namespace {

// Rows drawn in all, so that large test parts cost a fraction of a second; the intervals of many
// rows need fewer resamples than those of few.
constexpr int64_t kMostDraws = 20'000'000;
constexpr int kFewestResamples = 200;
constexpr size_t kResamplesPerBlock = 20;
constexpr double kTail = 0.025;
constexpr uint64_t kPairedSeed = 1;

template <typename Evaluator>
size_t ResamplesFor(const Evaluator& evaluator, int wanted) {
  if (evaluator.rows() == 0) return 0;
  const int64_t draws = std::max<int64_t>(1, evaluator.rows() * evaluator.passes() / 2);
  const int64_t affordable = std::max<int64_t>(kFewestResamples, kMostDraws / draws);
  return static_cast<size_t>(std::clamp<int64_t>(wanted, 0, affordable));
}

void Draw(uint64_t seed, std::span<uint32_t> counts) {
  std::ranges::fill(counts, 0U);
  Random random(seed);
  for (size_t i = 0; i < counts.size(); ++i) ++counts[random.Below(counts.size())];
}

// What is drawn with replacement: the rows, or whole groups of them.
class Units {
 public:
  explicit Units(std::span<const int32_t> groups) {
    std::unordered_map<int32_t, size_t> numbers;
    for (const int32_t group : groups)
      group_of_.push_back(numbers.try_emplace(group, numbers.size()).first->second);
    groups_ = numbers.size();
  }

  // How often each row occurs in a resample. `drawn` is room for it to work in.
  void Count(uint64_t seed, std::vector<uint32_t>* drawn, std::span<uint32_t> counts) const {
    if (group_of_.empty()) return Draw(seed, counts);
    drawn->resize(groups_);
    Draw(seed, *drawn);
    for (size_t row = 0; row < counts.size(); ++row) counts[row] = (*drawn)[group_of_[row]];
  }

 private:
  std::vector<size_t> group_of_;  // By row; empty where rows are drawn.
  size_t groups_ = 0;
};

// numpy's percentile: linear between the two nearest of the sorted values.
double Percentile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

std::pair<double, double> IntervalOf(std::vector<double> values, double tail) {
  // A resample may lack a class, which leaves auc undefined.
  std::erase_if(values, [](double value) { return std::isnan(value); });
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {kUndefined, kUndefined};
  std::ranges::sort(values);
  return {Percentile(values, tail), Percentile(values, 1 - tail)};
}

// The evaluator's values of each resample; nothing after an interrupt.
template <typename Evaluator>
std::vector<typename Evaluator::Values> Resample(const Evaluator& evaluator, const Units& units,
                                                 uint64_t seed, int resamples, int threads) {
  std::vector<typename Evaluator::Values> values(ResamplesFor(evaluator, resamples));
  const size_t blocks = (values.size() + kResamplesPerBlock - 1) / kResamplesPerBlock;
  const Status done =
      ParallelFor(blocks, threads > 0 ? threads : AvailableCores(), [&](size_t block) -> Status {
        std::vector<uint32_t> counts(static_cast<size_t>(evaluator.rows())), drawn;
        typename Evaluator::Workspace workspace;
        const size_t end = std::min(values.size(), (block + 1) * kResamplesPerBlock);
        for (size_t i = block * kResamplesPerBlock; i < end; ++i) {
          units.Count(DeriveSeed(seed, i), &drawn, counts);
          values[i] = evaluator.Evaluate(counts, &workspace);
        }
        return {};
      });
  if (!done.ok()) values.clear();
  return values;
}

template <typename Evaluator>
Intervals IntervalsOf(const Evaluator& evaluator, const Units& units, uint64_t seed, int resamples,
                      int threads) {
  const auto values = Resample(evaluator, units, seed, resamples, threads);
  if (values.empty() && evaluator.rows() > 0) return {};
  Intervals intervals;
  for (const auto& metric : Evaluator::Members()) {
    std::vector<double> column(values.size());
    std::ranges::transform(values, column.begin(), [&](const auto& v) { return v.*metric.member; });
    intervals[metric.name] = IntervalOf(std::move(column), kTail);
  }
  return intervals;
}

// The mean of what the rows have.
class MeanEvaluator {
 public:
  using Values = double;
  struct Workspace {};  // None is needed.

  explicit MeanEvaluator(std::span<const double> values) : values_(values) {}

  int64_t rows() const { return std::ssize(values_); }
  static int64_t passes() { return 1; }
  double Evaluate(std::span<const uint32_t> counts, Workspace*) const {
    double sum = 0, rows = 0;
    for (size_t row = 0; row < counts.size(); ++row) {
      sum += counts[row] * values_[row];
      rows += counts[row];
    }
    return sum / rows;
  }

 private:
  std::span<const double> values_;
};

// Two estimates of the same rows.
class PairedEvaluator {
 public:
  using Values = double;
  struct Workspace {};  // None is needed.

  PairedEvaluator(std::span<const double> truth, std::span<const double> candidate,
                  std::span<const double> other)
      : candidate_(truth, candidate), other_(truth, other) {}

  int64_t rows() const { return candidate_.rows(); }
  static int64_t passes() { return 2 * RegressionEvaluator::passes(); }
  double Evaluate(std::span<const uint32_t> counts, Workspace*) const {
    RegressionEvaluator::Workspace none;
    return candidate_.Evaluate(counts, &none).r2 - other_.Evaluate(counts, &none).r2;
  }

 private:
  RegressionEvaluator candidate_, other_;
};

template <typename Evaluator>
PairedDifference Compare(const Evaluator& evaluator, double confidence,
                         std::span<const int32_t> groups) {
  constexpr int kResamples = 2000;
  typename Evaluator::Workspace none;
  const std::vector<uint32_t> once(static_cast<size_t>(evaluator.rows()), 1);
  const auto [lower, upper] =
      IntervalOf(Resample(evaluator, Units(groups), kPairedSeed, kResamples, 0), 1 - confidence);
  return {evaluator.Evaluate(once, &none), lower, upper};
}

}  // namespace

Intervals BootstrapIntervals(const data::Target& truth, const model::Predictions& predictions,
                             Averaging averaging, uint64_t seed, int resamples, int threads,
                             std::span<const int32_t> groups) {
  const Units units(groups);
  if (truth.task == data::Task::kRegression)
    return IntervalsOf(RegressionEvaluator(truth.values, predictions.values), units, seed,
                       resamples, threads);
  return IntervalsOf(MetricEvaluator(truth.classes, predictions, truth, averaging), units, seed,
                     resamples, threads);
}

PairedDifference CompareR2(std::span<const double> truth, std::span<const double> candidate,
                           std::span<const double> other, double confidence,
                           std::span<const int32_t> groups) {
  return Compare(PairedEvaluator(truth, candidate, other), confidence, groups);
}

PairedDifference CompareAccuracy(std::span<const double> gains, double confidence,
                                 std::span<const int32_t> groups) {
  return Compare(MeanEvaluator(gains), confidence, groups);
}

}  // namespace slipway::train
