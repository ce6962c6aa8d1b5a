#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "core/random.h"
#include "train/metrics_internal.h"

namespace slipway::train {
namespace {

// Rows drawn in all, so that large test parts cost a fraction of a second; the intervals of many
// rows need fewer resamples than those of few.
constexpr int64_t kMostDraws = 20'000'000;
constexpr int kFewestResamples = 200;
constexpr size_t kResamplesPerBlock = 20;
constexpr double kTail = 0.025;

size_t ResamplesFor(const MetricEvaluator& evaluator, int wanted) {
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

std::pair<double, double> IntervalOf(std::vector<double> values) {
  // A resample may lack a class, which leaves auc undefined.
  std::erase_if(values, [](double value) { return std::isnan(value); });
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {kUndefined, kUndefined};
  std::ranges::sort(values);
  return {Percentile(values, kTail), Percentile(values, 1 - kTail)};
}

}  // namespace

Intervals BootstrapIntervals(std::span<const int32_t> truth, const model::Predictions& predictions,
                             const data::Target& target, Averaging averaging, uint64_t seed,
                             int resamples, int threads) {
  const MetricEvaluator evaluator(truth, predictions, target, averaging);
  std::vector<MetricValues> values(ResamplesFor(evaluator, truth.empty() ? 0 : resamples));
  const size_t blocks = (values.size() + kResamplesPerBlock - 1) / kResamplesPerBlock;
  const Status done =
      ParallelFor(blocks, threads > 0 ? threads : AvailableCores(), [&](size_t block) -> Status {
        std::vector<uint32_t> counts(truth.size());
        MetricEvaluator::Workspace workspace;
        const size_t end = std::min(values.size(), (block + 1) * kResamplesPerBlock);
        for (size_t i = block * kResamplesPerBlock; i < end; ++i) {
          Draw(DeriveSeed(seed, i), counts);
          values[i] = evaluator.Evaluate(counts, &workspace);
        }
        return {};
      });
  if (!done.ok()) return {};
  Intervals intervals;
  for (const MetricMember& metric : MetricMembers()) {
    std::vector<double> column(values.size());
    std::ranges::transform(values, column.begin(),
                           [&](const MetricValues& v) { return v.*metric.member; });
    intervals[metric.name] = IntervalOf(std::move(column));
  }
  return intervals;
}

}  // namespace slipway::train
