#include "analysis/multiple.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ranges>
#include <set>

#include "analysis/evidence.h"

namespace slipway::analysis {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double OrNever(double log_e) { return std::isnan(log_e) ? kNever : log_e; }

}  // namespace

std::vector<bool> RejectedByEbh(std::span<const double> log_e, double alpha) {
  std::vector<double> sorted;
  sorted.reserve(log_e.size());
  for (const double value : log_e) sorted.push_back(OrNever(value));
  std::ranges::sort(sorted, std::greater());
  const double all = std::log(static_cast<double>(sorted.size())) + LogThreshold(alpha);
  double least = std::numeric_limits<double>::infinity();
  for (size_t k = sorted.size(); k > 0; --k) {
    if (sorted[k - 1] >= all - std::log(static_cast<double>(k))) {
      least = sorted[k - 1];
      break;
    }
  }
  std::vector<bool> rejected;
  rejected.reserve(log_e.size());
  for (const double value : log_e) rejected.push_back(OrNever(value) >= least);
  return rejected;
}

Result<AlphaShares> AlphaShares::Equal(double alpha, const std::vector<std::string>& metrics) {
  std::vector<std::pair<std::string, double>> weights;
  weights.reserve(metrics.size());
  for (const std::string& metric : metrics) weights.emplace_back(metric, 1.0);
  return Weighted(alpha, weights);
}

Result<AlphaShares> AlphaShares::Weighted(
    double alpha, const std::vector<std::pair<std::string, double>>& weights) {
  if (!(alpha > 0 && alpha < 1)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("an alpha of {:g}", alpha))
        .Expected("between 0 and 1");
  }
  std::set<std::string_view> names;
  double sum = 0;
  for (const auto& [name, weight] : weights) {
    if (!names.insert(name).second) {
      return Error(ErrorCode::kInvalidInput, fmt::format("the metric {} shares alpha twice", name));
    }
    if (!(weight > 0 && std::isfinite(weight))) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("a weight of {:g} for the metric {}", weight, name))
          .Expected("above 0");
    }
    sum += weight;
  }
  if (weights.empty() || !std::isfinite(sum)) {
    return Error(ErrorCode::kInvalidInput, "alpha can't be shared over these metrics")
        .Expected("at least one metric and weights with a finite sum");
  }
  std::vector<std::pair<std::string, double>> shares;
  shares.reserve(weights.size());
  for (const auto& [name, weight] : weights) shares.emplace_back(name, alpha * (weight / sum));
  return AlphaShares(alpha, std::move(shares));
}

Result<double> AlphaShares::Of(std::string_view metric) const {
  const auto found = std::ranges::find(shares_, metric, &std::pair<std::string, double>::first);
  if (found != shares_.end()) return found->second;
  return Error(ErrorCode::kNotFound, fmt::format("no share of alpha for the metric {}", metric))
      .Expected(fmt::format("one of {}", fmt::join(shares_ | std::views::keys, ", ")));
}

}  // namespace slipway::analysis
