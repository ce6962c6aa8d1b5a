#include "data/profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

// Below this many values starting threads costs more than they save.
constexpr int64_t kParallelValues = 100'000;

// Mean and sum of squared differences, in the order given.
void SetMoments(std::span<const double> values, ColumnProfile* profile) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  profile->mean = sum / static_cast<double>(values.size());
  for (const double value : values) {
    const double difference = value - profile->mean;
    profile->m2 += difference * difference;
  }
}

int64_t CountDistinct(std::span<const double> sorted) {
  int64_t distinct = sorted.empty() ? 0 : 1;
  for (size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
  return distinct;
}

// Bins are half open, the last one closed. A column with one value has one bin.
Histogram MakeHistogram(std::span<const double> sorted) {
  Histogram histogram{.low = sorted.front(), .high = sorted.back(), .counts = {}};
  if (histogram.low == histogram.high) {
    histogram.counts = {static_cast<int64_t>(sorted.size())};
    return histogram;
  }
  const double range = histogram.high - histogram.low;
  const double width = std::isfinite(range)
                           ? range / kHistogramBins
                           : histogram.high / kHistogramBins - histogram.low / kHistogramBins;
  auto from = sorted.begin();
  for (int bin = 1; bin <= kHistogramBins; ++bin) {
    const auto to = bin == kHistogramBins
                        ? sorted.end()
                        : std::lower_bound(from, sorted.end(), histogram.low + bin * width);
    histogram.counts.push_back(to - from);
    from = to;
  }
  return histogram;
}

// Ascending values without the infinite ones at both ends.
std::span<const double> FinitePart(std::span<const double> sorted) {
  const auto begin = std::ranges::find_if(sorted, [](double x) { return std::isfinite(x); });
  auto end = sorted.end();
  while (end != begin && !std::isfinite(*(end - 1))) --end;
  return {begin, end};
}

void ProfileNumbers(const Column& column, std::span<const int64_t> rows, ColumnProfile* profile) {
  std::vector<double> values;
  values.reserve(rows.size());
  bool infinite = false;
  for (const int64_t row : rows) {
    const double value = column.numbers[static_cast<size_t>(row)];
    if (std::isnan(value)) continue;
    infinite = infinite || std::isinf(value);
    values.push_back(value);
  }
  profile->missing = profile->count - static_cast<int64_t>(values.size());
  if (infinite) {
    std::vector<double> finite = values;
    std::erase_if(finite, [](double x) { return std::isinf(x); });
    if (!finite.empty()) SetMoments(finite, profile);
  } else if (!values.empty()) {
    SetMoments(values, profile);
  }
  SortNumbers(&values);
  profile->distinct = CountDistinct(values);
  const std::span<const double> sorted = FinitePart(values);
  if (sorted.empty()) return;
  profile->min = sorted.front();
  profile->max = sorted.back();
  for (const double probability : kQuantileProbabilities) {
    profile->quantiles.push_back(Quantile(sorted, probability));
  }
  profile->histogram = MakeHistogram(sorted);
}

void ProfileCategories(const Column& column, std::span<const int64_t> rows,
                       ColumnProfile* profile) {
  // One slot more, at the front, for kMissingCode.
  std::vector<int64_t> counts(column.categories.size() + 1);
  for (const int64_t row : rows) {
    const int64_t code = column.codes[static_cast<size_t>(row)];
    ++counts[static_cast<size_t>(code + 1)];
  }
  profile->missing = counts.front();
  std::vector<size_t> order;
  for (size_t slot = 1; slot < counts.size(); ++slot) {
    if (counts[slot] > 0) order.push_back(slot);
  }
  profile->distinct = static_cast<int64_t>(order.size());
  const size_t kept = std::min<size_t>(order.size(), kTopCategories);
  // Codes stand in byte order, so the lower code goes first among equals.
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(kept), order.end(),
      [&](size_t a, size_t b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
  for (size_t i = 0; i < kept; ++i) {
    profile->top.push_back({.value = column.categories[order[i] - 1], .count = counts[order[i]]});
  }
}

}  // namespace

std::vector<ColumnProfile> ProfileTable(const Table& table, std::span<const int64_t> rows,
                                        int threads) {
  std::vector<ColumnProfile> profiles(table.columns.size());
  const auto values = static_cast<int64_t>(rows.size() * table.columns.size());
  if (threads <= 0) threads = values < kParallelValues ? 1 : AvailableCores();
  // Cannot fail; an interrupt is left to the caller, who checks for it between steps.
  (void)ParallelFor(profiles.size(), threads, [&](size_t i) -> Status {
    const Column& column = table.columns[i];
    ColumnProfile& profile = profiles[i];
    profile.name = column.name;
    profile.type = column.type;
    profile.integral = column.integral;
    profile.count = static_cast<int64_t>(rows.size());
    if (column.type == ColumnType::kCategory) {
      ProfileCategories(column, rows, &profile);
    } else {
      ProfileNumbers(column, rows, &profile);
    }
    return {};
  });
  return profiles;
}

std::vector<ColumnProfile> ProfileTable(const Table& table, int threads) {
  std::vector<int64_t> rows(static_cast<size_t>(table.rows));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  return ProfileTable(table, rows, threads);
}

}  // namespace slipway::data
