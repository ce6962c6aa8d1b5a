#include "analysis/confidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/evidence.h"
#include "analysis/log_math_internal.h"

namespace slipway::analysis {
namespace {

double LogBeta(double a, double b) { return LogGamma(a) + LogGamma(b) - LogGamma(a + b); }

// How many trials the mixture's Beta distribution counts for, so that the interval is narrow at the
// planned size (arXiv 1810.08240; confseq tunes by the same rule).
double Concentration(const Confidence& confidence) {
  constexpr double kLeast = 1e-3;
  const double doubled = 2 * LogThreshold(confidence.alpha);
  return std::max(confidence.planned_trials / (doubled + std::log1p(doubled)) - 1, kLeast);
}

// log of the mixture martingale of `events` in `trials` under the rate `rate`.
double LogMixture(double events, double trials, double rate, double concentration) {
  const double a = concentration * rate;
  const double b = concentration * (1 - rate);
  return LogBeta(a + events, b + trials - events) - LogBeta(a, b) - events * std::log(rate) -
         (trials - events) * std::log1p(-rate);
}

// Where `inside` turns false between `in` and `out`, from the side of `out`, so that rounding makes
// an interval wider.
template <typename Predicate>
double Border(double in, double out, Predicate inside) {
  double middle = std::midpoint(in, out);
  while (middle != in && middle != out) {
    (inside(middle) ? in : out) = middle;
    middle = std::midpoint(in, out);
  }
  return out;
}

// The interval around `center` in which `inside` holds, within [0, 1].
template <typename Predicate>
Interval Around(double center, Predicate inside) {
  return {center > 0 ? Border(center, 0.0, inside) : 0.0,
          center < 1 ? Border(center, 1.0, inside) : 1.0};
}

// log of the chance that the bound with leading constant A and additive constant `c` is crossed, by
// epochs that grow by the factor `eta` (arXiv 1906.09712, theorem 2).
constexpr double kLeading = 0.85;
double LogCrossingChance(double c, double eta) {
  const double root = kLeading - std::sqrt(2 * (eta - 1) / c);
  const double gamma = 2 / eta * root * root;
  if (root <= 0 || gamma <= 1) return std::numeric_limits<double>::infinity();
  return std::log(4.0) - gamma * c + std::log1p(1 / ((gamma - 1) * std::log(eta)));
}

// The least of LogCrossingChance over eta, by golden section over where it is finite.
double LeastLogCrossingChance(double c) {
  const auto finite = [c](double eta) {
    return std::sqrt(eta / 2) + std::sqrt(2 * (eta - 1) / c) < kLeading;
  };
  double low = 1;
  double high = Border(1.0, 2 * kLeading * kLeading, finite);
  const double golden = (std::sqrt(5.0) - 1) / 2;
  constexpr int kSteps = 100;  // 0.618^100 is far below what a double tells apart.
  for (int step = 0; step < kSteps; ++step) {
    const double left = high - golden * (high - low);
    const double right = low + golden * (high - low);
    if (LogCrossingChance(c, left) < LogCrossingChance(c, right)) {
      high = right;
    } else {
      low = left;
    }
  }
  return LogCrossingChance(c, std::midpoint(low, high));
}

}  // namespace

Interval RateInterval(int64_t events, int64_t trials, const Confidence& confidence) {
  if (trials <= 0) return {0, 1};
  const double hits = static_cast<double>(events) / confidence.cluster_size;
  const double all = static_cast<double>(trials) / confidence.cluster_size;
  const double concentration = Concentration(confidence);
  const double threshold = LogThreshold(confidence.alpha);
  return Around(hits / all, [=](double rate) {
    return rate > 0 && rate < 1 && LogMixture(hits, all, rate, concentration) < threshold;
  });
}

Interval QuantileShares(double quantile, int64_t trials, const Confidence& confidence) {
  if (trials <= 0) return {0, 1};
  const double all = static_cast<double>(trials) / confidence.cluster_size;
  const double concentration = Concentration(confidence);
  const double threshold = LogThreshold(confidence.alpha);
  return Around(quantile, [=](double share) {
    return LogMixture(share * all, all, quantile, concentration) < threshold;
  });
}

Interval QuantileInterval(std::span<const double> bounds, std::span<const int64_t> counts,
                          double quantile, const Confidence& confidence) {
  Interval interval{0, std::numeric_limits<double>::infinity()};
  const int64_t trials = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  const Interval shares = QuantileShares(quantile, trials, confidence);
  int64_t below = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    below += counts[i];
    const double share = static_cast<double>(below) / static_cast<double>(trials);
    // Too few lie below this bound for it to be above the quantile, or too many.
    if (share < shares.lower) interval.lower = bounds[i];
    if (share > shares.upper) {
      interval.upper = bounds[i];
      break;
    }
  }
  return interval;
}

double DistributionRadius(int64_t trials, double alpha, int64_t first_trials) {
  if (trials < first_trials || trials <= 0) return std::numeric_limits<double>::infinity();
  constexpr double kMostConstant = 1e6;
  const double c = Border(kMostConstant, 0.0, [alpha](double candidate) {
    return LeastLogCrossingChance(candidate) <= std::log(alpha);
  });
  const double epochs =
      std::log1p(std::log(static_cast<double>(trials) / static_cast<double>(first_trials)));
  return kLeading * std::sqrt((epochs + c) / static_cast<double>(trials));
}

}  // namespace slipway::analysis
