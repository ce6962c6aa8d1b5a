#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

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
std::vector<typename Evaluator::Values> Resample(const Evaluator& evaluator, uint64_t seed,
                                                 int resamples, int threads) {
  std::vector<typename Evaluator::Values> values(ResamplesFor(evaluator, resamples));
  const size_t blocks = (values.size() + kResamplesPerBlock - 1) / kResamplesPerBlock;
  const Status done =
      ParallelFor(blocks, threads > 0 ? threads : AvailableCores(), [&](size_t block) -> Status {
        std::vector<uint32_t> counts(static_cast<size_t>(evaluator.rows()));
        typename Evaluator::Workspace workspace;
        const size_t end = std::min(values.size(), (block + 1) * kResamplesPerBlock);
        for (size_t i = block * kResamplesPerBlock; i < end; ++i) {
          Draw(DeriveSeed(seed, i), counts);
          values[i] = evaluator.Evaluate(counts, &workspace);
        }
        return {};
      });
  if (!done.ok()) values.clear();
  return values;
}

template <typename Evaluator>
Intervals IntervalsOf(const Evaluator& evaluator, uint64_t seed, int resamples, int threads) {
  const auto values = Resample(evaluator, seed, resamples, threads);
  if (values.empty() && evaluator.rows() > 0) return {};
  Intervals intervals;
  for (const auto& metric : Evaluator::Members()) {
    std::vector<double> column(values.size());
    std::ranges::transform(values, column.begin(), [&](const auto& v) { return v.*metric.member; });
    intervals[metric.name] = IntervalOf(std::move(column), kTail);
  }
  return intervals;
}

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

}  // namespace

Intervals BootstrapIntervals(const data::Target& truth, const model::Predictions& predictions,
                             Averaging averaging, uint64_t seed, int resamples, int threads) {
  if (truth.task == data::Task::kRegression)
    return IntervalsOf(RegressionEvaluator(truth.values, predictions.values), seed, resamples,
                       threads);
  return IntervalsOf(MetricEvaluator(truth.classes, predictions, truth, averaging), seed, resamples,
                     threads);
}

R2Difference CompareR2(std::span<const double> truth, std::span<const double> candidate,
                       std::span<const double> other, double confidence) {
  const PairedEvaluator evaluator(truth, candidate, other);
  PairedEvaluator::Workspace none;
  const double difference = evaluator.Evaluate(std::vector<uint32_t>(truth.size(), 1), &none);
  constexpr int kResamples = 2000;
  const auto [lower, upper] =
      IntervalOf(Resample(evaluator, kPairedSeed, kResamples, 0), 1 - confidence);
  return {difference, lower, upper};
}

}  // namespace slipway::train
