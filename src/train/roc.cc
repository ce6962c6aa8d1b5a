#include <algorithm>
#include <numeric>

#include "train/metrics.h"

namespace slipway::train {
namespace {

// Rows that score at least as high as a threshold, by whether they are of the positive class.
struct Reached {
  int64_t negatives = 0;
  int64_t positives = 0;
};

// One point a distinct score, falling, after (0, 0).
std::vector<Reached> Thresholds(std::span<const int32_t> truth,
                                const model::Predictions& predictions, int positive) {
  std::vector<uint32_t> order(truth.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto score = [&](uint32_t row) { return predictions.Score(row, positive); };
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return score(a) > score(b); });
  std::vector<Reached> points(1);
  Reached reached;
  for (size_t i = 0; i < order.size(); ++i) {
    ++(truth[order[i]] == positive ? reached.positives : reached.negatives);
    if (i + 1 == order.size() || score(order[i]) != score(order[i + 1])) points.push_back(reached);
  }
  return points;
}

bool Collinear(const Reached& a, const Reached& b, const Reached& c) {
  return (b.negatives - a.negatives) * (c.positives - b.positives) ==
         (b.positives - a.positives) * (c.negatives - b.negatives);
}

std::vector<Reached> WithoutCollinear(const std::vector<Reached>& points) {
  std::vector<Reached> kept;
  for (const Reached& point : points) {
    if (kept.size() >= 2 && Collinear(kept[kept.size() - 2], kept.back(), point)) kept.pop_back();
    kept.push_back(point);
  }
  return kept;
}

}  // namespace

std::vector<RocPoint> RocCurve(std::span<const int32_t> truth,
                               const model::Predictions& predictions, int positive, int limit) {
  const std::vector<Reached> corners = WithoutCollinear(Thresholds(truth, predictions, positive));
  const Reached all = corners.back();
  if (all.negatives == 0 || all.positives == 0) return {};
  const size_t count = std::min(corners.size(), static_cast<size_t>(std::max(limit, 2)));
  std::vector<RocPoint> curve;
  curve.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Reached& corner = corners[i * (corners.size() - 1) / (count - 1)];
    curve.push_back({static_cast<double>(corner.negatives) / static_cast<double>(all.negatives),
                     static_cast<double>(corner.positives) / static_cast<double>(all.positives)});
  }
  return curve;
}

}  // namespace slipway::train
