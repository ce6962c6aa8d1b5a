#include "monitor/drift_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

namespace slipway::monitor {
namespace {

constexpr int kTenths = 10;
// More would cost evidence and room, and rare ones tell little.
constexpr size_t kMostCategories = 50;

// A bound and the share of the present values at or below it.
using Cut = std::pair<double, double>;

// Ascending; of equal bounds the last one counts.
void AddCut(double bound, double share, std::vector<Cut>* cuts) {
  if (!cuts->empty() && cuts->back().first >= bound) {
    cuts->back().second = std::max(cuts->back().second, share);
  } else {
    cuts->emplace_back(bound, share);
  }
}

std::vector<Cut> CutsOf(const data::ColumnProfile& profile) {
  std::vector<Cut> cuts;
  if (profile.sketches != nullptr && profile.sketches->values.count() > 0) {
    const data::QuantileSketch& values = profile.sketches->values;
    for (int tenth = 0; tenth <= kTenths; ++tenth) {
      const double bound = values.Quantile(static_cast<double>(tenth) / kTenths);
      AddCut(bound, values.Rank(bound), &cuts);
    }
  } else if (profile.quantiles.size() == data::kQuantileProbabilities.size()) {
    for (size_t i = 0; i < profile.quantiles.size(); ++i)
      AddCut(profile.quantiles[i], data::kQuantileProbabilities.at(i), &cuts);
  }
  if (cuts.empty()) return cuts;
  cuts.back().second = 1;
  // What is smaller than anything that training had is a bin of its own.
  const double below = std::nextafter(cuts.front().first, -std::numeric_limits<double>::infinity());
  cuts.insert(cuts.begin(), {below, 0});
  return cuts;
}

void FillNumbers(const data::ColumnProfile& profile, double present, FeatureBins* bins) {
  double before = 0;
  for (const auto& [bound, share] : CutsOf(profile)) {
    const double at_or_below = std::clamp(share, before, 1.0);
    bins->bounds.push_back(bound);
    bins->reference.push_back(present * (at_or_below - before));
    before = at_or_below;
  }
  // Above all of them; everything, where training had no value.
  bins->reference.push_back(present * (1 - before));
  const auto values = static_cast<double>(profile.count - profile.missing);
  bins->deviation = values > 0 ? std::sqrt(std::max(profile.m2, 0.0) / values) : 0;
}

void FillCategories(const data::ColumnProfile& profile, double present, FeatureBins* bins) {
  std::vector<data::CategoryCount> top(
      profile.top.begin(), profile.top.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                     profile.top.size(), kMostCategories)));
  std::ranges::sort(top, {}, &data::CategoryCount::value);
  double other = present;
  for (const data::CategoryCount& category : top) {
    const double share =
        std::min(static_cast<double>(category.count) / static_cast<double>(profile.count), other);
    bins->categories.push_back(category.value);
    bins->reference.push_back(share);
    other -= share;
  }
  bins->reference.push_back(other);
}

double ExpectedError(const std::vector<double>& shares, int64_t rows) {
  double sum = 0;
  for (const double share : shares)
    sum += std::sqrt(std::max(2 * share * (1 - share), 0.0) /
                     (std::numbers::pi * static_cast<double>(rows)));
  return sum / 2;
}

void CountNumbers(std::span<const double> values, const std::vector<double>& bounds,
                  std::vector<int64_t>* counts) {
  for (const double value : values) {
    const size_t bin =
        std::isnan(value)
            ? counts->size() - 1
            : static_cast<size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
    ++(*counts)[bin];
  }
}

void CountCodes(const data::ColumnView& values, const std::vector<std::string>& known,
                std::vector<int64_t>* counts) {
  std::vector<size_t> bin_of(values.categories->size());
  for (size_t code = 0; code < bin_of.size(); ++code) {
    const std::string& name = (*values.categories)[code];
    const auto it = std::ranges::lower_bound(known, name);
    const bool found = it != known.end() && *it == name;
    bin_of[code] = found ? static_cast<size_t>(it - known.begin()) : known.size();
  }
  for (const int32_t code : values.codes)
    ++(*counts)[code < 0 ? counts->size() - 1 : bin_of[static_cast<size_t>(code)]];
}

}  // namespace

bool FeatureBins::Count(const data::ColumnView& values, std::vector<int64_t>* counts) const {
  const bool texts = values.type == data::ColumnType::kCategory;
  if (texts != (type == data::ColumnType::kCategory)) return false;
  if (texts) {
    if (values.categories == nullptr) return false;
    CountCodes(values, categories, counts);
  } else {
    CountNumbers(values.numbers, bounds, counts);
  }
  return true;
}

// ∫ |F - G| over what training had, by the trapezoids between the bounds.
std::optional<double> FeatureBins::NormedWasserstein(std::span<const int64_t> counts) const {
  constexpr double kLeastDeviation = 0.001;
  if (type != data::ColumnType::kNumeric || bounds.size() < 2 || counts.size() != reference.size())
    return std::nullopt;
  const auto present =
      static_cast<double>(std::accumulate(counts.begin(), counts.end() - 1, int64_t{0}));
  const double known = 1 - reference.back();
  if (present <= 0 || known <= 0) return std::nullopt;
  double area = 0, expected = 0, seen = 0, before = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    expected += reference[i] / known;
    seen += static_cast<double>(counts[i]) / present;
    const double apart = std::abs(seen - expected);
    if (i > 0) area += (before + apart) / 2 * (bounds[i] - bounds[i - 1]);
    before = apart;
  }
  return area / std::max(deviation, kLeastDeviation);
}

std::optional<FeatureBins> MakeBins(const data::ColumnProfile& profile) {
  if (profile.count <= 0) return std::nullopt;
  FeatureBins bins;
  bins.feature = profile.name;
  bins.type = profile.type;
  const double missing = static_cast<double>(profile.missing) / static_cast<double>(profile.count);
  if (profile.type == data::ColumnType::kNumeric) {
    FillNumbers(profile, 1 - missing, &bins);
  } else if (profile.type == data::ColumnType::kCategory) {
    FillCategories(profile, 1 - missing, &bins);
  } else {
    bins.reference.push_back(1 - missing);
  }
  bins.reference.push_back(missing);
  bins.error = ExpectedError(bins.reference, profile.count);
  return bins;
}

std::vector<FeatureBins> MakeBins(const data::TableProfile& profile,
                                  const std::vector<std::string>& features) {
  std::vector<FeatureBins> all;
  for (const std::string& feature : features) {
    const auto column = std::ranges::find(profile.columns, feature, &data::ColumnProfile::name);
    if (column == profile.columns.end()) continue;
    if (std::optional<FeatureBins> bins = MakeBins(*column)) all.push_back(*std::move(bins));
  }
  return all;
}

}  // namespace slipway::monitor
