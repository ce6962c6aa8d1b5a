// Pictures of two of a kind, and of a value beside its limit.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/svg_internal.h"

namespace slipway::report {
namespace {

std::vector<double> Shares(const std::vector<int64_t>& counts, int64_t total) {
  std::vector<double> shares;
  if (total == 0) return shares;
  for (const int64_t count : counts) {
    shares.push_back(static_cast<double>(count) / static_cast<double>(total));
  }
  return shares;
}

// Height in per cent; a bin with anything in it is seen.
double Height(double share, double most) {
  return share > 0 ? std::max(1.5, 100 * share / most) : 0;
}

std::string AreaPath(const std::vector<double>& shares, double most) {
  std::string path;
  for (size_t bin = 0; bin < shares.size(); ++bin) {
    if (shares[bin] == 0) continue;
    const std::string height = At(Height(shares[bin], most));
    path += fmt::format("M{} 100v-{}h1v{}z", bin, height, height);
  }
  return path;
}

std::string OutlinePath(const std::vector<double>& shares, double most) {
  if (shares.empty()) return "";
  std::string path = "M0 100";
  for (size_t bin = 0; bin < shares.size(); ++bin) {
    path += fmt::format("V{}H{}", At(100 - Height(shares[bin], most)), bin + 1);
  }
  return path + "V100";
}

}  // namespace

std::string PairHistogramSvg(const std::vector<int64_t>& first, int64_t first_total,
                             const std::vector<int64_t>& second, int64_t second_total,
                             const std::string& title, const std::string& description) {
  const std::vector<double> before = Shares(first, first_total);
  const std::vector<double> after = Shares(second, second_total);
  double most = 0;
  for (const auto& shares : {before, after}) {
    for (const double share : shares) most = std::max(most, share);
  }
  return fmt::format(
      R"(<svg class="hist pair" role="img" viewBox="0 0 {} 100" preserveAspectRatio="none">{}<path class="was" d="{}"/><path class="is" d="{}"/></svg>)",
      std::max<size_t>({before.size(), after.size(), 1}), Described(title, description),
      AreaPath(before, most), OutlinePath(after, most));
}

std::string PairBarsSvg(double first, double second) {
  return fmt::format(
      R"(<svg class="bar pair" aria-hidden="true"><rect class="was" width="{}" height="45%"/><rect class="is" y="55%" width="{}" height="45%"/></svg>)",
      Percent(first), Percent(second));
}

std::string LimitBarSvg(double value, double limit) {
  return fmt::format(
      R"(<svg class="bar limited" aria-hidden="true"><rect class="track" width="100%" height="100%" rx="2"/><rect class="mark" width="{}" height="100%" rx="2"/><line class="limit" x1="50%" x2="50%" y2="100%"/></svg>)",
      Percent(limit > 0 ? value / limit / 2 : 0));
}

}  // namespace slipway::report
