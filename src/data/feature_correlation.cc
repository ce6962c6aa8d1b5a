// Pearson's correlation of all pairs of features.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "data/feature_fit_internal.h"

namespace slipway::data {
namespace {

// Rows whose values stand side by side for a while, and features whose sums one thread keeps.
constexpr size_t kBlockRows = 512;
constexpr size_t kStripe = 16;
// Below this many products starting threads costs more than they save.
constexpr size_t kParallelProducts = 20'000'000;

// Sums of products of all pairs of features, each centred and in its unit of 2^exponent. Every sum
// is taken in row order, whatever the number of threads.
class ProductSums {
 public:
  ProductSums(std::span<const int64_t> rows, std::vector<const FeatureFit*> features, int threads)
      : rows_(rows),
        features_(std::move(features)),
        width_(features_.size()),
        threads_(rows.size() * width_ * width_ / 2 < kParallelProducts ? 1 : threads),
        values_(kBlockRows * width_),
        sums_(width_ * width_) {}

  Status Run() {
    for (size_t begin = 0; begin < rows_.size(); begin += kBlockRows) {
      const size_t count = std::min(kBlockRows, rows_.size() - begin);
      SLIPWAY_RETURN_IF_ERROR(
          ForStripes([&](size_t first, size_t last) { Center(begin, count, first, last); }));
      SLIPWAY_RETURN_IF_ERROR(
          ForStripes([&](size_t first, size_t last) { Add(count, first, last); }));
    }
    return {};
  }

  // Of two features, `a` before `b`.
  double At(size_t a, size_t b) const { return sums_[a * width_ + b]; }

 private:
  template <typename Work>
  Status ForStripes(Work work) {
    const size_t stripes = (width_ + kStripe - 1) / kStripe;
    return ParallelFor(stripes, threads_, [&](size_t stripe) -> Status {
      work(stripe * kStripe, std::min(width_, (stripe + 1) * kStripe));
      return {};
    });
  }

  void Center(size_t begin, size_t count, size_t first, size_t last) {
    for (size_t feature = first; feature < last; ++feature) {
      const FeatureFit& fit = *features_[feature];
      const double unit = std::ldexp(1.0, -fit.exponent);
      const double missing = (fit.stand_in() - fit.mean) * unit;
      for (size_t row = 0; row < count; ++row) {
        const double value = fit.column->numbers[static_cast<size_t>(rows_[begin + row])];
        values_[row * width_ + feature] = std::isnan(value) ? missing : (value - fit.mean) * unit;
      }
    }
  }

  void Add(size_t count, size_t first, size_t last) {
    for (size_t row = 0; row < count; ++row) {
      const double* values = values_.data() + row * width_;
      for (size_t a = first; a < last; ++a) {
        const double factor = values[a];
        double* sums = sums_.data() + a * width_;
        for (size_t b = a + 1; b < width_; ++b) sums[b] += factor * values[b];
      }
    }
  }

  std::span<const int64_t> rows_;
  std::vector<const FeatureFit*> features_;
  size_t width_;
  int threads_;
  std::vector<double> values_;  // Row-major.
  std::vector<double> sums_;
};

}  // namespace

Status SelectByCorrelation(const FeatureSelection& step, std::span<const int64_t> rows, int threads,
                           std::vector<FeatureFit>* features) {
  std::vector<FeatureFit*> candidates;
  for (FeatureFit& fit : *features) {
    // What is constant goes with nothing.
    if (fit.dropped.empty() && fit.numeric() && fit.m2 > 0) candidates.push_back(&fit);
  }
  ProductSums sums(rows, {candidates.begin(), candidates.end()},
                   threads > 0 ? threads : AvailableCores());
  SLIPWAY_RETURN_IF_ERROR(sums.Run());
  for (size_t later = 0; later < candidates.size(); ++later) {
    double strongest = 0;
    const FeatureFit* other = nullptr;
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (!candidates[earlier]->dropped.empty()) continue;
      const double correlation = sums.At(earlier, later) / std::sqrt(candidates[earlier]->m2) /
                                 std::sqrt(candidates[later]->m2);
      if (std::abs(correlation) <= std::abs(strongest)) continue;
      strongest = std::clamp(correlation, -1.0, 1.0);
      other = candidates[earlier];
    }
    if (std::abs(strongest) <= step.max_correlation) continue;
    candidates[later]->dropped =
        fmt::format("correlation {:.6g} with '{}' is {} {:.6g}", strongest, other->column->name,
                    strongest > 0 ? "above" : "below",
                    strongest > 0 ? step.max_correlation : -step.max_correlation);
  }
  return {};
}

}  // namespace slipway::data
